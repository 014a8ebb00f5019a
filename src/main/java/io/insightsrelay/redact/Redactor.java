package io.insightsrelay.redact;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.TextNode;
import com.google.re2j.Pattern;
import com.google.re2j.PatternSyntaxException;
import io.insightsrelay.event.Event;
import io.insightsrelay.redact.Findings.Span;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/**
 * Takes personal data out of flat members such as {@code user.spec.profile.email}, by the member's name, and by what is found in
 * values and names; and out of what clients sent. What was found is remembered for members that come again. Thread-safe; linear in the length of the text.
 */
public final class Redactor {

    private record Member(String name, JsonNode value) {
    }

    private static final int REMEMBERED_BITS = 16;
    private static final int LONGEST_REMEMBERED = 300;

    // the members of an entity come again with every event about it
    private final Memo<Member, Member> remembered = new Memo<>(REMEMBERED_BITS, this::scan);
    private final RedactProperties properties;
    private final TextScanner scanner;
    private final List<Pattern> keys;
    private final List<Pattern> allowed;
    private final Set<String> allowedValues;
    private final SentRedactor sent;

    /** @throws IllegalArgumentException if a setting makes no sense; names the key, the value and what is allowed */
    public Redactor(RedactProperties properties) {
        this.properties = properties;
        List<Pattern> more = new ArrayList<>();
        for (String pattern : properties.patterns()) {
            try {
                Pattern compiled = Pattern.compile(pattern);
                if (compiled.matcher("").matches()) {
                    throw new IllegalArgumentException("redact.patterns: '" + pattern + "' matches the empty text; a pattern has to match at least one character");
                }
                more.add(compiled);
            } catch (PatternSyntaxException e) {
                throw new IllegalArgumentException("redact.patterns: '" + pattern + "' is no regular expression in RE2 syntax (no look-around, no back-references): " + e.getDescription());
            }
        }
        this.scanner = new TextScanner(properties.detectors(), properties.regions(), more, properties.replacement());
        this.keys = properties.keys().stream().map(Redactor::glob).toList();
        this.allowed = properties.allow().stream().map(Redactor::glob).toList();
        this.allowedValues = Set.copyOf(properties.allow());
        this.sent = new SentRedactor(properties, allowed, (path, text) -> allowedValues.contains(text) ? text : scanner.clean(path, text));
    }

    /** Takes personal data out of what enrichment added to the event, and of what was sent if it came by an interface of {@code redact.sent}. */
    public void redact(Event event) {
        redact(event.added());
        if (properties.enabled()) {
            sent.redact(event);
        }
    }

    /** Changes the members in place; their order stays. What is not text stays unless the name says that it is personal. */
    public void redact(Map<String, JsonNode> members) {
        if (!properties.enabled() || members.isEmpty()) {
            return;
        }
        List<Member> cleaned = new ArrayList<>(members.size());
        boolean renamed = false;
        for (Map.Entry<String, JsonNode> entry : members.entrySet()) {
            Member clean = clean(new Member(entry.getKey(), entry.getValue()));
            entry.setValue(clean.value);
            cleaned.add(clean);
            renamed |= !clean.name.equals(entry.getKey());
        }
        if (renamed) {
            members.clear();
            cleaned.forEach(member -> members.put(free(member.name, members::containsKey), member.value));
        }
    }

    static String free(String name, Predicate<String> taken) {
        String free = name;
        for (int i = 2; taken.test(free); i++) {
            free = name + "." + i;
        }
        return free;
    }

    private Member clean(Member member) {
        return member.name.length() + member.value.asText().length() > LONGEST_REMEMBERED ? scan(member) : remembered.get(member);
    }

    /** What of a value is personal: the whole of it, if its name says so. */
    List<Span> find(String name, String value) {
        if (isAny(allowed, name) || allowedValues.contains(value)) {
            return List.of();
        }
        return isAny(keys, name) ? List.of(new Span(0, value.length(), null)) : scanner.find(name, value);
    }

    private Member scan(Member member) {
        String name = member.name;
        JsonNode value = member.value;
        if (isAny(allowed, name) || value.isTextual() && allowedValues.contains(value.textValue())) {
            return member;
        }
        if (isAny(keys, name)) {
            value = TextNode.valueOf(properties.replacement());
        } else if (value.isTextual() || value.isNumber()) {
            String text = value.asText();
            String clean = scanner.clean(name, text);
            if (!clean.equals(text)) {
                value = TextNode.valueOf(clean);
            }
        }
        return new Member(scanner.clean("", name), value);
    }

    static boolean isAny(List<Pattern> patterns, String name) {
        for (Pattern pattern : patterns) {
            if (pattern.matches(name)) {
                return true;
            }
        }
        return false;
    }

    static Pattern glob(String glob) {
        return Pattern.compile("(?i)" + Arrays.stream(glob.split("\\*", -1)).map(Pattern::quote).collect(Collectors.joining(".*")));
    }
}

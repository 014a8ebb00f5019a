package io.insightsrelay.redact;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.TextNode;
import com.google.re2j.Pattern;
import com.google.re2j.PatternSyntaxException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Takes personal data out of flat members such as {@code user.spec.profile.email}: by the member's name, and by what is found in
 * values and names. Immutable and thread-safe; linear in the length of the text.
 */
public final class Redactor {

    private final RedactProperties properties;
    private final TextScanner scanner;
    private final List<Pattern> keys;
    private final List<Pattern> allowed;
    private final Set<String> allowedValues;

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
                throw new IllegalArgumentException("redact.patterns: '" + pattern + "' is no regular expression in RE2 syntax (no look-around, no back-references): " + e.getDescription(), e);
            }
        }
        this.scanner = new TextScanner(properties.detectors(), properties.region(), more, properties.replacement());
        this.keys = properties.keys().stream().map(Redactor::glob).toList();
        this.allowed = properties.allow().stream().map(Redactor::glob).toList();
        this.allowedValues = Set.copyOf(properties.allow());
    }

    /** Changes the members in place; their order stays. What is not text stays unless the name says that it is personal. */
    public void redact(Map<String, JsonNode> members) {
        if (!properties.enabled() || members.isEmpty()) {
            return;
        }
        boolean renamed = false;
        for (Map.Entry<String, JsonNode> member : members.entrySet()) {
            String name = member.getKey();
            JsonNode value = member.getValue();
            if (isAny(allowed, name) || value.isTextual() && allowedValues.contains(value.textValue())) {
                continue;
            }
            if (isAny(keys, name)) {
                member.setValue(TextNode.valueOf(properties.replacement()));
            } else if (value.isTextual() || value.isNumber()) {
                String text = value.asText();
                String clean = scanner.clean(name, text);
                if (!clean.equals(text)) {
                    member.setValue(TextNode.valueOf(clean));
                }
            }
            renamed |= !scanner.clean("", name).equals(name);
        }
        if (renamed) {
            rename(members);
        }
    }

    private void rename(Map<String, JsonNode> members) {
        Map<String, JsonNode> clean = new LinkedHashMap<>();
        members.forEach((name, value) -> {
            String base = isAny(allowed, name) ? name : scanner.clean("", name);
            String free = base;
            for (int i = 2; clean.containsKey(free); i++) {
                free = base + "." + i;
            }
            clean.put(free, value);
        });
        members.clear();
        members.putAll(clean);
    }

    private static boolean isAny(List<Pattern> patterns, String name) {
        for (Pattern pattern : patterns) {
            if (pattern.matches(name)) {
                return true;
            }
        }
        return false;
    }

    private static Pattern glob(String glob) {
        StringBuilder pattern = new StringBuilder("(?i)");
        for (String literal : glob.split("\\*", -1)) {
            pattern.append(pattern.length() == 4 ? "" : ".*").append(Pattern.quote(literal));
        }
        return Pattern.compile(pattern.toString());
    }
}

package io.insightsrelay.redact;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import com.google.re2j.Matcher;
import com.google.re2j.Pattern;
import io.insightsrelay.event.Event;
import io.insightsrelay.redact.RedactProperties.Sent;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BinaryOperator;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.springframework.lang.Nullable;

/**
 * Takes personal data out of what clients sent: removes the members that hold it, hashes refs of users, and has every other text cleaned. An event in which
 * nothing was found goes out as it came, byte by byte. Thread-safe.
 */
final class SentRedactor {

    /** What becomes of a member, by its path. */
    private enum Rule { REMOVE, HASH, KEEP, CLEAN }

    /** A member's path, whose name may be personal itself, and those of the members in it. */
    private record Place(String path, Rule rule, String cleanName, boolean renamed, Map<String, Place> members) {

        @Override
        public boolean equals(Object other) {
            return this == other;
        }

        @Override
        public int hashCode() {
            return System.identityHashCode(this);
        }
    }

    /** A text at a place. */
    private record Value(Place place, String text) {
    }

    private static final int MOST_PLACES = 10_000;
    private static final int LONGEST_NAME = 200;
    private static final int VALUES_BITS = 15;
    private static final int LONGEST_VALUE = 100;
    private static final Pattern WHOLE_REF = Pattern.compile("(?i)user:(?:[a-z0-9._\\-]+/)?[\\pL\\pN][\\pL\\pN._@+\\-]*");
    private static final Pattern REF_IN_TEXT = Pattern.compile("(?i)\\buser:[a-z0-9._\\-]+/[\\pL\\pN](?:[\\pL\\pN._@+\\-]*[\\pL\\pN])?");

    private final Sent settings;
    private final String replacement;
    private final BinaryOperator<String> clean;
    private final List<Pattern> remove;
    private final List<Pattern> users;
    private final List<Pattern> allowed;
    // users, subjects and entities come again with many events
    private final Memo<Value, String> values = new Memo<>(VALUES_BITS, value -> clean(value.place, value.text));
    private final AtomicInteger places = new AtomicInteger();
    private volatile Place root;

    /**
     * Takes the settings.
     *
     * @param clean makes of a path and a text the text without personal data, the same one where there is none
     */
    SentRedactor(RedactProperties properties, List<Pattern> allowed, BinaryOperator<String> clean) {
        this.settings = properties.sent();
        this.replacement = properties.replacement();
        this.clean = clean;
        this.remove = settings.remove().stream().map(Redactor::glob).toList();
        this.users = settings.users().stream().map(Redactor::glob).toList();
        this.allowed = allowed;
        this.root = place("", "");
    }

    /** Changes the event, if it came by one of the interfaces of the settings. */
    void redact(Event event) {
        if (settings.interfaces().contains(event.endpoint()) && !isClean(event)) {
            event.change(body -> cleanedObject(root, body));
        }
    }

    /** In most events there is nothing to find, and they need no tree. */
    private boolean isClean(Event event) {
        try (JsonParser parser = event.sent()) {
            return parser != null && parser.nextToken() != null && isClean(root, parser);
        } catch (IOException e) {
            return false;
        }
    }

    /** Whether nothing of the value that the parser is at would change, as far as that is plain without a tree. */
    private boolean isClean(Place place, JsonParser parser) throws IOException {
        switch (parser.currentToken()) {
            case START_OBJECT -> {
                for (String name = parser.nextFieldName(); name != null; name = parser.nextFieldName()) {
                    Place member = member(place, name);
                    parser.nextToken();
                    if (member.renamed || member.rule == Rule.REMOVE || member.rule == Rule.HASH || name.equals("kind") && "user".equalsIgnoreCase(parser.getText())) {
                        return false;
                    }
                    if (member.rule == Rule.KEEP) {
                        parser.skipChildren();
                    } else if (!isClean(member, parser)) {
                        return false;
                    }
                }
                return true;
            }
            case START_ARRAY -> {
                while (parser.nextToken() != JsonToken.END_ARRAY) {
                    if (!isClean(place, parser)) {
                        return false;
                    }
                }
                return true;
            }
            case VALUE_STRING -> {
                String text = parser.getText();
                return cleanedText(place, text).equals(text);
            }
            case VALUE_NUMBER_INT -> {
                String text = parser.getText();
                return clean(place, text).equals(text);
            }
            case VALUE_NUMBER_FLOAT -> {
                return false;
            }
            default -> {
                return true;
            }
        }
    }

    private Place place(String path, String name) {
        Rule rule = Redactor.isAny(allowed, path) ? Rule.KEEP : Redactor.isAny(remove, path) ? Rule.REMOVE : Redactor.isAny(users, path) ? Rule.HASH : Rule.CLEAN;
        String cleanName = clean.apply("", name);
        return new Place(path, rule, cleanName, !cleanName.equals(name), new ConcurrentHashMap<>());
    }

    private Place member(Place of, String name) {
        Place known = of.members.get(name);
        if (known != null) {
            return known;
        }
        Place place = place(of.path.isEmpty() ? name : of.path + "." + name, name);
        if (name.length() <= LONGEST_NAME && of.members.putIfAbsent(name, place) == null && places.incrementAndGet() > MOST_PLACES) {
            // names that somebody makes up do not stay, those in use are there again soon
            places.set(0);
            root = place("", "");
        }
        return place;
    }

    /** The same object if nothing in it changed. */
    private ObjectNode cleanedObject(Place place, ObjectNode object) {
        ObjectNode result = object.objectNode();
        boolean changed = false;
        for (Map.Entry<String, JsonNode> entry : object.properties()) {
            Place member = member(place, entry.getKey());
            JsonNode cleaned = cleaned(member, entry.getValue());
            changed |= cleaned != entry.getValue() || member.renamed;
            if (cleaned != null) {
                result.set(member.renamed ? Redactor.free(member.cleanName, other -> object.has(other) || result.has(other)) : entry.getKey(), cleaned);
            }
        }
        return changed ? result : object;
    }

    private ArrayNode cleanedArray(Place place, ArrayNode array) {
        ArrayNode result = array.arrayNode(array.size());
        boolean changed = false;
        for (JsonNode item : array) {
            JsonNode cleaned = cleaned(place, item);
            changed |= cleaned != item;
            if (cleaned != null) {
                result.add(cleaned);
            }
        }
        return changed ? result : array;
    }

    /** The value as it may go out: the same one if nothing in it changed, null if it may not. */
    @Nullable
    private JsonNode cleaned(Place place, JsonNode value) {
        Rule rule = place.rule;
        if (rule == Rule.KEEP) {
            return value;
        }
        // an object that stands for a user is the entity: nothing of it tells users apart that is not personal
        boolean entity = value.isObject() && (rule == Rule.HASH || settings.removeUserEntities() && isUserEntity(value));
        if (rule == Rule.REMOVE || entity) {
            return null;
        }
        if (value instanceof ObjectNode object) {
            return cleanedObject(place, object);
        }
        if (value instanceof ArrayNode array) {
            return cleanedArray(place, array);
        }
        if (!value.isTextual() && !value.isNumber()) {
            return value;
        }
        String text = value.asText();
        // numbers seldom come again
        String clean = value.isNumber() ? clean(place, text) : cleanedText(place, text);
        return clean.equals(text) ? value : TextNode.valueOf(clean);
    }

    private String cleanedText(Place place, String text) {
        return text.length() > LONGEST_VALUE ? clean(place, text) : values.get(new Value(place, text));
    }

    private String clean(Place place, String text) {
        return place.rule == Rule.HASH && !text.isEmpty() ? hash(text) : clean.apply(place.path, hashRefs(text));
    }

    /** As it stands in the catalog. */
    private static boolean isUserEntity(JsonNode value) {
        return "user".equalsIgnoreCase(value.path("kind").asText()) && value.path("metadata").isObject();
    }

    private String hashRefs(String text) {
        Decoded decoded = Decoded.of(text);
        if (!mayHoldRef(decoded.text())) {
            return text;
        }
        if (WHOLE_REF.matches(text)) {
            return hash(text);
        }
        Matcher ref = REF_IN_TEXT.matcher(decoded.text());
        StringBuilder hashed = null;
        int from = 0;
        while (ref.find()) {
            hashed = hashed == null ? new StringBuilder() : hashed;
            hashed.append(text, from, decoded.original(ref.start())).append(hash(ref.group()));
            from = decoded.original(ref.end());
        }
        return hashed == null ? text : hashed.append(text, from, text.length()).toString();
    }

    private static boolean mayHoldRef(String text) {
        for (int colon = text.indexOf(':', 4); colon >= 0; colon = text.indexOf(':', colon + 1)) {
            if (text.regionMatches(true, colon - 4, "user", 0, 4)) {
                return true;
            }
        }
        return false;
    }

    /** 64 hex digits; without a salt anyone could make them for a user that he knows, so that then nothing is left. */
    private String hash(String user) {
        if (settings.salt().isEmpty()) {
            return replacement;
        }
        try {
            byte[] hash = switch (settings.hash()) {
                case HMAC_SHA256 -> {
                    Mac mac = Mac.getInstance("HmacSHA256");
                    mac.init(new SecretKeySpec(settings.salt().getBytes(StandardCharsets.UTF_8), "HmacSHA256"));
                    yield mac.doFinal(user.getBytes(StandardCharsets.UTF_8));
                }
                case SHA256 -> MessageDigest.getInstance("SHA-256").digest((user + settings.salt()).getBytes(StandardCharsets.UTF_8));
            };
            return HexFormat.of().formatHex(hash);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }
}

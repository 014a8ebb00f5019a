package io.insightsrelay.redact;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.LoadingCache;
import com.google.re2j.Matcher;
import com.google.re2j.Pattern;
import io.insightsrelay.event.Event;
import io.insightsrelay.redact.RedactProperties.Sent;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
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

    private static final int MOST_PATHS = 10_000;
    private static final int LONGEST_PATH = 200;
    private static final Pattern WHOLE_REF = Pattern.compile("(?i)user:(?:[a-z0-9._\\-]+/)?[\\pL\\pN][\\pL\\pN._@+\\-]*");
    private static final Pattern REF_IN_TEXT = Pattern.compile("(?i)\\buser:[a-z0-9._\\-]+/[\\pL\\pN](?:[\\pL\\pN._@+\\-]*[\\pL\\pN])?");

    private final Sent settings;
    private final String replacement;
    private final BinaryOperator<String> clean;
    private final List<Pattern> remove;
    private final List<Pattern> users;
    private final List<Pattern> allowed;
    private final LoadingCache<String, Rule> rules = Caffeine.newBuilder().maximumSize(MOST_PATHS).build(this::find);

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
    }

    /** Changes the event, if it came by one of the interfaces of the settings. */
    void redact(Event event) {
        if (settings.interfaces().contains(event.endpoint())) {
            event.change(body -> cleanedObject("", body));
        }
    }

    private Rule find(String path) {
        return Redactor.isAny(allowed, path) ? Rule.KEEP : Redactor.isAny(remove, path) ? Rule.REMOVE : Redactor.isAny(users, path) ? Rule.HASH : Rule.CLEAN;
    }

    private Rule rule(String path) {
        return path.length() > LONGEST_PATH ? find(path) : rules.get(path);
    }

    /** The same object if nothing in it changed. */
    private ObjectNode cleanedObject(String path, ObjectNode object) {
        ObjectNode result = object.objectNode();
        boolean changed = false;
        for (Map.Entry<String, JsonNode> member : object.properties()) {
            String name = member.getKey();
            JsonNode cleaned = cleaned(path.isEmpty() ? name : path + "." + name, member.getValue());
            String cleanName = clean.apply("", name);
            changed |= cleaned != member.getValue() || !cleanName.equals(name);
            if (cleaned != null) {
                result.set(cleanName.equals(name) ? name : Redactor.free(cleanName, other -> object.has(other) || result.has(other)), cleaned);
            }
        }
        return changed ? result : object;
    }

    private ArrayNode cleanedArray(String path, ArrayNode array) {
        ArrayNode result = array.arrayNode(array.size());
        boolean changed = false;
        for (JsonNode item : array) {
            JsonNode cleaned = cleaned(path, item);
            changed |= cleaned != item;
            if (cleaned != null) {
                result.add(cleaned);
            }
        }
        return changed ? result : array;
    }

    /** The value as it may go out: the same one if nothing in it changed, null if it may not. */
    @Nullable
    private JsonNode cleaned(String path, JsonNode value) {
        Rule rule = rule(path);
        if (rule == Rule.KEEP) {
            return value;
        }
        // an object that stands for a user is the entity: nothing of it tells users apart that is not personal
        boolean entity = value.isObject() && (rule == Rule.HASH || settings.removeUserEntities() && isUserEntity(value));
        if (rule == Rule.REMOVE || entity) {
            return null;
        }
        if (value instanceof ObjectNode object) {
            return cleanedObject(path, object);
        }
        if (value instanceof ArrayNode array) {
            return cleanedArray(path, array);
        }
        if (!value.isTextual() && !value.isNumber()) {
            return value;
        }
        String text = value.asText();
        String clean = rule == Rule.HASH && !text.isEmpty() ? hash(text) : this.clean.apply(path, hashRefs(text));
        return clean.equals(text) ? value : TextNode.valueOf(clean);
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

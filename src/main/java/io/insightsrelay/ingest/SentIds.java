package io.insightsrelay.ingest;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import org.springframework.lang.Nullable;

/**
 * By what the relay recognises an event that is sent again: the UUID in its {@code id}, or its place in a request that has an
 * {@code Idempotency-Key}. Both count for the same caller only, so that nobody can have the events of others dropped.
 */
final class SentIds {

    /** The request header, as draft-ietf-httpapi-idempotency-key-header has it; quotes around the key may be missing. */
    static final String HEADER = "Idempotency-Key";
    private static final int LONGEST_KEY = 255;

    private SentIds() {
    }

    /**
     * The ids by the envelope that they are of.
     *
     * @param read      what the request held; the good ones are what the envelopes were made of, in the same order
     * @param envelopes of the good ones
     * @param key       the header's value
     * @param caller    whom the token names
     * @return null if there are none
     * @throws RequestException 400 if the key is empty or too long
     */
    @Nullable
    static Map<byte[], UUID> of(EventReader.Result read, List<byte[]> envelopes, @Nullable String key, String caller) {
        String requestKey = key == null ? null : check(key);
        Map<byte[], UUID> ids = null;
        Set<Integer> leftOut = new HashSet<>();
        read.refused().forEach(event -> leftOut.add(event.index()));
        int place = 0;
        for (int i = 0; i < envelopes.size(); i++, place++) {
            // else one that is mended, or bad no more, when it is sent again would pass for the one behind it
            while (leftOut.contains(place)) {
                place++;
            }
            String id = read.events().get(i).id();
            if (id != null || requestKey != null) {
                ids = ids == null ? new IdentityHashMap<>() : ids;
                ids.put(envelopes.get(i), id != null ? hash(caller, "id", id.toLowerCase(Locale.ROOT)) : hash(caller, "key " + place, requestKey));
            }
        }
        return ids;
    }

    private static String check(String value) {
        String trimmed = value.trim();
        boolean quoted = trimmed.length() > 1 && trimmed.startsWith("\"") && trimmed.endsWith("\"");
        String key = quoted ? trimmed.substring(1, trimmed.length() - 1) : trimmed;
        if (key.isEmpty() || key.length() > LONGEST_KEY) {
            throw RequestException.input("The " + HEADER + " has " + key.length() + " characters; it has to have 1 to " + LONGEST_KEY);
        }
        return key;
    }

    private static UUID hash(String caller, String kind, String text) {
        try {
            byte[] hash = MessageDigest.getInstance("SHA-256").digest((caller + "\n" + kind + "\n" + text).getBytes(StandardCharsets.UTF_8));
            ByteBuffer first = ByteBuffer.wrap(hash);
            return new UUID(first.getLong(), first.getLong());
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }
}

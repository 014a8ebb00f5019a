package io.insightsrelay.auth;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Objects;

import org.springframework.lang.Nullable;

/**
 * Tells whether the user that an agent event's header names is the one whose hash the event carries. Immutable, thread-safe.
 */
public final class AgentIdentity {

    private static final int SHA256_HEX_LENGTH = 64;

    private final String salt;

    /**
     * Takes the salt that the agent's side appends to the entity ref before it hashes. An empty salt is legal, but then
     * anyone who knows a user's entity ref can compute the hash: it no longer shows that the sender was given the identity.
     */
    public AgentIdentity(String salt) {
        this.salt = Objects.requireNonNull(salt, "salt");
    }

    /**
     * Returns the user entity ref of the header, unchanged, if {@code identity} is the SHA-256 of the UTF-8 bytes of ref and
     * salt in a row, as 64 hex digits of either case. Returns null if either is missing or malformed, or if they disagree.
     * Never throws; takes the same time wherever the hashes differ.
     */
    @Nullable
    public String user(@Nullable String headerValue, @Nullable String identity) {
        if (identity == null || identity.length() != SHA256_HEX_LENGTH || !Caller.isEntityRef(headerValue)) {
            return null;
        }
        byte[] claimed;
        try {
            claimed = HexFormat.of().parseHex(identity);
        } catch (IllegalArgumentException notHex) {
            return null;
        }
        return MessageDigest.isEqual(sha256(headerValue + salt), claimed) ? headerValue : null;
    }

    private static byte[] sha256(String text) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }
}

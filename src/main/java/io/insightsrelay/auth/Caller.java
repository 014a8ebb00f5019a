package io.insightsrelay.auth;

import java.util.regex.Pattern;

import org.springframework.lang.Nullable;

/**
 * Who sent a request. Immutable.
 *
 * @param type how the caller is known
 * @param subject what the token names, never null: a user's entity ref, {@code plugin:<id>} for a Backstage plugin, the
 *         configured subject of a static token, {@code anonymous} without a token
 * @param user entity ref of the signed-in user as it stands in the token, capitals included, or null where none is known
 */
public record Caller(Type type, String subject, @Nullable String user) {

    /** A caller without a token. */
    public static final Caller ANONYMOUS = new Caller(Type.ANONYMOUS, "anonymous", null);

    // Looser than the catalog's own rule for names, because sign-in resolvers issue refs that no catalog entity has;
    // still without spaces and control characters, which have no business in logs and headers.
    private static final Pattern ENTITY_REF = Pattern.compile("[^\\s\\p{Cntrl}:/]+:[^\\s\\p{Cntrl}:/]+/[^\\s\\p{Cntrl}:/]+");

    /** How a caller is known. */
    public enum Type {
        /** No token. */
        ANONYMOUS,
        /** A signed-in Backstage user. */
        USER,
        /** A Backstage plugin, or the holder of a static token; either may act for a user. */
        SERVICE
    }

    /** Whether the text is a full entity ref, {@code kind:namespace/name}. */
    static boolean isEntityRef(@Nullable String text) {
        return text != null && ENTITY_REF.matcher(text).matches();
    }
}

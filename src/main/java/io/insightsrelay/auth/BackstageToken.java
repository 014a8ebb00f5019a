package io.insightsrelay.auth;

import java.text.ParseException;
import java.time.Clock;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;

import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.util.Base64URL;
import com.nimbusds.jwt.JWT;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.JWTParser;
import com.nimbusds.jwt.SignedJWT;
import org.springframework.lang.Nullable;

/**
 * A token that has passed every check which needs no key. Its signature is still to be verified. Immutable.
 *
 * @param kid id of the key that is said to have signed it
 * @param subject a user's entity ref, or a plugin id that is fit to stand in a URL
 * @param expiresAt from when on the token is refused, clock skew included; milliseconds since 1970
 * @param onBehalfOf the limited user token inside a plugin token, or null
 */
record BackstageToken(SignedJWT jwt, Kind kind, String kid, String subject, long expiresAt, @Nullable BackstageToken onBehalfOf) {

    private static final Set<JWSAlgorithm> ALGORITHMS = Set.of(JWSAlgorithm.ES256, JWSAlgorithm.RS256);
    private static final Pattern PLUGIN_ID = Pattern.compile("[a-z0-9][a-z0-9-]{0,63}");

    /** What Backstage writes into {@code typ}. */
    enum Kind {
        USER("vnd.backstage.user"), PLUGIN("vnd.backstage.plugin"), LIMITED_USER("vnd.backstage.limited-user");

        private final String typ;

        Kind(String typ) {
            this.typ = typ;
        }

        static Kind of(JWSHeader header) {
            // Nimbus's own comparison of types ignores case.
            String typ = header.getType() == null ? null : header.getType().getType();
            for (Kind kind : values()) {
                if (kind.typ.equals(typ)) {
                    return kind;
                }
            }
            throw new AuthenticationException("the token is of a type that is not accepted: typ must be " + USER.typ + " or " + PLUGIN.typ);
        }
    }

    /**
     * What a token must say. Messages repeat nothing out of the token, which may hold line breaks for a log; those of
     * Nimbus's DefaultJWTClaimsVerifier do.
     */
    record Rules(String issuer, String pluginAudience, long skewMillis, Clock clock) {

        /** @throws AuthenticationException if it is no token that can be accepted, whatever its signature */
        BackstageToken read(String text) {
            SignedJWT jwt = signed(text);
            Kind kind = Kind.of(jwt.getHeader());
            if (kind == Kind.LIMITED_USER) {
                throw new AuthenticationException("a limited user token is not accepted");
            }
            try {
                return read(jwt, kind);
            } catch (ParseException e) {
                throw new AuthenticationException("the token's claims cannot be read");
            }
        }

        private BackstageToken read(SignedJWT jwt, Kind kind) throws ParseException {
            String kid = jwt.getHeader().getKeyID();
            if (kid == null || kid.isEmpty()) {
                throw new AuthenticationException("the token names no key: kid is missing");
            }
            JWTClaimsSet claims = jwt.getJWTClaimsSet();
            if (claims == null) {
                throw new AuthenticationException("the token's claims cannot be read");
            }
            long expiresAt = expiry(claims);
            String subject = claims.getSubject();
            if (subject == null || subject.isEmpty()) {
                throw new AuthenticationException("the token has no sub");
            }
            BackstageToken onBehalfOf = null;
            if (kind == Kind.PLUGIN) {
                if (!PLUGIN_ID.matcher(subject).matches()) {
                    throw new AuthenticationException("the token's sub is no plugin id");
                }
                if (!claims.getAudience().equals(List.of(pluginAudience))) {
                    throw new AuthenticationException("the token is for another audience: aud must be " + pluginAudience);
                }
                onBehalfOf = onBehalfOf(claims.getStringClaim("obo"));
            } else if (!Caller.isEntityRef(subject)) {
                throw new AuthenticationException("the token's sub is no entity ref (kind:namespace/name)");
            }
            if (kind == Kind.USER && !issuer.equals(claims.getIssuer())) {
                throw new AuthenticationException("the token is from another issuer: iss must be " + issuer);
            }
            return new BackstageToken(jwt, kind, kid, subject, expiresAt, onBehalfOf);
        }

        @Nullable
        private BackstageToken onBehalfOf(@Nullable String obo) {
            if (obo == null) {
                return null;
            }
            try {
                SignedJWT jwt = signed(obo);
                if (Kind.of(jwt.getHeader()) != Kind.LIMITED_USER) {
                    throw new AuthenticationException("it is no limited user token");
                }
                return read(jwt, Kind.LIMITED_USER);
            } catch (ParseException e) {
                throw new AuthenticationException("the user's token in obo is refused: its claims cannot be read");
            } catch (AuthenticationException e) {
                throw new AuthenticationException("the user's token in obo is refused: " + e.getMessage());
            }
        }

        private long expiry(JWTClaimsSet claims) {
            if (claims.getExpirationTime() == null || claims.getIssueTime() == null) {
                throw new AuthenticationException("the token has no exp or no iat");
            }
            long now = clock.millis();
            long expiresAt = claims.getExpirationTime().getTime() + skewMillis;
            if (now >= expiresAt) {
                throw new AuthenticationException("the token has expired");
            }
            if (claims.getNotBeforeTime() != null && now < claims.getNotBeforeTime().getTime() - skewMillis) {
                throw new AuthenticationException("the token is not yet valid");
            }
            return expiresAt;
        }

        private static SignedJWT signed(String text) {
            JWT jwt;
            try {
                jwt = JWTParser.parse(text);
            } catch (ParseException | RuntimeException e) {
                throw new AuthenticationException("not a JSON Web Token");
            }
            if (!(jwt instanceof SignedJWT signed) || !ALGORITHMS.contains(signed.getHeader().getAlgorithm())) {
                throw new AuthenticationException("the token is not signed with an accepted algorithm: alg must be ES256 or RS256");
            }
            // Nimbus trims the text and decodes + as -, and the signature does not cover how it is itself written: one good
            // token would have any number of forms, each verified and remembered anew.
            Base64URL signature = signed.getSignature();
            if (!text.equals(signed.serialize()) || !signature.equals(Base64URL.encode(signature.decode()))) {
                throw new AuthenticationException("not a JSON Web Token");
            }
            return signed;
        }
    }
}

package io.insightsrelay.auth;

import io.insightsrelay.config.SettingsSection;
import java.time.Duration;
import java.util.List;

import jakarta.validation.Valid;
import jakarta.validation.constraints.Min;
import jakarta.validation.constraints.NotBlank;
import jakarta.validation.constraints.NotNull;
import org.hibernate.validator.constraints.time.DurationMin;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.lang.Nullable;
import org.springframework.util.unit.DataSize;

/**
 * The section {@code auth} of application.yaml, where every default stands. Immutable.
 *
 * @param issuer {@code iss} of user tokens; empty: {@code <Backstage base URL>/api/auth}
 * @param requireUser whether app events need a signed-in user
 * @param staticTokens tokens that need no Backstage; may be empty
 * @param pluginAudience {@code aud} of plugin tokens
 * @param clockSkew how far the clock that wrote {@code exp} and {@code nbf} may be off; may be zero
 * @param cachedTokens how many verified tokens are remembered
 * @param pendingTokens how many tokens may be in verification at once; beyond that they get HTTP 503
 * @param identitySalt salt of the hash in agent events; may be empty
 * @param identityHeader request header that names the user of an agent event
 * @param keys how signing keys are fetched
 */
@ConfigurationProperties(prefix = "auth")
public record AuthProperties(
        @NotNull String issuer,
        boolean requireUser,
        @NotNull List<StaticToken> staticTokens,
        @NotBlank String pluginAudience,
        @NotNull @DurationMin Duration clockSkew,
        @Min(1) int cachedTokens,
        @Min(1) int pendingTokens,
        @NotNull String identitySalt,
        @NotBlank String identityHeader,
        @NotNull @Valid Keys keys) implements SettingsSection {

    private static final int SHORTEST_TOKEN = 8;

    /**
     * Checks the static tokens. Not by annotations: Spring Boot prints the refused value of those, and these are secrets.
     *
     * @throws IllegalArgumentException naming the key and what is allowed, never the value
     */
    public AuthProperties {
        staticTokens = staticTokens == null ? null : List.copyOf(staticTokens);
        for (int i = 0; staticTokens != null && i < staticTokens.size(); i++) {
            String token = staticTokens.get(i).token();
            String subject = staticTokens.get(i).subject();
            if (token == null || token.length() < SHORTEST_TOKEN || hasSpace(token)) {
                throw new IllegalArgumentException("auth.staticTokens[" + i + "].token: needs at least " + SHORTEST_TOKEN
                        + " characters, none of them a space");
            }
            if (subject == null || subject.isEmpty() || hasSpace(subject)) {
                throw new IllegalArgumentException("auth.staticTokens[" + i + "].subject: needs a name without spaces, such as"
                        + " my-agent or user:default/jane");
            }
        }
    }

    private static boolean hasSpace(String text) {
        return text.chars().anyMatch(c -> Character.isWhitespace(c) || Character.isISOControl(c));
    }

    /** Names no value, because some are secrets. */
    @Override
    public String toString() {
        return "AuthProperties";
    }

    /**
     * A token that its holder sends as it is, as in Backstage's {@code backend.auth.externalAccess}.
     *
     * @param token the secret, at least 8 characters and no spaces
     * @param subject who holds it; where it is the entity ref of a user, requests count as that user's
     */
    public record StaticToken(@Nullable String token, @Nullable String subject) {

        /** Leaves the secret out. */
        @Override
        public String toString() {
            return "StaticToken[subject=" + subject + "]";
        }
    }

    /**
     * How Backstage's signing keys are fetched.
     *
     * @param refresh age at which a key set is fetched again in the background, and longest time that a verified token is
     *         remembered; keys that Backstage no longer lists are refused from then on
     * @param burst fetches that one key set may make at once, and key sets of new plugins that may be started at once
     * @param interval time after which one more of either is allowed
     * @param plugins how many plugins' key sets are kept
     * @param connectTimeout limit for connecting
     * @param timeout limit for a whole fetch
     * @param maxSize largest key set that is read
     */
    public record Keys(
            @NotNull @DurationMin(millis = 1) Duration refresh,
            @Min(1) int burst,
            @NotNull @DurationMin(millis = 1) Duration interval,
            @Min(1) int plugins,
            @NotNull @DurationMin(millis = 1) Duration connectTimeout,
            @NotNull @DurationMin(millis = 1) Duration timeout,
            @NotNull DataSize maxSize) {
    }
}

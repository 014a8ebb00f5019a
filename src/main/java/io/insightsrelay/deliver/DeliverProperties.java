package io.insightsrelay.deliver;

import io.insightsrelay.config.SettingsSection;
import jakarta.validation.Valid;
import jakarta.validation.constraints.Max;
import jakarta.validation.constraints.Min;
import jakarta.validation.constraints.NotBlank;
import jakarta.validation.constraints.NotNull;
import java.net.URI;
import java.time.Duration;
import org.hibernate.validator.constraints.time.DurationMax;
import org.hibernate.validator.constraints.time.DurationMin;
import org.springframework.boot.context.properties.ConfigurationProperties;

/**
 * The {@code deliver} section of application.yaml.
 *
 * @param batch         how the spool's events are cut into batches
 * @param concurrency   requests at once to a destination that takes one event a request
 * @param connectTimeout to a destination
 * @param responseTimeout of a destination
 * @param retry         what happens when a destination does not take an event
 * @param spotify       Spotify's hosted Insights service
 */
@ConfigurationProperties("deliver")
public record DeliverProperties(
        @NotNull @Valid Batch batch,
        @Min(1) @Max(1_000) int concurrency,
        @NotNull @DurationMin(millis = 1) Duration connectTimeout,
        @NotNull @DurationMin(millis = 1) Duration responseTimeout,
        @NotNull @Valid Retry retry,
        @NotNull @Valid Spotify spotify) implements SettingsSection {

    /**
     * @param size     most events
     * @param maxBytes most bytes, as stored
     * @param linger   how long a batch that is not full waits for more
     */
    public record Batch(@Min(1) @Max(100_000) int size, @Min(1) long maxBytes,
                        @NotNull @DurationMin(millis = 0) @DurationMax(minutes = 10) Duration linger) {
    }

    /**
     * @param firstBackoff  longest wait after a first failure; a random part of it is taken (full jitter), and it doubles
     * @param maxBackoff    longest wait after any failure
     * @param maxRetryAfter longest Retry-After that is obeyed
     * @param pause         time between two probes while a destination refuses the credentials
     * @param delay         how long an event that failed alone rests before it is tried again
     * @param maxAttempts   how often an event may fail alone, while others get through, before it is dead
     * @param maxAge        how old an event may become before it is dead
     */
    public record Retry(@NotNull @DurationMin(millis = 1) Duration firstBackoff, @NotNull @DurationMin(millis = 1) Duration maxBackoff,
                        @NotNull Duration maxRetryAfter, @NotNull @DurationMin(millis = 10) Duration pause,
                        @NotNull @DurationMin(millis = 0) Duration delay, @Min(1) int maxAttempts,
                        @NotNull @DurationMin(seconds = 1) Duration maxAge) {
    }

    /**
     * @param baseUrl  http or https
     * @param apiToken sent as Bearer; empty in sandbox and debug mode
     * @param apiTokenFile the file that the token is read from, see {@link io.insightsrelay.config.TokenFiles}; empty: none
     * @param appPath  of app events, below the base URL
     * @param agentPath of agent events
     */
    public record Spotify(@NotNull URI baseUrl,
                          @NotNull String apiToken, @NotNull String apiTokenFile,
                          @NotBlank String appPath, @NotBlank String agentPath) {

        /** Checks the token here, because a message of bean validation would show it. */
        public Spotify {
            if (apiToken != null && !apiToken.matches("[A-Za-z0-9\\-_=.+/]*")) {
                throw new IllegalArgumentException("deliver.spotify.apiToken (SPOTIFY_BACKSTAGE_API_TOKEN) has characters that no token of Spotify has; "
                        + "it may hold only A-Z a-z 0-9 - _ = . + /");
            }
        }

        /** Does not show the token. */
        @Override
        public String toString() {
            return "Spotify[baseUrl=" + baseUrl + ", apiToken=******]";
        }
    }
}

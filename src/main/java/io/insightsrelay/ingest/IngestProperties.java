package io.insightsrelay.ingest;

import io.insightsrelay.config.SettingsSection;
import jakarta.validation.Valid;
import jakarta.validation.constraints.Max;
import jakarta.validation.constraints.Min;
import jakarta.validation.constraints.NotNull;
import java.time.Duration;
import java.util.List;
import org.hibernate.validator.constraints.time.DurationMin;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.util.unit.DataSize;

/**
 * The {@code ingest} section of application.yaml.
 *
 * @param maxBody           most bytes of a request body, after it is unzipped
 * @param maxEvents         most events in one request
 * @param maxDepth          deepest nesting of JSON
 * @param maxString         longest JSON string, in characters
 * @param maxNumber         longest JSON number, in characters
 * @param keepGoodEvents    whether a batch with a bad event is kept without it (true), or refused whole (false)
 * @param headers           request headers that go with an event, in lower case
 * @param maxHeader         longest value of such a header, in characters; a longer one is cut
 * @param idleTimeout    how long a connection may neither begin nor finish a request before it is closed
 * @param rateLimit         how many requests one sender may make
 * @param cors              browsers that post straight to the relay
 */
@ConfigurationProperties("ingest")
public record IngestProperties(
        @NotNull DataSize maxBody,
        @Min(1) @Max(100_000) int maxEvents,
        @Min(2) @Max(1_000) int maxDepth,
        @Min(1) int maxString,
        @Min(1) @Max(1_000) int maxNumber,
        boolean keepGoodEvents,
        @NotNull List<String> headers,
        @Min(1) int maxHeader,
        @NotNull @DurationMin(seconds = 1) Duration idleTimeout,
        @NotNull @Valid RateLimit rateLimit,
        @NotNull @Valid Cors cors) implements SettingsSection {

    /**
     * Requests a second, each limit 0 for none; up to {@code burst} seconds' worth may come at once.
     *
     * @param perAddress     of one client address; of IPv6 the first 64 bits
     * @param perUser        with tokens of one signed-in user
     * @param burst          how much a sender that was quiet may catch up on
     * @param senders        most addresses, and most users, that are remembered
     * @param trustedProxies addresses and networks (CIDR) whose X-Forwarded-For is believed
     */
    public record RateLimit(
            @Min(0) int perAddress,
            @Min(0) int perUser,
            @NotNull @DurationMin(seconds = 1) Duration burst,
            @Min(1) int senders,
            @NotNull List<String> trustedProxies) {
    }

    /** @param origins such as https://portal.example.com; empty: no browser of another origin may post */
    public record Cors(@NotNull List<String> origins) {
    }
}

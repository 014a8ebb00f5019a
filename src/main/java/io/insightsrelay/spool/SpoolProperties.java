package io.insightsrelay.spool;

import io.insightsrelay.config.SettingsSection;
import jakarta.validation.constraints.NotNull;
import java.time.Duration;
import org.hibernate.validator.constraints.time.DurationMin;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.util.unit.DataSize;

/**
 * The {@code spool} section of application.yaml.
 *
 * @param maxSize         most that the spool may take on disk; appends beyond it fail with {@link SpoolFullException}
 * @param maxPendingSize  most that may wait in memory for the next commit; beyond it appends fail likewise
 * @param fullRetryAfter  what a refused caller is told to wait
 * @param cleanUpInterval how often what every consumer has finished with is deleted
 * @param keep            how long after it was stored an event stays although every consumer has finished with it, where there is room
 */
@ConfigurationProperties("spool")
public record SpoolProperties(
        @NotNull DataSize maxSize,
        @NotNull DataSize maxPendingSize,
        @NotNull @DurationMin(seconds = 1) Duration fullRetryAfter,
        @NotNull @DurationMin(millis = 100) Duration cleanUpInterval,
        @NotNull @DurationMin(millis = 0) Duration keep) implements SettingsSection {
}

package io.insightsrelay.deadletter;

import io.insightsrelay.config.SettingsSection;
import jakarta.validation.constraints.Max;
import jakarta.validation.constraints.Min;
import jakarta.validation.constraints.NotNull;
import java.time.Duration;
import org.hibernate.validator.constraints.time.DurationMin;
import org.springframework.boot.context.properties.ConfigurationProperties;

/**
 * The {@code deadLetters} section of application.yaml.
 *
 * @param replayRate most dead letters of a destination that go out again in a second
 * @param maxAge     how long a dead letter is kept
 */
@ConfigurationProperties("dead-letters")
public record DeadLetterProperties(@Min(1) @Max(10_000) int replayRate, @NotNull @DurationMin(seconds = 1) Duration maxAge) implements SettingsSection {
}

package io.insightsrelay.spool;

import io.insightsrelay.config.SettingsSection;
import jakarta.validation.constraints.Max;
import jakarta.validation.constraints.Min;
import jakarta.validation.constraints.NotNull;
import java.time.Duration;
import org.hibernate.validator.constraints.time.DurationMin;
import org.springframework.boot.context.properties.ConfigurationProperties;

/**
 * The {@code ingest.dedupe} section of application.yaml.
 *
 * @param window for how long the id of an accepted event is remembered; 0: not at all
 * @param maxIds most ids remembered, the oldest are forgotten first; about 100 bytes of memory and 20 on disk each
 */
@ConfigurationProperties("ingest.dedupe")
public record DedupeProperties(@NotNull @DurationMin(seconds = 0) Duration window, @Min(1) @Max(10_000_000) int maxIds) implements SettingsSection {

    /** Nothing is remembered. */
    public static final DedupeProperties OFF = new DedupeProperties(Duration.ZERO, 1);
}

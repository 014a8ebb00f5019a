package io.insightsrelay.catalog;

import io.insightsrelay.config.SettingsSection;
import jakarta.validation.constraints.Max;
import jakarta.validation.constraints.Min;
import jakarta.validation.constraints.NotNull;
import java.time.Duration;
import org.hibernate.validator.constraints.time.DurationMin;
import org.springframework.boot.context.properties.ConfigurationProperties;

/**
 * The {@code catalog} section of application.yaml.
 *
 * @param foundTtl        how long an entity is remembered
 * @param missingTtl      how long it is remembered that the catalog does not know a ref
 * @param maxEntities     most refs remembered
 * @param maxBody         most bytes of one by-refs question
 * @param connectTimeout  to Backstage
 * @param responseTimeout of Backstage
 * @param maxHold         how old an event may become while it waits for the catalog, before it goes on without
 * @param totalUsersTtl   how long a count of users is remembered
 */
@ConfigurationProperties("catalog")
public record CatalogProperties(
        @NotNull @DurationMin(millis = 1) Duration foundTtl,
        @NotNull @DurationMin(millis = 1) Duration missingTtl,
        @Min(1) int maxEntities,
        @Min(1_000) @Max(102_400) int maxBody,
        @NotNull @DurationMin(millis = 1) Duration connectTimeout,
        @NotNull @DurationMin(millis = 1) Duration responseTimeout,
        @NotNull @DurationMin(millis = 0) Duration maxHold,
        @NotNull @DurationMin(millis = 1) Duration totalUsersTtl) implements SettingsSection {
}

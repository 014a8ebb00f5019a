package io.insightsrelay.enrich;

import io.insightsrelay.config.SettingsSection;
import jakarta.validation.constraints.NotNull;
import java.util.List;
import org.springframework.boot.context.properties.ConfigurationProperties;

/**
 * The {@code enrich} section of application.yaml; {@code backstageInsights} adds to both.
 *
 * @param entityFields paths into the entity that an event is about
 * @param userFields   paths into the user; {@code spec.memberOf} stands for the user's groups with their ancestors
 */
@ConfigurationProperties("enrich")
public record EnrichProperties(@NotNull List<String> entityFields, @NotNull List<String> userFields) implements SettingsSection {
}

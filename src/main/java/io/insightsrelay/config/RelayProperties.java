package io.insightsrelay.config;

import jakarta.validation.constraints.Max;
import jakarta.validation.constraints.Min;
import jakarta.validation.constraints.NotBlank;
import jakarta.validation.constraints.NotNull;
import jakarta.validation.constraints.Pattern;
import java.nio.file.Path;
import java.time.Duration;
import org.hibernate.validator.constraints.time.DurationMin;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * The {@code relay} section of application.yaml.
 *
 * @param host      address to listen on for events
 * @param port      port to listen on for events
 * @param dataDir   folder of the spool and the dead letters
 * @param routesDir folder of the routes
 * @param engine    which folder of routesDir/engine connects ingest, processing and delivery
 * @param stopDelay how long events are still accepted after readiness has gone down; of the program only
 * @param reloadInterval how often the routes folder is looked at for edits; 0 for never
 * @param managementToken what callers of the management port have to send; empty: none, which only loopback allows
 * @param managementTokenFile the file that it is read from, see {@link TokenFiles}; empty: none
 * @param sandbox   whether a bundled catalog and receiver stand in for Backstage and Spotify; see {@link SandboxMode}
 */
@ConfigurationProperties("relay")
public record RelayProperties(
        @NotBlank String host,
        @Min(1) @Max(65_535) int port,
        @NotNull Path dataDir,
        @NotNull Path routesDir,
        @NotNull @Pattern(regexp = "embedded|kafka", message = "has to be embedded or kafka") String engine,
        @NotNull @DurationMin(millis = 0) Duration stopDelay,
        @NotNull @DurationMin(millis = 0) Duration reloadInterval,
        @NotNull String managementToken,
        @NotNull String managementTokenFile,
        @DefaultValue("false") boolean sandbox) implements SettingsSection {

    /** Does not show the token. */
    @Override
    public String toString() {
        return "Relay[host=" + host + ", port=" + port + ", dataDir=" + dataDir + ", routesDir=" + routesDir + ", engine=" + engine + "]";
    }
}

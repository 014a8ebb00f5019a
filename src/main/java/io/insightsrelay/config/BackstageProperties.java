package io.insightsrelay.config;

import jakarta.validation.constraints.NotNull;
import jakarta.validation.constraints.Pattern;
import org.springframework.boot.context.properties.ConfigurationProperties;

/**
 * The {@code backstage} section of application.yaml.
 *
 * @param baseUrl of the backend, such as http://localhost:7007, without a slash at its end; empty in sandbox mode only
 * @param token   service token for the catalog; empty: none is sent
 * @param tokenFile the file that the token is read from, see {@link TokenFiles}; empty: none
 */
@ConfigurationProperties("backstage")
public record BackstageProperties(
        @NotNull @Pattern(regexp = "|https?://[^\\s/?#]+(/[^\\s?#]*[^\\s?#/])?", message = "has to be an http or https URL without a slash at its end, such as http://localhost:7007") String baseUrl,
        @NotNull String token,
        @NotNull String tokenFile) implements SettingsSection {

    /** Checks the token here, because a message of bean validation would show it. */
    public BackstageProperties {
        if (token != null && !token.matches("[\\x21-\\x7e]*")) {
            throw new IllegalArgumentException("backstage.token (BACKSTAGE_TOKEN) may hold only visible ASCII characters");
        }
    }

    /** Does not show the token. */
    @Override
    public String toString() {
        return "Backstage[baseUrl=" + baseUrl + ", token=******]";
    }
}

package io.insightsrelay.config;

import java.util.HashMap;
import java.util.Map;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.env.EnvironmentPostProcessor;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.core.env.MapPropertySource;

/**
 * Where neither Backstage nor Spotify is configured, points both at the sandbox that the relay serves itself, so that a
 * newcomer sees an event go through with nothing but a JDK. Part of another application the relay does that only where {@code relay.sandbox} says so.
 */
public final class SandboxMode implements EnvironmentPostProcessor {

    /** Bearer token that the sandbox accepts; its subject is a user of the sample catalog. */
    public static final String TOKEN = "sandbox-token";
    /** That user. */
    public static final String USER = "user:default/ada.lovelace";

    @Override
    public void postProcessEnvironment(ConfigurableEnvironment environment, SpringApplication application) {
        if (!environment.getProperty("relay.sandbox", Boolean.class, PackagedDefaults.isProgram(application) && isUnconfigured(environment))) {
            return;
        }
        String self = "http://127.0.0.1:" + environment.getProperty("relay.port") + "/sandbox";
        Map<String, Object> sandbox = new HashMap<>();
        sandbox.put("relay.sandbox", true);
        sandbox.put("backstage.baseUrl", self + "/backstage");
        sandbox.put("deliver.spotify.baseUrl", self + "/insights");
        sandbox.put("deliver.spotify.apiToken", "sandbox");
        sandbox.put("auth.staticTokens[0].token", TOKEN);
        sandbox.put("auth.staticTokens[0].subject", USER);
        environment.getPropertySources().addFirst(new MapPropertySource("sandbox", sandbox));
    }

    private static boolean isUnconfigured(ConfigurableEnvironment environment) {
        return environment.getProperty("backstage.baseUrl", "").isBlank() && environment.getProperty("deliver.spotify.apiToken", "").isBlank()
                && !environment.containsProperty("SPOTIFY_BASE_URL");
    }
}

package io.insightsrelay;

import io.insightsrelay.catalog.BackstageBlock;
import io.insightsrelay.config.BackstageProperties;
import io.insightsrelay.config.LiveSettings;
import io.insightsrelay.config.RelayProperties;
import io.insightsrelay.config.SandboxMode;
import io.insightsrelay.config.Settings;
import io.insightsrelay.deliver.DeliverProperties;
import java.nio.file.Files;
import java.nio.file.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.context.annotation.Lazy;

/** Refuses settings that are each in order but make no sense together, and says what the relay is connected to. */
@Lazy(false)
class StartCheck {

    private static final Logger LOG = LoggerFactory.getLogger("io.insightsrelay");

    StartCheck(LiveSettings settings) {
        // an edit has to pass as well
        settings.derive(StartCheck::check);
        tell(settings.current());
    }

    private static boolean check(Settings settings) {
        RelayProperties relay = settings.get(RelayProperties.class);
        if (!Files.isDirectory(relay.routesDir())) {
            throw new IllegalArgumentException("relay.routesDir (RELAY_ROUTES_DIR) is " + relay.routesDir().toAbsolutePath()
                    + ", which is no folder; it has to be the routes/ folder that comes with the relay");
        }
        Path engine = relay.routesDir().resolve("engine").resolve(relay.engine());
        if (!Files.isDirectory(engine)) {
            throw new IllegalArgumentException("relay.engine (RELAY_ENGINE) is " + relay.engine() + ", but there is no folder "
                    + engine.toAbsolutePath() + "; an engine's routes stand in routes/engine/<engine>");
        }
        if (settings.get(BackstageProperties.class).baseUrl().isEmpty()) {
            throw new IllegalArgumentException("backstage.baseUrl (BACKSTAGE_BASE_URL) is empty; it has to be the URL of the Backstage backend, "
                    + "such as http://localhost:7007 (for a trial: relay.sandbox=true)");
        }
        if (settings.get(DeliverProperties.class).spotify().apiToken().isEmpty() && !BackstageBlock.of(settings).debug()) {
            throw new IllegalArgumentException("deliver.spotify.apiToken (SPOTIFY_BACKSTAGE_API_TOKEN) is empty; it has to be the API token that Spotify gave you "
                    + "(or set backstageInsights.debug: true, which delivers nothing)");
        }
        return true;
    }

    private static void tell(Settings settings) {
        RelayProperties relay = settings.get(RelayProperties.class);
        if (relay.sandbox()) {
            LOG.warn("""

                    SANDBOX MODE: neither BACKSTAGE_BASE_URL nor SPOTIFY_BACKSTAGE_API_TOKEN is set.
                    A bundled sample catalog stands in for Backstage, and a built-in receiver for Spotify: nothing leaves this machine.
                    Post as {}:
                      curl -i localhost:{}/api/backstage-insights/events/app -H 'Authorization: Bearer {}' -H 'Content-Type: application/json' \\
                        -d '{"action":"navigate","subject":"/catalog/default/component/petstore","context":{"pluginId":"catalog","entityRef":"component:default/petstore"}}'
                    and see what Spotify would get at /management/sandbox/received.
                    """, SandboxMode.USER, relay.port(), SandboxMode.TOKEN);
        } else {
            LOG.info("Backstage is {}, Spotify is {}, the data folder {}, the routes {}", settings.get(BackstageProperties.class).baseUrl(),
                    BackstageBlock.of(settings).debug() ? "not called (backstageInsights.debug)" : settings.get(DeliverProperties.class).spotify().baseUrl(),
                    relay.dataDir().toAbsolutePath(), relay.routesDir().toAbsolutePath());
        }
    }
}

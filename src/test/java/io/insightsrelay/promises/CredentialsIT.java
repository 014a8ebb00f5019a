package io.insightsrelay.promises;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.insightsrelay.testing.Engine;
import io.insightsrelay.testing.Installation;
import io.insightsrelay.testing.TestServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** credentials-pause-not-drop: a token that is refused costs no event, and a new one is taken up without a restart. */
class CredentialsIT {

    private static final int EVENTS = 3_000;

    @TempDir
    Path folder;
    private Installation installation;
    private Path token;

    /** The same promises hold whatever the engine. */
    Engine engine() {
        return Engine.EMBEDDED;
    }

    @BeforeEach
    void prepare() throws Exception {
        installation = new Installation(folder, engine());
        token = Files.writeString(folder.resolve("token"), "old-token\n");
    }

    @AfterEach
    void close() {
        installation.close();
    }

    @ParameterizedTest
    @ValueSource(ints = {401, 403})
    void theDestinationPausesUntilTheTokenFileIsChanged(int status) {
        installation.relay.without("SPOTIFY_BACKSTAGE_API_TOKEN").with("SPOTIFY_BACKSTAGE_API_TOKEN_FILE", token);
        installation.authorize(request -> "Bearer new-token".equals(request.header("Authorization")) ? null : TestServer.status(status));
        installation.start();
        installation.post(EVENTS);
        await().until(() -> installation.json("/actuator/health").at("/components/destinations/details/spotify/state").asText().equals("PAUSED"));
        assertThat(installation.json("/actuator/health").at("/components/destinations/details/spotify/reason").asText()).contains(String.valueOf(status));
        assertThat(installation.json("/actuator/health/readiness").path("status").asText()).isEqualTo("UP");
        int requests = installation.requests();
        await().atMost(Duration.ofSeconds(20)).until(() -> installation.requests() >= requests + 3);
        // one probe a pause: a paused destination is left alone
        assertThat(installation.books().path("waiting").asInt()).isEqualTo(EVENTS);
        write("new-token\n");
        installation.awaitDrained(Duration.ofSeconds(60));
        assertThat(installation.deadLetters()).isEmpty();
        assertThat(installation.check()).isZero();
        assertThat(installation.delivered()).isEqualTo(EVENTS);
        assertThat(installation.relay.log()).doesNotContain("old-token", "new-token");
    }

    private void write(String text) {
        try {
            // as a mounted secret changes: another file in the place of the old one
            Path next = Files.writeString(folder.resolve("token.next"), text);
            Files.move(next, token, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void aServiceTokenThatTheCatalogRefusesCostsNoEventEither() {
        write("stale");
        installation.relay.without("BACKSTAGE_TOKEN").with("BACKSTAGE_TOKEN_FILE", token);
        installation.start();
        installation.post(EVENTS);
        await().atMost(Duration.ofSeconds(20)).untilAsserted(() -> assertThat(installation.json("/actuator/health").at("/components/destinations/details/spotify/reason").asText()).startsWith("catalog: by-refs answered 401"));
        write("catalog-token");
        installation.awaitDrained(Duration.ofSeconds(60));
        assertThat(installation.deadLetters()).isEmpty();
        assertThat(installation.check()).isZero();
        assertThat(installation.delivered()).isEqualTo(EVENTS);
    }

    @Test
    void aTokenFileThatMakesNoSenseKeepsTheOldTokenAndStopsAStart() {
        installation.relay.without("SPOTIFY_BACKSTAGE_API_TOKEN").with("SPOTIFY_BACKSTAGE_API_TOKEN_FILE", token);
        installation.authorize(request -> "Bearer old-token".equals(request.header("Authorization")) ? null : TestServer.status(401));
        installation.start();
        write("two tokens\nor so");
        installation.post(10);
        installation.awaitDrained(Duration.ofSeconds(30));
        await().until(() -> installation.relay.log().contains("the token from before stays"));
        assertThat(installation.relay.log()).doesNotContain("two tokens");
        assertThat(installation.relay.stop()).isZero();
        installation.relay.launch(installation.arguments());
        assertThat(installation.relay.awaitExit()).isEqualTo(1);
        assertThat(installation.relay.log()).contains("deliver.spotify.apiTokenFile", "one token, of visible ASCII characters").doesNotContain("two tokens", "\tat ");
    }
}

package io.insightsrelay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.insightsrelay.testing.Portal;
import io.insightsrelay.testing.RelayProcess;
import io.insightsrelay.testing.TestServer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What only shows on the built jar as a process: kill -9, stops, starts that fail, sandbox mode, the command line. */
class RelayProcessIT {

    private static final ObjectMapper MAPPER = new ObjectMapper();

    @TempDir
    Path folder;
    private final TestServer spotify = new TestServer();
    private final Portal portal = new Portal();
    private RelayProcess relay;

    @BeforeEach
    void prepare() {
        relay = new RelayProcess(folder).with("BACKSTAGE_BASE_URL", portal.url()).with("BACKSTAGE_TOKEN", "catalog-token")
                .with("SPOTIFY_BACKSTAGE_API_TOKEN", "spotify-token").with("SPOTIFY_BASE_URL", spotify.url());
    }

    @AfterEach
    void close() {
        relay.close();
        spotify.close();
        portal.close();
    }

    private void post(String subject) {
        assertThat(relay.post("/api/backstage-insights/events/app", "{\"action\":\"click\",\"subject\":\"" + subject + "\"}").statusCode()).isEqualTo(202);
    }

    private List<String> received() {
        return spotify.requests().stream().map(request -> request.form().get("subject")).toList();
    }

    @Test
    void whatWasAcknowledgedBeforeAKillArrivesAfterTheRestartWithTheSameId() {
        spotify.behave(request -> spotify.hang());
        relay.start();
        List<String> acknowledged = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            post("e" + i);
            acknowledged.add("e" + i);
        }
        await().until(() -> !spotify.requests().isEmpty());
        relay.kill();
        TestServer.Request before = spotify.requests().get(0);
        spotify.behave(request -> TestServer.status(200));
        int cut = spotify.requests().size();
        relay.start();
        await().atMost(Duration.ofSeconds(30)).until(() -> received().stream().skip(cut).toList().containsAll(acknowledged));
        List<String> after = received().stream().skip(cut).toList();
        assertThat(after).containsExactlyInAnyOrderElementsOf(acknowledged);
        TestServer.Request again = spotify.requests().stream().skip(cut)
                .filter(request -> request.form().get("subject").equals(before.form().get("subject"))).findFirst().orElseThrow();
        assertThat(again.header("Idempotency-Key")).isEqualTo(before.header("Idempotency-Key")).hasSize(36);
    }

    @Test
    void aStopIsCleanWhileADestinationIsDownAndNothingIsLostOrRepeated() {
        spotify.behave(request -> TestServer.status(503));
        relay.start();
        for (int i = 0; i < 20; i++) {
            post("e" + i);
        }
        await().until(() -> !spotify.requests().isEmpty());
        assertThat(relay.stop()).isZero();
        spotify.behave(request -> TestServer.status(200));
        int cut = spotify.requests().size();
        relay.start();
        await().atMost(Duration.ofSeconds(40)).until(() -> received().size() - cut >= 20);
        assertThat(received().stream().skip(cut).toList()).hasSize(20).doesNotHaveDuplicates();
        assertThat(relay.stop()).isZero();
        assertThat(relay.log()).doesNotContain("spotify-token", "catalog-token", "Exception in thread");
    }

    @Test
    void aSecondRelayOnTheFolderIsRefusedWithAMessage() {
        relay.start();
        try (RelayProcess second = new RelayProcess(folder)) {
            second.launch();
            assertThat(second.awaitExit()).isEqualTo(1);
            assertThat(second.log()).contains("in use by another relay", "RELAY_DATA_DIR");
        }
    }

    @Test
    void settingsThatMakeNoSenseStopTheStartAndAreNamed() {
        String[][] cases = {
            {"--deliver.concurrency=0", "deliver.concurrency", "greater than or equal to 1"},
            {"--deliver.retry.maxAge=soon", "maxAge", "soon"},
            {"--deliver.spotify.apiToken=not a token", "may hold only A-Z a-z 0-9"},
            {"--deliver.spotify.apiToken=", "SPOTIFY_BACKSTAGE_API_TOKEN", "is empty"},
            {"--backstage.baseUrl=ftp://x", "backstage.baseUrl", "http or https URL"},
            {"--relay.engine=rabbit", "relay.engine", "embedded or kafka"},
            {"--relay.routesDir=/nowhere", "RELAY_ROUTES_DIR", "/nowhere"},
            {"--backstageInsights.debug=perhaps", "backstageInsights.debug", "perhaps"},
            {"--redact.regions=Atlantis", "redact.regions"},
        };
        for (String[] example : cases) {
            try (RelayProcess broken = new RelayProcess(folder).with("BACKSTAGE_BASE_URL", portal.url()).with("SPOTIFY_BACKSTAGE_API_TOKEN", "x")) {
                int before = Files.exists(folder.resolve("relay.log")) ? broken.log().length() : 0;
                broken.launch(example[0]);
                assertThat(broken.awaitExit()).as(example[0]).isEqualTo(1);
                String printed = broken.log().substring(before);
                assertThat(printed).as(example[0]).contains("APPLICATION FAILED TO START").doesNotContain("\tat ");
                for (int i = 1; i < example.length; i++) {
                    assertThat(printed).as(example[0]).contains(example[i]);
                }
                assertThat(printed).doesNotContain("not a token");
            }
        }
    }

    @Test
    void deadLettersAreHandledOnTheCommandLineWhileTheRelayRunsAndWhenItIsStopped() throws Exception {
        spotify.behave(request -> TestServer.status(request.form().get("subject").startsWith("bad") ? 400 : 200));
        relay.start();
        post("bad1");
        post("bad2");
        await().until(() -> MAPPER.readTree(relay.manage("GET", "/management/dead-letters").body()).path("total").asInt() == 2);
        List<String> running = command(0, "list", "--json");
        JsonNode letters = MAPPER.readTree(String.join("\n", running)).path("deadLetters");
        String first = letters.get(0).path("id").asText();
        String second = letters.get(1).path("id").asText();
        assertThat(String.join("\n", command(0, "show", first))).contains("bad1", "\"status\" : 400");
        relay.stop();

        assertThat(command(0, "list")).anyMatch(line -> line.startsWith(first)).contains("2 dead letters");
        assertThat(String.join("\n", command(0, "show", second))).contains("bad2");
        assertThat(String.join("\n", command(1, "show", "unknown"))).contains("there is no dead letter of event unknown");
        assertThat(String.join("\n", command(0, "delete", second))).contains("\"deleted\" : 1");
        assertThat(String.join("\n", command(0, "replay", first))).contains("\"replaying\" : 1");
        assertThat(String.join("\n", command(2, "replay"))).contains("--all");
        spotify.behave(request -> TestServer.status(200));
        int cut = spotify.requests().size();
        relay.start();
        await().atMost(Duration.ofSeconds(40)).until(() -> received().size() > cut);
        assertThat(received().stream().skip(cut).toList()).containsExactly("bad1");
    }

    private List<String> command(int exitCode, String... arguments) {
        int before = relay.log().split("\n").length;
        String[] all = new String[arguments.length + 1];
        all[0] = "dead-letters";
        System.arraycopy(arguments, 0, all, 1, arguments.length);
        Process process = relay.launchBeside(all);
        assertThat(process.onExit().join().exitValue()).isEqualTo(exitCode);
        return relay.log().lines().skip(before).collect(Collectors.toList());
    }

    @Test
    void theJarByItselfSaysWhatItNeeds() throws Exception {
        Path alone = Files.copy(Path.of("target/insights-relay.jar"), folder.resolve("insights-relay.jar"));
        Process process = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-jar", alone.toString()).redirectErrorStream(true).start();
        assertThat(new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip())
                .isEqualTo("The libraries are missing: insights-relay.jar needs lib/ of the same build beside it");
        assertThat(process.waitFor()).isEqualTo(1);
    }

    @Test
    void withNothingConfiguredItIsASandbox() throws Exception {
        try (RelayProcess sandbox = new RelayProcess(folder).asBuilt()) {
            sandbox.start();
            assertThat(sandbox.log()).contains("SANDBOX MODE");
            assertThat(sandbox.post("/api/backstage-insights/events/app",
                    "{\"action\":\"navigate\",\"subject\":\"/catalog\",\"context\":{\"pluginId\":\"catalog\",\"entityRef\":\"component:default/petstore\"}}",
                    "Authorization", "Bearer sandbox-token").statusCode()).isEqualTo(202);
            await().until(() -> MAPPER.readTree(sandbox.manage("GET", "/management/sandbox/received").body()).size() == 1);
            JsonNode event = MAPPER.readTree(sandbox.manage("GET", "/management/sandbox/received").body()).get(0).path("event");
            assertThat(event.path("context[entity.spec.owner]").asText()).isEqualTo("group:default/payments");
            assertThat(event.path("context[user.spec.memberOf.0]").asText()).isEqualTo("group:default/payments");
            assertThat(event.path("context[user.spec.memberOf.1]").asText()).isEqualTo("group:default/engineering");
        }
    }
}

package io.insightsrelay.promises;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.insightsrelay.testing.Installation;
import io.insightsrelay.testing.TestServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.util.FileSystemUtils;

/** kept-events-come-back. */
class ReplayIT {

    private static final int EVENTS = 3_000;
    private static final int BATCH = 100;
    private static final ObjectMapper MAPPER = new ObjectMapper();

    @TempDir
    Path folder;
    private Path routes;
    private Installation installation;
    private final TestServer own = new TestServer().forgetful();
    private final CountDownLatch killed = new CountDownLatch(1);
    private final List<Integer> arrived = new CopyOnWriteArrayList<>();

    @BeforeEach
    void prepare() throws IOException {
        routes = folder.resolve("routes");
        FileSystemUtils.copyRecursively(Path.of("routes"), routes);
        installation = new Installation(folder);
        installation.relay.with("RELAY_ROUTES_DIR", routes).with("RELAY_RELOADINTERVAL", "100ms").with("EVENTS_URL", own.url() + "/events");
        own.behave(request -> {
            try {
                MAPPER.readTree(request.body()).findValues("subject").forEach(subject -> arrived.add(Integer.parseInt(subject.asText().substring(1))));
                if (arrived.size() >= EVENTS / 3) {
                    killed.await();
                }
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            return TestServer.status(200);
        });
    }

    @AfterEach
    void close() {
        installation.close();
        killed.countDown();
        own.close();
    }

    private JsonNode replay() {
        return installation.json("/management/spool").path("logs").get(0).path("consumers").path("replay");
    }

    @Test
    void aReplayGoesOnAfterAKillAndNobodyElseIsDisturbed() throws Exception {
        String[] settings = {"--spool.keep=1h", "--spool.cleanUpInterval=100ms", "--deliver.batch.size=" + BATCH};
        installation.start(settings);
        installation.post(EVENTS);
        installation.awaitDrained(Duration.ofSeconds(60));
        installation.relay.kill();
        installation.start(settings);
        Instant until = Instant.now();
        installation.post(500);
        Files.writeString(routes.resolve("replay-a-day.camel.yaml"), Files.readString(Path.of("docs/cookbook/replay-a-day.camel.yaml"))
                .replaceAll("from: \".*\"", "from: \"1h\"").replaceAll("until: \".*\"", "until: \"" + until + "\""));
        await().atMost(Duration.ofSeconds(60)).until(() -> arrived.size() >= EVENTS / 3);
        installation.relay.kill();
        killed.countDown();
        installation.start(settings);
        await().atMost(Duration.ofSeconds(60)).until(() -> replay().path("ended").asBoolean());
        assertThat(arrived.stream().distinct()).containsExactlyElementsOf(IntStream.range(0, EVENTS).boxed().toList());
        // what was on its way when it was killed
        assertThat(arrived.size() - EVENTS).isBetween(1, BATCH);
        JsonNode books = installation.json("/management/spool").path("events").path("replay");
        assertThat(books.path("received").asInt()).isEqualTo(EVENTS).isEqualTo(books.path("delivered").asInt());
        installation.awaitDrained(Duration.ofSeconds(30));
        assertThat(installation.delivered()).isEqualTo(EVENTS + 500);
        assertThat(installation.check()).as("to Spotify nothing went twice but what was on its way").isLessThanOrEqualTo(2 * BATCH);
        System.out.printf("replay of a day: %d events, 0 lost, %d repeated over a kill%n", EVENTS, arrived.size() - EVENTS);
    }

    @Test
    void whatIsOnlyKeptCostsNobodyARefusal() {
        installation.start("--spool.keep=1h", "--spool.maxSize=6MB", "--spool.cleanUpInterval=100ms");
        for (int i = 0; i < 60; i++) {
            installation.post(1_000);
            installation.awaitDrained(Duration.ofSeconds(60));
            assertThat(installation.relay.manage("GET", "/actuator/health/readiness").statusCode()).isEqualTo(200);
        }
        String metrics = installation.relay.manage("GET", "/actuator/prometheus").body();
        double early = metrics.lines().filter(line -> line.startsWith("relay_spool_deleted_early_total")).mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' ')))).sum();
        assertThat(early).isBetween(1_000.0, 60_000.0);
        assertThat(installation.relay.log()).contains("are deleted before spool.keep is over");
        assertThat(installation.json("/actuator/health").path("status").asText()).isEqualTo("UP");
        assertThat(installation.json("/management/spool").path("bytes").asLong()).isBetween(3L << 20, 6L << 20);
        assertThat(installation.check()).isZero();
        System.out.printf("kept in 6 MB: 60000 accepted, 0 refused, %.0f deleted before spool.keep was over%n", early);
    }
}

package io.insightsrelay.promises;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.insightsrelay.testing.Engine;
import io.insightsrelay.testing.Installation;
import io.insightsrelay.testing.TestServer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** shutdown-drains: a stop under load answers what is in flight, loses nothing, repeats nothing, and ends in time with code 0. */
class ShutdownIT {

    @TempDir
    Path folder;
    private Installation installation;

    /** The same promises hold whatever the engine. */
    Engine engine() {
        return Engine.EMBEDDED;
    }

    @BeforeEach
    void prepare() {
        installation = new Installation(folder, engine());
    }

    @AfterEach
    void close() {
        installation.close();
    }

    private void stopsUnderLoad(Function<Integer, TestServer.Answer> faults, Duration within, boolean nothingTwice) throws Exception {
        installation.faults(faults);
        installation.relay.with("RELAY_STOPDELAY", "1s");
        installation.start("--camel.main.shutdownTimeout=8");
        Map<Integer, Integer> answers = new ConcurrentHashMap<>();
        CompletableFuture<Integer> exit;
        Duration took;
        try (AutoCloseable load = installation.load(32, answers)) {
            await().atMost(Duration.ofSeconds(30)).until(() -> installation.acknowledged() > 2_000 && installation.requests() > 0);
            long start = System.nanoTime();
            exit = CompletableFuture.supplyAsync(installation.relay::stop);
            // readiness goes down first, and events are still accepted
            await().atMost(Duration.ofSeconds(5)).pollInterval(Duration.ofMillis(20))
                    .until(() -> installation.relay.manage("GET", "/actuator/health/readiness").statusCode() == 503);
            assertThat(installation.tryOne()).isEqualTo(202);
            assertThat(exit.join()).isZero();
            took = Duration.ofNanos(System.nanoTime() - start);
        }
        assertThat(took).isLessThan(within);
        // acknowledged, refused because it stops, or not connected any more
        assertThat(answers.keySet()).isSubsetOf(202, 503, 0);
        installation.faults(number -> null);
        installation.relay.with("RELAY_STOPDELAY", "0s");
        installation.start();
        installation.awaitDrained(Duration.ofMinutes(2));
        int repeated = installation.check();
        System.out.printf("shutdown: %d acknowledged, 0 lost, %d repeated, exit code 0 after %d ms, answers %s%n", installation.acknowledged(), repeated, took.toMillis(), answers);
        if (nothingTwice) {
            assertThat(repeated).isZero();
        }
        assertThat(installation.deadLetters()).isEmpty();
    }

    @Test
    void whileDeliveriesSucceed() throws Exception {
        stopsUnderLoad(number -> null, Duration.ofSeconds(12), true);
    }

    @Test
    void whileRetrying() throws Exception {
        stopsUnderLoad(number -> TestServer.status(503), Duration.ofSeconds(12), true);
    }

    @Test
    void whileTheReceiverAskedToBeLeftAlone() throws Exception {
        stopsUnderLoad(number -> TestServer.retryAfter(429, 3_600), Duration.ofSeconds(12), true);
    }

    @Test
    void whileThePauseForCredentialsLasts() throws Exception {
        stopsUnderLoad(number -> TestServer.status(403), Duration.ofSeconds(12), true);
    }

    @Test
    void whileTheReceiverHangs() throws Exception {
        // what the receiver holds was sent, so it may come again
        stopsUnderLoad(number -> installation.receiver.hang(), Duration.ofSeconds(12), false);
        // answers that are outstanding are given up in time for the routes to end by themselves
        assertThat(installation.relay.log()).doesNotContain("Forcing the routes to be shutdown");
    }
}

package io.insightsrelay.promises;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import io.insightsrelay.testing.Engine;
import io.insightsrelay.testing.Installation;
import io.insightsrelay.testing.TestServer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** dead-letters-come-back. */
class DeadLettersIT {

    private static final int EVENTS = 600;
    private static final int RATE = 100;

    @TempDir
    Path folder;
    private Installation installation;

    /** The same promises hold whatever the engine. */
    Engine engine() {
        return Engine.EMBEDDED;
    }

    @BeforeEach
    void allDie() {
        installation = new Installation(folder, engine());
        installation.faults(number -> TestServer.status(400));
        installation.start("--deadLetters.replayRate=" + RATE);
        installation.post(EVENTS);
        await().atMost(Duration.ofSeconds(60)).until(() -> installation.books().path("deadLetters").asInt() == EVENTS);
    }

    @AfterEach
    void close() {
        installation.close();
    }

    @Test
    void aReplayIsRateLimitedSurvivesAKillAndRepeatsNothing() {
        List<Long> arrivals = Collections.synchronizedList(new ArrayList<>());
        installation.faults(number -> {
            arrivals.add(System.nanoTime());
            // some fail again
            return number % 10 == 0 ? TestServer.status(422) : null;
        });
        assertThat(installation.relay.manage("POST", "/management/dead-letters/replay").body()).contains("\"replaying\":" + EVENTS);
        await().atMost(Duration.ofSeconds(30)).until(() -> installation.delivered() > EVENTS / 3);
        installation.relay.kill();
        installation.start("--deadLetters.replayRate=" + RATE);
        await().atMost(Duration.ofSeconds(60)).until(() -> installation.books().path("waiting").asInt() == 0 && installation.json("/management/dead-letters").path("replaying").asInt() == 0);
        for (int i = 3 * RATE; i < arrivals.size(); i++) {
            assertThat(Duration.ofNanos(arrivals.get(i) - arrivals.get(i - 3 * RATE))).as("3 seconds' worth").isGreaterThan(Duration.ofMillis(1_500));
        }
        // the kill may repeat the batch in flight, and nothing else
        int repeated = installation.check();
        assertThat(repeated).isLessThanOrEqualTo(2 * RATE);
        assertThat(installation.dead()).hasSize(EVENTS / 10).allMatch(number -> number % 10 == 0);
        JsonNode again = installation.json("/management/dead-letters/" + installation.json("/management/dead-letters").at("/deadLetters/0/id").asText());
        assertThat(again.path("status").asInt()).isEqualTo(422);
        assertThat(again.at("/envelope/history").findValuesAsText("status")).containsExactly("400", "422");
        System.out.printf("replay: %d events, 0 lost, %d repeated over a kill, %d dead again with their history%n", EVENTS, repeated, EVENTS / 10);
    }

    @Test
    void aReplayCanBeStoppedAndDeletingAndExpiryAreCounted() {
        installation.relay.stop();
        installation.start("--deadLetters.replayRate=1");
        installation.relay.manage("POST", "/management/dead-letters/replay");
        assertThat(installation.relay.manage("DELETE", "/management/dead-letters/replay").body()).contains("withdrawn");
        assertThat(installation.json("/management/dead-letters").path("replaying").asInt()).isZero();
        int left = installation.json("/management/dead-letters").path("total").asInt();
        assertThat(installation.relay.manage("DELETE", "/management/dead-letters?all=true&limit=100").body()).contains("\"deleted\":100");
        installation.awaitDrained(Duration.ofSeconds(30));
        JsonNode books = installation.books();
        assertThat(books.path("deleted").asInt()).isEqualTo(100);
        assertThat(installation.relay.manage("GET", "/actuator/prometheus").body()).contains("relay_dead_letters_deleted_total{destination=\"spotify\"} 100.0");
        installation.relay.stop();
        installation.start("--deadLetters.maxAge=1s");
        await().atMost(Duration.ofSeconds(90)).until(() -> installation.books().path("deadLetters").asInt() == 0);
        assertThat(installation.books().path("expired").asInt()).isGreaterThanOrEqualTo(left - 101);
    }

    @Test
    void longWorkOnTheCommandLineShowsItsProgressAndMayBeInterrupted() throws Exception {
        installation.faults(number -> null);
        installation.relay.stop();
        // slow enough for a command to start meanwhile, on a busy machine too
        installation.start("--deadLetters.replayRate=10");
        Process command = installation.relay.launchBeside("dead-letters", "replay", "--all");
        await().atMost(Duration.ofSeconds(30)).until(() -> installation.relay.log().lines().filter(line -> line.endsWith("wait to go out")).count() >= 2);
        command.destroy();
        assertThat(command.waitFor(10, TimeUnit.SECONDS)).isTrue();
        // the replay is the relay's, and goes on
        int delivered = installation.delivered();
        await().atMost(Duration.ofSeconds(10)).until(() -> installation.delivered() > delivered);
        Process stop = installation.relay.launchBeside("dead-letters", "replay", "--stop");
        assertThat(stop.waitFor()).isZero();
        installation.awaitDrained(Duration.ofSeconds(20));
        int dead = installation.books().path("deadLetters").asInt();
        assertThat(dead).isPositive();
        Process delete = installation.relay.launchBeside("dead-letters", "delete", "--all");
        assertThat(delete.waitFor()).isZero();
        assertThat(installation.relay.log()).contains("deleted " + dead);
        assertThat(installation.books().path("deleted").asInt()).isEqualTo(dead);
    }
}

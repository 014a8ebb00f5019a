package io.insightsrelay.promises;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.insightsrelay.testing.Engine;
import io.insightsrelay.testing.Installation;
import io.insightsrelay.testing.SyscallTrace;
import io.insightsrelay.testing.TestServer;
import io.insightsrelay.testing.Tools;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadLocalRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** acknowledged-means-durable and every-event-is-counted. */
class AcknowledgedMeansDurableIT {

    private static final int CLIENTS = 32;

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

    /** Some events are always refused, and some requests fail, so that kills hit set-asides and dead letters too. */
    private static TestServer.Answer moody(int number) {
        return number % 97 == 0 ? TestServer.status(400)
                : ThreadLocalRandom.current().nextInt(50) > 0 ? null
                : ThreadLocalRandom.current().nextBoolean() ? TestServer.status(503) : TestServer.hangUp();
    }

    @Test
    void killsUnderLoadLoseNothingAndRepeatOnlyWhatWasInFlight() throws Exception {
        int rounds = Integer.getInteger("kill.rounds", 10);
        installation.faults(AcknowledgedMeansDurableIT::moody);
        int balanced = 0;
        for (int round = 0; round < rounds; round++) {
            installation.start();
            Map<Integer, Integer> answers = new ConcurrentHashMap<>();
            long until = System.nanoTime() + ThreadLocalRandom.current().nextLong(100, 2_000) * 1_000_000;
            int before = installation.acknowledged();
            AutoCloseable load = installation.load(CLIENTS, answers);
            while (System.nanoTime() < until || installation.acknowledged() < before + 2 * CLIENTS) {
                installation.books();
                balanced++;
            }
            installation.relay.kill();
            load.close();
            // nothing but acknowledgements, and connections that broke
            assertThat(answers.keySet()).isSubsetOf(202, 0);
        }
        installation.faults(number -> number % 97 == 0 ? TestServer.status(400) : null);
        installation.start();
        installation.awaitDrained(Duration.ofMinutes(5));
        int repeated = installation.check();
        long received = installation.books().path("received").asLong();
        System.out.printf("killsUnderLoad: %d rounds, %d events acknowledged, %d received, 0 lost, %d arrived more than once under the same id, books balanced %d times%n",
                rounds, installation.acknowledged(), received, repeated, balanced);
        // an event may be on disk although its sender was not told any more; none comes from nowhere
        assertThat(received).isBetween((long) installation.acknowledged(), (long) installation.posted());
        // a kill finds at most one batch of new events and one of retries on their way
        assertThat(repeated).isLessThanOrEqualTo(rounds * 2 * 500);
        assertThat(installation.json("/management/dead-letters").path("total").asInt()).isEqualTo(installation.books().path("deadLetters").asInt()).isPositive();
    }

    @Test
    void noAcknowledgementLeavesBeforeTheSyncThatCoversIt() throws Exception {
        assumeTrue(engine() == Engine.EMBEDDED, "with Kafka the brokers hold the events: KafkaFaultsIT");
        Tools.require("strace");
        SyscallTrace trace = new SyscallTrace(folder.resolve("strace"));
        installation.relay.below(trace.command());
        installation.start("--deliver.concurrency=1");
        Map<Integer, Integer> answers = new ConcurrentHashMap<>();
        try (AutoCloseable load = installation.load(8, answers)) {
            await().atMost(Duration.ofSeconds(60)).until(() -> installation.acknowledged() > 2_000);
        }
        assertThat(answers).containsOnlyKeys(202);
        installation.relay.stop();
        SyscallTrace.Result result = trace.read(installation.relay.port());
        System.out.printf("noAcknowledgementLeavesBeforeTheSync: %d acknowledgements, each behind one of %d syncs of the write-ahead log%n", result.acknowledgements(), result.syncs());
        assertThat(result.tooEarly()).isEmpty();
        assertThat(result.acknowledgements()).isEqualTo(answers.get(202));
        assertThat(result.syncs()).isPositive();
    }
}

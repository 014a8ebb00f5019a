package io.insightsrelay.promises;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import io.insightsrelay.testing.Engine;
import io.insightsrelay.testing.Installation;
import io.insightsrelay.testing.KafkaCluster;
import io.insightsrelay.testing.TestServer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code spool drain --to kafka} on the jar, killed again and again: the relay goes on with Kafka, and nothing is lost or comes twice. */
class SpoolDrainIT {

    private static final int FIRST = 300;
    private static final int DEAD = 50;
    private static final int ASIDE = 25;
    private static final int BACKLOG = 40_000;
    private static final int KILLS = 3;
    private static final Pattern FOUND = Pattern.compile("interrupted; (\\d+) records");

    @TempDir
    Path folder;
    private Installation installation;

    @AfterEach
    void close() {
        installation.close();
    }

    private int run(String... arguments) throws InterruptedException {
        Process command = installation.relay.launchBeside(arguments);
        assertThat(command.waitFor(120, TimeUnit.SECONDS)).as(installation.relay.log()).isTrue();
        return command.exitValue();
    }

    private Set<JsonNode> letters() {
        Set<JsonNode> letters = new HashSet<>();
        installation.json("/management/dead-letters?limit=1000").path("deadLetters").forEach(letters::add);
        return letters;
    }

    /** Events and retries in Kafka. */
    private static long moved(Admin admin, String prefix) {
        try {
            return admin.listOffsets(admin.describeTopics(List.of(prefix + "events", prefix + "retry-spotify")).allTopicNames().get().values().stream()
                    .flatMap(topic -> topic.partitions().stream().map(partition -> new TopicPartition(topic.name(), partition.partition())))
                    .collect(Collectors.toMap(partition -> partition, partition -> OffsetSpec.latest()))).all().get().values().stream().mapToLong(end -> end.offset()).sum();
        } catch (ExecutionException e) {
            // the topics are not there yet
            return 0;
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void whatWaitsMovesToKafkaOverKillsAndNothingIsLostOrComesTwice() throws Exception {
        installation = new Installation(folder, Engine.EMBEDDED);
        installation.relay.with("DELIVER_RETRY_DELAY", "1h");
        // some die, some are set aside, the others get through; then the destination is down
        installation.faults(number -> number < DEAD ? TestServer.status(400) : number < DEAD + ASIDE ? TestServer.status(500) : null);
        installation.start();
        installation.post(FIRST);
        await().atMost(Duration.ofSeconds(60)).until(() -> installation.books().path("deadLetters").asInt() == DEAD && installation.books().path("waiting").asInt() == ASIDE);
        installation.faults(number -> TestServer.status(503));
        installation.post(BACKLOG);
        String prefix = "drain-" + ProcessHandle.current().pid() + "-" + System.nanoTime() + ".";
        installation.moveTo(Engine.KAFKA);
        installation.relay.with("KAFKA_PREFIX", prefix);

        assertThat(run("spool", "drain", "--to", "kafka")).as("while the relay has the folder").isEqualTo(1);
        assertThat(installation.relay.log()).contains("has the data folder").doesNotContain("SpoolCommand.java");
        assertThat(run("spool", "drain", "--to", "elsewhere")).isEqualTo(2);

        Set<JsonNode> before = letters();
        String replayed = before.iterator().next().path("id").asText();
        before.removeIf(letter -> letter.path("id").asText().equals(replayed));
        assertThat(installation.relay.stop()).isZero();
        installation.relay.with("RELAY_ENGINE", "embedded");
        assertThat(run("dead-letters", "replay", replayed)).isZero();
        installation.relay.with("RELAY_ENGINE", "kafka");

        List<Long> reached = new ArrayList<>();
        try (Admin admin = KafkaCluster.shared().admin()) {
            for (int kill = 0; kill < KILLS; kill++) {
                long there = moved(admin, prefix);
                Process drain = installation.relay.launchBeside("spool", "drain", "--to", "kafka");
                while (drain.isAlive() && moved(admin, prefix) == there) {
                    Thread.onSpinWait();
                }
                drain.destroyForcibly().waitFor();
                reached.add(moved(admin, prefix));
            }
            assertThat(run("spool", "drain", "--to", "kafka")).as(installation.relay.log()).isZero();
            assertThat(moved(admin, prefix)).isEqualTo(BACKLOG + ASIDE);
        }
        assertThat(reached.get(0)).isPositive();
        assertThat(run("spool", "drain", "--to", "kafka")).as("nothing is left").isZero();
        List<Integer> found = new ArrayList<>();
        for (Matcher matcher = FOUND.matcher(installation.relay.log()); matcher.find();) {
            found.add(Integer.valueOf(matcher.group(1)));
        }

        installation.faults(number -> null);
        installation.relay.with("DELIVER_RETRY_DELAY", "200ms");
        installation.start();
        await().atMost(Duration.ofMinutes(4)).pollInterval(Duration.ofMillis(500)).until(() -> installation.books().path("delivered").asInt() >= BACKLOG + ASIDE + 1);
        assertThat(installation.check()).as("repeated").isZero();
        assertThat(letters()).isEqualTo(before);
        JsonNode books = installation.books();
        assertThat(books.path("received").asInt()).isEqualTo(BACKLOG + ASIDE + DEAD);
        assertThat(books.path("delivered").asInt()).isEqualTo(BACKLOG + ASIDE + 1);
        assertThat(books.path("deadLetters").asInt()).isEqualTo(DEAD - 1);
        assertThat(books.path("lost").asInt() + books.path("waiting").asInt()).isZero();
        System.out.printf("spool drain: %d events, %d retries, %d dead letters moved over %d kills at %s in the topics, of which %s had been sent and not noted; "
                + "0 lost, 0 repeated%n", BACKLOG, ASIDE, DEAD, KILLS, reached, found);
    }
}

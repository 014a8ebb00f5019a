package io.insightsrelay.promises;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.insightsrelay.testing.Engine;
import io.insightsrelay.testing.Installation;
import io.insightsrelay.testing.KafkaCluster;
import io.insightsrelay.testing.RelayProcess;
import io.insightsrelay.testing.TestServer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is broken in a cluster of brokers and relays, and what it costs: real brokers, killed and stopped while events come in. */
class KafkaFaultsIT {

    private static final int CLIENTS = 16;

    @TempDir
    Path folder;
    private final KafkaCluster cluster = KafkaCluster.shared();
    private final List<RelayProcess> others = new ArrayList<>();
    private Installation installation;

    @BeforeEach
    void prepare() {
        installation = new Installation(folder, Engine.KAFKA);
        installation.relay.with("KAFKA_PRODUCER_DELIVERYTIMEOUT", "4s");
    }

    @AfterEach
    void close() {
        others.forEach(RelayProcess::close);
        installation.close();
        cluster.awaitAll();
    }

    private RelayProcess another(int number) throws Exception {
        RelayProcess relay = installation.relay.beside(Files.createDirectory(folder.resolve("relay-" + number))).with("KAFKA_INSTANCE_ID", "relay-" + number);
        others.add(relay);
        return relay;
    }

    private void awaitMore(int events) {
        int before = installation.acknowledged();
        await().atMost(Duration.ofSeconds(60)).until(() -> installation.acknowledged() >= before + events);
    }

    private void nothingIsLost(String what, Map<Integer, Integer> answers, int mostRepeated) {
        installation.awaitDrained(Duration.ofMinutes(3));
        int repeated = installation.check();
        System.out.printf("%s: %d acknowledged, answers %s, %d delivered, 0 lost, %d repeated under the same id, %d dead%n", what, installation.acknowledged(), answers,
                installation.delivered(), repeated, installation.dead().size());
        assertThat(installation.books().path("lost").asInt()).isZero();
        assertThat(repeated).isLessThanOrEqualTo(mostRepeated);
    }

    @Test
    void aBrokerIsKilledUnderLoad() throws Exception {
        installation.start();
        Map<Integer, Integer> answers = new ConcurrentHashMap<>();
        try (AutoCloseable load = installation.load(CLIENTS, answers)) {
            awaitMore(1_000);
            cluster.kill(0);
            awaitMore(1_000);
            cluster.start(0);
            cluster.awaitAll();
            awaitMore(500);
        }
        assertThat(answers.keySet()).isSubsetOf(202, 429, 503);
        nothingIsLost("a broker killed", answers, 0);
    }

    @Test
    void twoBrokersAreKilledAndIngestSaysSo() throws Exception {
        installation.start();
        Map<Integer, Integer> answers = new ConcurrentHashMap<>();
        try (AutoCloseable load = installation.load(CLIENTS, answers)) {
            awaitMore(1_000);
            cluster.kill(1);
            cluster.kill(2);
            await().atMost(Duration.ofSeconds(60)).until(() -> answers.getOrDefault(503, 0) + answers.getOrDefault(429, 0) > CLIENTS);
            await().atMost(Duration.ofSeconds(60)).untilAsserted(() -> assertThat(installation.relay.manage("GET", "/actuator/health/readiness").statusCode()).isEqualTo(503));
            cluster.start(1);
            cluster.start(2);
            cluster.awaitAll();
            awaitMore(1_000);
        }
        assertThat(answers.keySet()).isSubsetOf(202, 429, 503);
        await().atMost(Duration.ofSeconds(30)).until(() -> installation.relay.manage("GET", "/actuator/health/readiness").statusCode() == 200);
        nothingIsLost("two brokers killed", answers, 2 * 500);
    }

    @Test
    void aBrokerThatHangsHoldsUpNobodyForLong() throws Exception {
        installation.start();
        Map<Integer, Integer> answers = new ConcurrentHashMap<>();
        try (AutoCloseable load = installation.load(CLIENTS, answers)) {
            awaitMore(1_000);
            cluster.freeze(2);
            awaitMore(1_000);
            // others lead its partitions by now, and what they took is not held up by consumers that wait for its answer
            installation.awaitArrival(Duration.ofSeconds(20));
            cluster.thaw(2);
            awaitMore(500);
        }
        assertThat(answers.keySet()).isSubsetOf(202, 429, 503);
        nothingIsLost("a broker stopped (SIGSTOP)", answers, 2 * 500);
    }

    @Test
    void threeRelaysShareTheWorkAndAnyOfThemMayGo() throws Exception {
        installation.start();
        RelayProcess second = another(2).start(installation.arguments());
        RelayProcess third = another(3).start(installation.arguments());
        Map<Integer, Integer> answers = new ConcurrentHashMap<>();
        try (AutoCloseable load = installation.load(CLIENTS, answers)) {
            awaitMore(1_000);
            second.kill();
            awaitMore(1_000);
            assertThat(third.stop()).isZero();
            awaitMore(500);
        }
        assertThat(answers).containsOnlyKeys(202);
        // the batches that the killed one had under way come again
        nothingIsLost("of three relays one killed and one stopped", answers, 3 * 500);
    }

    @Test
    void relaysThatComeAndGoRepeatNothingThatHasItsOutcome() throws Exception {
        installation.relay.without("KAFKA_INSTANCE_ID");
        installation.start();
        Map<Integer, Integer> answers = new ConcurrentHashMap<>();
        try (AutoCloseable load = installation.load(4, answers)) {
            for (int round = 0; round < 4; round++) {
                RelayProcess guest = another(10 + round);
                guest.without("KAFKA_INSTANCE_ID").start(installation.arguments());
                awaitMore(200);
                assertThat(guest.stop()).isZero();
            }
        }
        assertThat(answers).containsOnlyKeys(202);
        nothingIsLost("four rounds of a relay that comes and goes", answers, 0);
    }

    private String refusal(String... settings) {
        for (int i = 0; i < settings.length; i += 2) {
            installation.relay.with(settings[i], settings[i + 1]);
        }
        installation.relay.launch(installation.arguments());
        assertThat(installation.relay.awaitExit()).isEqualTo(1);
        String log = installation.relay.log();
        assertThat(log).doesNotContain("\tat ");
        return log;
    }

    @Test
    void aTopicThatDoesNotFitIsRefusedAtTheStart() throws Exception {
        try (Admin admin = cluster.admin()) {
            admin.createTopics(List.of(new NewTopic("thin.events", 3, (short) 1))).all().get();
        }
        assertThat(refusal("KAFKA_PREFIX", "thin.")).contains("The Kafka topic thin.events does not fit", "it has 1 replicas, kafka.topics.replicationFactor asks for 3",
                "its min.insync.replicas is 1, kafka.topics.minInsyncReplicas asks for 2");
    }

    @Test
    void aTopicThatCannotBeCreatedIsRefusedAtTheStart() {
        assertThat(refusal("KAFKA_TOPICS_REPLICATIONFACTOR", "4")).contains("cannot be created with", "4 replicas");
    }

    @Test
    void brokersThatAreNotThereAreRefusedAtTheStart() {
        assertThat(refusal("KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:" + TestServer.freePort())).contains("did not answer", "KAFKA_BOOTSTRAP_SERVERS");
    }

    @Test
    void noBrokersAreRefusedAtTheStart() {
        assertThat(refusal("KAFKA_BOOTSTRAP_SERVERS", "")).contains("kafka.bootstrapServers (KAFKA_BOOTSTRAP_SERVERS) is empty");
    }
}

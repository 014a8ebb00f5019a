package io.insightsrelay.promises;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.insightsrelay.testing.Engine;
import io.insightsrelay.testing.Installation;
import io.insightsrelay.testing.TestServer;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * outage-is-waiting and slow-catalog-never-blocks-forever. One simulated hour of outage, in which every wait of the relay is
 * {@code -Doutage.speed} times shorter than by default. {@code -Doutage.events} wait meanwhile.
 */
class OutageIT {

    private static final int EVENTS = Integer.getInteger("outage.events", 20_000);
    private static final int SPEED = Integer.getInteger("outage.speed", 120);
    private static final int BATCH = 500;
    private static final Duration LATEST_ATTEMPT = Duration.ofSeconds(15);
    private static final Duration MINUTE = Duration.ofMinutes(1).dividedBy(SPEED);

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

    private static String faster(Duration ordinary) {
        return ordinary.dividedBy(SPEED).toMillis() + "ms";
    }

    private void start(String... more) {
        List<String> arguments = new ArrayList<>(List.of("--deliver.retry.firstBackoff=" + faster(Duration.ofMillis(500)), "--deliver.retry.maxBackoff=" + faster(Duration.ofSeconds(60)),
                "--deliver.retry.delay=" + faster(Duration.ofSeconds(10)),
                "--catalog.missingTtl=" + faster(Duration.ofSeconds(10)), "--catalog.foundTtl=" + faster(Duration.ofMinutes(5)), "--deliver.retry.pause=" + faster(Duration.ofSeconds(30)),
                "--deliver.responseTimeout=" + Duration.ofSeconds(30).dividedBy(SPEED).toMillis(), "--catalog.responseTimeout=" + Duration.ofSeconds(30).dividedBy(SPEED).toMillis()));
        arguments.addAll(List.of(more));
        installation.start(arguments.toArray(String[]::new));
    }

    private static void pass(Duration time) {
        long until = System.nanoTime() + time.toNanos();
        await().atMost(time.plusSeconds(5)).pollInterval(Duration.ofMillis(20)).until(() -> System.nanoTime() - until >= 0);
    }

    private long memory() {
        String metrics = installation.relay.manage("GET", "/actuator/prometheus").body();
        return metrics.lines().filter(line -> line.startsWith("jvm_memory_used_bytes{area=\"heap\"")).mapToLong(line -> (long) Double.parseDouble(line.substring(line.lastIndexOf(' ')))).sum();
    }

    private String reason() {
        return installation.json("/actuator/health").at("/components/destinations/details/spotify/reason").asText();
    }

    @Test
    void anHourOfEveryFaultCostsNothingAndTheBacklogDrainsInOrder() {
        Map<String, Supplier<TestServer.Answer>> receiverFaults = new LinkedHashMap<>();
        receiverFaults.put("500", () -> TestServer.status(500));
        receiverFaults.put("503", () -> TestServer.status(503));
        receiverFaults.put("429 with seconds", () -> TestServer.retryAfter(429, 1));
        receiverFaults.put("429 with a date", () -> TestServer.retryAfterDate(429, Duration.ofSeconds(2)));
        receiverFaults.put("hanging", installation.receiver::hang);
        receiverFaults.put("reset", TestServer::reset);
        receiverFaults.put("cut short", TestServer::cutShort);
        receiverFaults.put("cut in its head", TestServer::cutInHead);
        receiverFaults.put("garbage", TestServer::garbage);
        receiverFaults.put("a byte a second", () -> installation.receiver.drip(Duration.ofSeconds(1).dividedBy(SPEED)));
        Map<String, Supplier<TestServer.Answer>> catalogFaults = new LinkedHashMap<>(receiverFaults);
        catalogFaults.put("no JSON", () -> TestServer.json(200, "<html>"));
        catalogFaults.put("no items", () -> TestServer.json(200, "{\"items\":{}}"));

        installation.faults(number -> TestServer.status(503));
        start();
        installation.post(EVENTS);
        // each fault has its share of the hour; refused connections are one more on each side
        Duration share = MINUTE.multipliedBy(60).dividedBy(receiverFaults.size() + catalogFaults.size() + 2);
        StringBuilder table = new StringBuilder();
        receiverFaults.forEach((name, answer) -> {
            installation.faults(number -> answer.get());
            int before = installation.requests();
            pass(share);
            int requests = installation.requests() - before;
            table.append(String.format("  receiver %-18s %5d requests in %d s, %s%n", name, requests, share.toSeconds(), reason()));
            assertThat(reason()).as(name).isNotEmpty().doesNotStartWith("catalog:");
            assertThat(requests).as("requests while the receiver is away: " + name).isLessThan(most(share));
        });
        int before = installation.requests();
        installation.receiver.refuseConnections();
        pass(share);
        // the circuit breakers' waits are in the routes and not shortened: an attempt may come that much later
        await().atMost(LATEST_ATTEMPT).untilAsserted(() -> assertThat(reason()).contains("refused"));
        assertThat(installation.requests()).isEqualTo(before);
        installation.receiver.acceptConnections();
        long heap = memory();
        installation.faults(number -> null);
        catalogFaults.forEach((name, answer) -> {
            // what is in the cache needs no catalog
            int served = installation.delivered();
            installation.portal.catalogTrouble(request -> answer.get());
            long asked = installation.portal.lookUps();
            pass(share);
            long questions = installation.portal.lookUps() - asked;
            await().atMost(LATEST_ATTEMPT).untilAsserted(() -> {
                if (served == installation.delivered()) {
                    assertThat(reason()).as(name).startsWith("catalog:");
                }
            });
            table.append(String.format("  catalog  %-18s %5d questions in %d s, %s%n", name, questions, share.toSeconds(), reason()));
            assertThat(questions).as("questions while the catalog is away: " + name).isLessThan(most(share));
        });
        installation.portal.refuseConnections();
        pass(share);
        installation.portal.acceptConnections();
        assertThat(memory()).as("heap").isLessThan(256L << 20);
        installation.portal.catalogTrouble(request -> null);

        int already = installation.delivered();
        long start = System.nanoTime();
        await().atMost(Duration.ofMinutes(30)).pollInterval(Duration.ofMillis(100)).failFast(() -> assertThat(installation.deadLetters()).isEmpty())
                .until(() -> installation.delivered() >= EVENTS);
        double seconds = (System.nanoTime() - start) / 1e9;
        installation.awaitDrained(Duration.ofMinutes(1));
        // at full speed: as fast as new events after it
        int more = Math.min(EVENTS, 20_000);
        long freshStart = System.nanoTime();
        installation.post(more);
        await().atMost(Duration.ofMinutes(5)).pollInterval(Duration.ofMillis(50)).until(() -> installation.delivered() >= EVENTS + more);
        double fresh = more / ((System.nanoTime() - freshStart) / 1e9);
        double drained = (EVENTS - already) / seconds;
        System.out.printf("outage: %d events, one hour at %d times the speed, heap %d MB then %d MB, drained at %.0f/s, new ones at %.0f/s%n%s", EVENTS, SPEED, heap >> 20, memory() >> 20, drained, fresh, table);
        assertThat(installation.deadLetters()).isEmpty();
        // what hung or was cut short may have been taken: the receiver of this test did not
        assertThat(installation.check()).isZero();
        inOrder();
        if (EVENTS - already > 10_000) {
            assertThat(drained).isGreaterThan(fresh / 3);
        }
    }

    /**
     * A probe at a time, on average half the longest back-off apart, and per simulated outage the first batch until the breaker
     * opens; twice that and some.
     */
    private static int most(Duration share) {
        double probes = 2.0 * share.toMillis() / Math.max(1, Duration.ofSeconds(60).dividedBy(SPEED).toMillis());
        return (int) (150 + 4 * probes);
    }

    /** Batches go out one after the other, and within one several requests at once. */
    private void inOrder() {
        int highest = -1;
        for (int number : List.copyOf(installation.arrived)) {
            assertThat(number).as("after %d", highest).isGreaterThan(highest - 2 * BATCH);
            highest = Math.max(highest, number);
        }
    }

    @Test
    void withoutTheCatalogEventsWaitForMaxHoldAndThenGoOnMarked() throws Exception {
        List<String> bodies = new CopyOnWriteArrayList<>();
        installation.authorize(request -> {
            bodies.add(URLDecoder.decode(request.text(), StandardCharsets.UTF_8));
            return null;
        });
        installation.portal.add("component:default/c1", "{'kind':'Component','metadata':{'name':'c1','namespace':'default'},'spec':{'type':'service','owner':'group:default/team'}}");
        installation.portal.catalogTrouble(request -> TestServer.hangUp());
        // longer than the catalog's circuit breaker stays open once it has opened
        start("--catalog.maxHold=10s");
        long start = System.nanoTime();
        installation.post(1_000);
        await().atMost(Duration.ofSeconds(10)).until(() -> reason().startsWith("catalog:"));
        assertThat(installation.delivered()).isZero();
        await().atMost(Duration.ofSeconds(30)).until(() -> installation.delivered() == 1_000);
        assertThat(Duration.ofNanos(System.nanoTime() - start)).isGreaterThan(Duration.ofSeconds(10));
        assertThat(bodies).allSatisfy(body -> assertThat(body).contains("context[relay.enriched]=false"));
        installation.awaitDrained(Duration.ofSeconds(10));
        bodies.clear();
        installation.portal.catalogTrouble(request -> null);
        installation.post(100);
        await().atMost(Duration.ofSeconds(20)).until(() -> installation.delivered() == 1_100);
        assertThat(bodies).allSatisfy(body -> assertThat(body).doesNotContain("relay.enriched"));
        assertThat(bodies).anySatisfy(body -> assertThat(body).contains("context[entity.spec.owner]=group:default/team"));
        assertThat(installation.deadLetters()).isEmpty();
        assertThat(installation.check()).isZero();
        assertThat(TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - start)).isLessThan(60);
    }
}

package io.insightsrelay.spool;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.camel.Exchange;
import org.apache.camel.ProducerTemplate;
import org.apache.camel.builder.RouteBuilder;
import org.apache.camel.impl.DefaultCamelContext;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.util.unit.DataSize;

class SpoolComponentTest {

    @TempDir
    Path folder;
    private SpoolStore store;
    private DefaultCamelContext context;
    private ProducerTemplate template;
    private final List<List<String>> batches = new CopyOnWriteArrayList<>();
    private final AtomicBoolean failing = new AtomicBoolean();

    @BeforeEach
    void start() throws Exception {
        store = new SpoolStore(folder, SpoolStoreTest.properties(DataSize.ofGigabytes(1)));
        context = new DefaultCamelContext();
        context.getRegistry().bind("store", store);
        context.start();
        template = context.createProducerTemplate();
    }

    @AfterEach
    void stop() {
        context.stop();
        store.close();
    }

    @SuppressWarnings("unchecked")
    private void consume(String id, String uri) throws Exception {
        context.addRoutes(new RouteBuilder() {
            @Override
            public void configure() {
                from(uri).routeId(id).errorHandler(noErrorHandler()).process(exchange -> {
                    if (failing.get()) {
                        throw new IllegalStateException("on purpose");
                    }
                    List<byte[]> payloads = exchange.getMessage().getBody(List.class);
                    batches.add(payloads.stream().map(payload -> new String(payload, StandardCharsets.UTF_8)).toList());
                });
            }
        });
    }

    private void send(Object body) {
        Exchange sent = template.send("spool:events", exchange -> exchange.getMessage().setBody(body));
        assertThat(sent.getException()).isNull();
    }

    private List<String> received() {
        return batches.stream().flatMap(List::stream).toList();
    }

    @Test
    void handsOutFullBatchesAtOnceAndTheRestAfterTheLinger() throws Exception {
        send(List.of("a", "b", "c", "d", "e"));
        consume("take", "spool:events?group=one&batchSize=2&linger=300ms");
        await().until(() -> received().size() == 5);
        assertThat(batches).containsExactly(List.of("a", "b"), List.of("c", "d"), List.of("e"));
    }

    @Test
    void aSingleBodyIsOneEvent() throws Exception {
        send("text");
        send("bytes".getBytes(StandardCharsets.UTF_8));
        consume("take", "spool:events?group=one&linger=0");
        await().until(() -> received().equals(List.of("text", "bytes")));
    }

    @Test
    void aBatchThatFailsComesAgainAndTheCursorWaits() throws Exception {
        failing.set(true);
        consume("take", "spool:events?group=one&linger=0");
        send(List.of("a", "b"));
        await().pollDelay(Duration.ofMillis(300)).until(() -> true);
        assertThat(store.logStates().get(0).waiting("one")).isEqualTo(2);
        failing.set(false);
        await().until(() -> received().equals(List.of("a", "b")));
        await().until(() -> store.logStates().get(0).waiting("one") == 0);
    }

    @Test
    void everyGroupSeesEveryEventAtItsOwnPace() throws Exception {
        consume("one", "spool:events?group=one&linger=0");
        send(List.of("a"));
        await().until(() -> received().equals(List.of("a")));
        consume("two", "spool:events?group=two&linger=0");
        send(List.of("b"));
        await().until(() -> received().stream().filter("b"::equals).count() == 2);
    }

    @Test
    void goesOnWhereItWasAfterARestart() throws Exception {
        consume("take", "spool:events?group=one&linger=0");
        send(List.of("a"));
        await().until(() -> store.logStates().get(0).waiting("one") == 0);
        stop();
        start();
        send(List.of("b"));
        consume("take", "spool:events?group=one&linger=0");
        await().until(() -> received().equals(List.of("a", "b")));
    }

    @Test
    void batchesOverlapTheCursorWaitsForTheFirstAndWhatEndedBehindItDoesNotComeAgain() throws Exception {
        CountDownLatch first = new CountDownLatch(1);
        context.addRoutes(new RouteBuilder() {
            @Override
            public void configure() {
                from("spool:events?group=one&batchSize=2&linger=0&batchesAtOnce=2").routeId("overlap").errorHandler(noErrorHandler()).process(exchange -> {
                    List<byte[]> payloads = exchange.getMessage().getBody(List.class);
                    List<String> batch = payloads.stream().map(payload -> new String(payload, StandardCharsets.UTF_8)).toList();
                    batches.add(batch);
                    Batch current = exchange.getProperty(Batch.PROPERTY, Batch.class);
                    if (batch.contains("a")) {
                        current.settle(List.of(1), List.of(), List.of(), new SpoolTransaction());
                        first.await();
                        await().until(current::stopping);
                        throw new IllegalStateException("it stops first");
                    }
                });
            }
        });
        send(List.of("a", "b", "c", "d", "e"));
        await().until(() -> batches.contains(List.of("c", "d")));
        await().pollDelay(Duration.ofMillis(200)).until(() -> true);
        // no third batch while two are under way, although one of them is at its end
        assertThat(batches).containsExactlyInAnyOrder(List.of("a", "b"), List.of("c", "d"));
        assertThat(store.logStates().get(0).waiting("one")).isEqualTo(4);
        first.countDown();
        stop();
        start();
        batches.clear();
        consume("take", "spool:events?group=one&linger=0");
        await().until(() -> received().equals(List.of("a", "e")));
        await().until(() -> store.logStates().get(0).waiting("one") == 0);
        assertThat(store.ledgers().get("one").delivered()).isEqualTo(5);
    }

    @Test
    void aBatchWaitsForItsTurn() throws Exception {
        List<String> order = new CopyOnWriteArrayList<>();
        CountDownLatch second = new CountDownLatch(1);
        context.addRoutes(new RouteBuilder() {
            @Override
            public void configure() {
                from("spool:events?group=one&batchSize=1&linger=0&batchesAtOnce=2").routeId("turns").errorHandler(noErrorHandler()).process(exchange -> {
                    String event = new String((byte[]) exchange.getMessage().getBody(List.class).get(0), StandardCharsets.UTF_8);
                    Batch batch = exchange.getProperty(Batch.PROPERTY, Batch.class);
                    if (event.equals("a")) {
                        // the second is under way and would go first if it did not wait for its turn
                        second.await();
                    } else {
                        second.countDown();
                    }
                    batch.awaitTurn();
                    order.add(event + " goes");
                    if (event.equals("a")) {
                        batch.nextMayGo(true);
                        await().until(() -> order.contains("b goes"));
                    } else if (event.equals("b")) {
                        batch.nextMayGo(true);
                        batch.nextMayGo(false);
                        batch.awaitEarlier();
                    }
                    order.add(event + " ends");
                });
            }
        });
        send(List.of("a", "b", "c"));
        await().until(() -> order.size() == 6);
        assertThat(order).containsExactly("a goes", "b goes", "a ends", "b ends", "c goes", "c ends");
    }

    @Test
    void eventsRestForTheDelay() throws Exception {
        consume("take", "spool:events?group=one&linger=0&delay=700ms");
        long sent = System.nanoTime();
        send(List.of("a"));
        await().until(() -> received().equals(List.of("a")));
        assertThat(Duration.ofNanos(System.nanoTime() - sent)).isGreaterThanOrEqualTo(Duration.ofMillis(690));
    }

    @Test
    void optionsThatMakeNoSenseAreRefused() {
        assertThatThrownBy(() -> consume("bad", "spool:events?group=one&batchSize=0")).hasStackTraceContaining("batchSize=0");
        assertThatThrownBy(() -> consume("bad2", "spool:events")).hasStackTraceContaining("group is 'null'");
        assertThatThrownBy(() -> consume("bad3", "spool:Events;drop?group=one")).hasStackTraceContaining("'Events;drop'");
        assertThatThrownBy(() -> consume("bad4", "spool:events?group=one&nonsense=1")).hasStackTraceContaining("nonsense");
    }
}

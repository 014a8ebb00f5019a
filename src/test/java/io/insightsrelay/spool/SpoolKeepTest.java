package io.insightsrelay.spool;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.IntStream;
import org.apache.camel.builder.RouteBuilder;
import org.apache.camel.impl.DefaultCamelContext;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.util.unit.DataSize;

/** What {@code spool.keep} keeps, and consumers that take a part of it. */
class SpoolKeepTest {

    private static final Duration KEEP = Duration.ofHours(1);

    @TempDir
    Path folder;
    private SpoolStore store;
    private SpoolLog log;
    private DefaultCamelContext context;
    private final List<String> received = new CopyOnWriteArrayList<>();

    @BeforeEach
    void open() throws Exception {
        open(DataSize.ofGigabytes(1), KEEP);
    }

    private void open(DataSize maxSize, Duration keep) throws Exception {
        store = new SpoolStore(folder.resolve("data"), new SpoolProperties(maxSize, DataSize.ofMegabytes(64), Duration.ofSeconds(7), Duration.ofMillis(100), keep));
        log = store.log("events");
        context = new DefaultCamelContext();
        context.getRegistry().bind("store", store);
        context.start();
    }

    @AfterEach
    void close() {
        context.stop();
        store.close();
    }

    private void reopen(Duration keep) throws Exception {
        close();
        open(DataSize.ofGigabytes(1), keep);
    }

    /** Appends events of that age, as many in a row as fit. */
    private void append(Duration age, String... events) {
        long before = log.lastPosition();
        store.append(log, payloads(events)).join();
        storedAt(log, before, Instant.now().minus(age).toEpochMilli());
    }

    private void storedAt(SpoolLog some, long beyond, long time) {
        change("UPDATE " + some.table() + " SET stored_at = " + time + " WHERE position > " + beyond);
    }

    private void change(String sql) {
        store.write((connection, appender) -> {
            try (Statement statement = connection.createStatement()) {
                return statement.executeUpdate(sql);
            }
        }).join();
    }

    private static List<byte[]> payloads(String... events) {
        return Arrays.stream(events).map(event -> event.getBytes(StandardCharsets.UTF_8)).toList();
    }

    private List<String> there() {
        return store.rowsBeyond(log, 0, 10_000, Long.MAX_VALUE).stream().map(row -> new String(row.payload(), StandardCharsets.UTF_8)).toList();
    }

    private void consumer(String name, long position) {
        store.open(log, name, SpoolSpan.ALL);
        store.advance(log, name, position, position, 0).join();
    }

    /** A round that began after this was called is over when what it deletes in any case is gone. */
    private void awaitCleanUp() {
        SpoolLog retries = store.log("retry-tidy");
        store.open(retries, "tidy", SpoolSpan.ALL);
        for (int i = 0; i < 2; i++) {
            store.append(retries, payloads("x")).join();
            store.advance(retries, "tidy", retries.lastPosition(), 1, 0).join();
            await().until(() -> store.rowsBeyond(retries, 0, 1, 1).isEmpty());
        }
    }

    @SuppressWarnings("unchecked")
    private void consume(String options) throws Exception {
        context.addRoutes(new RouteBuilder() {
            @Override
            public void configure() {
                from("spool:events?linger=0&" + options).routeId("take").errorHandler(noErrorHandler()).process(exchange ->
                        exchange.getMessage().getBody(List.class).forEach(payload -> received.add(new String((byte[]) payload, StandardCharsets.UTF_8))));
            }
        });
    }

    @Test
    void whatEveryConsumerHasFinishedWithIsKeptUntilItsTimeIsOver() throws Exception {
        append(KEEP.multipliedBy(2), "a", "b");
        append(KEEP.multipliedBy(2), "c");
        append(Duration.ofMinutes(59), "d");
        append(Duration.ZERO, "e");
        consumer("one", 2);
        await().until(() -> there().equals(List.of("c", "d", "e")));
        awaitCleanUp();
        assertThat(there()).as("one has not finished with c").containsExactly("c", "d", "e");
        store.advance(log, "one", 5, 3, 0).join();
        await().until(() -> there().equals(List.of("d", "e")));
        awaitCleanUp();
        assertThat(there()).containsExactly("d", "e");
        assertThat(store.ledgers().get("one")).isEqualTo(new Ledger(5, 5, 0, 0, 0, 0, 0, 0, 0, 0));
        assertThat(store.logStates().get(0).waiting("one")).isZero();
        reopen(KEEP);
        awaitCleanUp();
        assertThat(there()).containsExactly("d", "e");
        assertThat(store.open(log, "late", SpoolSpan.ALL).position()).isEqualTo(3);
        store.forget("late");
        reopen(Duration.ZERO);
        await().until(() -> there().isEmpty());
        assertThat(store.deletedEarly()).isZero();
    }

    @Test
    void aClockThatWasSetBackNeitherMakesHolesNorKeepsForEver() throws Exception {
        append(KEEP.multipliedBy(-3), "from the far future");
        append(Duration.ZERO, "a");
        append(KEEP.multipliedBy(3), "old, behind one that is kept");
        append(Duration.ZERO, "b");
        consumer("one", 4);
        await().until(() -> there().size() == 3);
        awaitCleanUp();
        assertThat(there()).containsExactly("a", "old, behind one that is kept", "b");
    }

    @Test
    void whatIsOnlyKeptMakesRoomTheOldestFirstAndWhatWaitsDoesNot() throws Exception {
        close();
        open(DataSize.ofMegabytes(4), KEEP);
        consumer("one", 0);
        String large = "x".repeat(50_000);
        for (int i = 0; i < 400; i++) {
            store.append(log, payloads(i + large)).join();
            store.advance(log, "one", i + 1, 1, 0).join();
            assertThat(store.trouble()).isNull();
        }
        awaitCleanUp();
        assertThat(store.size()).isLessThanOrEqualTo(4L << 20);
        List<String> left = there();
        assertThat(left).hasSizeGreaterThan(20);
        assertThat(left.get(0)).isEqualTo(400 - left.size() + large);
        assertThat(store.deletedEarly()).isEqualTo(400 - left.size());
        assertThat(store.ledgers().get("one")).isEqualTo(new Ledger(400, 400, 0, 0, 0, 0, 0, 0, 0, 0));
        // and now one that has finished with nothing
        long before = store.open(log, "two", SpoolSpan.parse("end", null)).position();
        int waiting = 0;
        while (store.trouble() == null) {
            assertThat(waiting).isLessThan(400);
            if (!store.append(log, payloads(large)).handle((done, refused) -> refused == null).join()) {
                break;
            }
            waiting++;
            awaitCleanUp();
        }
        assertThatThrownBy(() -> store.append(log, List.of(new byte[1 << 20])).join()).hasCauseInstanceOf(SpoolFullException.class);
        assertThat(store.rowsBeyond(log, before, 1_000, Long.MAX_VALUE)).hasSize(waiting).hasSizeGreaterThan(40);
        assertThat(there()).as("all that was only kept has made room").hasSize(waiting);
    }

    @Test
    void aNewConsumerBeginsAndEndsWhereItsTimesSayWhateverTheLog() throws Exception {
        Random random = new Random(20260101);
        for (int round = 0; round < 8; round++) {
            SpoolLog other = store.log("log-" + round);
            // all of it is old; this one has finished with nothing
            store.open(other, "one", SpoolSpan.ALL);
            long[] times = new long[1 + random.nextInt(300)];
            long time = 1_000_000;
            for (int i = 0; i < times.length; ) {
                int row = Math.min(times.length - i, 1 + random.nextInt(5));
                store.append(other, IntStream.range(0, row).mapToObj(n -> new byte[] {'e'}).toList()).join();
                time += random.nextInt(3) * 1_000L;
                for (int end = i + row; i < end; i++) {
                    times[i] = time;
                }
                storedAt(other, other.lastPosition() - row, time);
            }
            for (int i = 0; i < 30; i++) {
                long from = 1_000_000 + random.nextLong(time - 1_000_000 + 3_000) - 1_000;
                long until = from + 1 + random.nextInt(100_000);
                Spool.Progress progress = store.open(other, "c" + i, SpoolSpan.parse(Instant.ofEpochMilli(from).toString(), Instant.ofEpochMilli(until).toString()));
                assertThat(progress.position()).isEqualTo(Arrays.stream(times).filter(t -> t < from).count());
                assertThat(progress.end()).isEqualTo(Arrays.stream(times).filter(t -> t < until).count());
                assertThat(store.ledgers().get("c" + i).waiting()).isEqualTo(progress.end() - progress.position());
                store.forget("c" + i);
            }
            assertThat(store.open(other, "end", SpoolSpan.parse("end", null)).position()).isEqualTo(times.length);
            assertThat(store.open(other, "beginning", SpoolSpan.parse("beginning", null)).position()).isZero();
            assertThat(store.open(other, "back", SpoolSpan.parse("24h", null)).position()).isEqualTo(times.length);
        }
    }

    @Test
    void aDayIsTakenAndNothingElseAndHoldsNothingUpAfterwards() throws Exception {
        append(Duration.ofMinutes(50), "a", "b");
        append(Duration.ofMinutes(30), "c", "d");
        append(Duration.ofMinutes(30), "e");
        append(Duration.ofMinutes(10), "f");
        consumer("one", 6);
        Instant now = Instant.now();
        String options = "group=day&batchSize=2&batchesAtOnce=2&from=" + now.minus(Duration.ofMinutes(40)).atOffset(ZoneOffset.ofHours(3)) + "&until=" + now.minus(Duration.ofMinutes(20));
        consume(options);
        await().until(() -> store.logStates().get(0).cursors().containsKey("day") && store.logStates().get(0).cursors().get("day").isAtEnd());
        assertThat(received).containsExactlyInAnyOrder("c", "d", "e");
        append(Duration.ZERO, "g");
        assertThat(store.ledgers().get("day")).isEqualTo(new Ledger(3, 3, 0, 0, 0, 0, 0, 0, 0, 0));
        assertThat(store.logStates().get(0).waiting("day")).isZero();
        // its end stays, over a restart and with another time
        reopen(Duration.ZERO);
        consume("group=day&from=beginning&until=" + now.plus(Duration.ofDays(1)));
        store.advance(log, "one", 7, 1, 0).join();
        await().until(() -> there().isEmpty());
        assertThat(received).hasSize(3);
        assertThat(store.ledgers().get("day")).isEqualTo(new Ledger(3, 3, 0, 0, 0, 0, 0, 0, 0, 0));
    }

    @Test
    void anEndThatIsStillToComeComes() throws Exception {
        Instant until = Instant.now().plusSeconds(2);
        consume("group=day&from=end&until=" + until);
        await().until(() -> store.logStates().get(0).cursors().containsKey("day"));
        int sent = 0;
        while (Instant.now().isBefore(until.plusMillis(500))) {
            store.append(log, payloads("event " + sent++)).join();
        }
        await().until(() -> store.logStates().get(0).cursors().get("day").isAtEnd());
        long before = store.rowsBeyond(log, 0, sent, Long.MAX_VALUE).stream().filter(row -> row.storedAt() < until.toEpochMilli()).count();
        assertThat(before).isBetween(1L, sent - 1L);
        assertThat(received).hasSize((int) before).doesNotHaveDuplicates().last().isEqualTo("event " + (before - 1));
        assertThat(store.ledgers().get("day").delivered()).isEqualTo(before);
        assertThat(store.ledgers().get("day").received()).isEqualTo(before);
    }

    @Test
    void whatIsMissingBeforeTheEndIsLostAndTheEndIsReached() throws Exception {
        for (String event : List.of("a", "b", "c")) {
            append(Duration.ofMinutes(30), event);
        }
        append(Duration.ZERO, "d");
        change("DELETE FROM log_events WHERE position IN (2, 3)");
        consume("group=day&until=" + Instant.now().minus(Duration.ofMinutes(10)));
        await().until(() -> store.logStates().get(0).cursors().containsKey("day") && store.logStates().get(0).cursors().get("day").isAtEnd());
        assertThat(received).containsExactly("a");
        assertThat(store.ledgers().get("day")).satisfies(books -> assertThat(books.received()).isEqualTo(books.delivered() + books.lost()));
    }

    @Test
    void aDamagedFileIsSalvagedWithWhatIsKeptAndWithEnds() throws Exception {
        List<String> events = IntStream.range(0, 2_000).mapToObj(i -> "event " + i).toList();
        append(Duration.ofMinutes(30), events.toArray(String[]::new));
        append(Duration.ZERO, "new");
        consumer("one", 2_001);
        store.open(log, "day", SpoolSpan.parse("beginning", Instant.now().minus(Duration.ofMinutes(10)).toString()));
        store.advance(log, "day", 2_000, 2_000, 0).join();
        store.open(log, "late", SpoolSpan.parse("beginning", Instant.now().minus(Duration.ofMinutes(10)).toString()));
        close();
        // no log is left behind a clean end
        try (RandomAccessFile file = new RandomAccessFile(folder.resolve("data/spool.db").toFile(), "rw")) {
            file.write(new byte[4096]);
        }
        open(DataSize.ofGigabytes(1), KEEP);
        assertThat(there()).startsWith("event 0").endsWith("new").hasSize(2_001);
        assertThat(store.ledgers().get("one").waiting()).isZero();
        assertThat(store.open(log, "day", SpoolSpan.ALL).isAtEnd()).isTrue();
        assertThat(store.ledgers().get("late").waiting()).isEqualTo(2_000);
        assertThat(store.logStates().get(0).waiting("late")).isEqualTo(2_000);
    }

    @Test
    void timesThatMakeNoSenseAreRefusedWithWhatWouldBeRight() {
        assertThatThrownBy(() -> consume("group=one&from=yesterday")).hasStackTraceContaining("from=yesterday: it has to be beginning, end, how far back, such as 24h");
        assertThatThrownBy(() -> consume("group=one&from=2026-11-25")).hasStackTraceContaining("or a time with its zone, such as 2026-11-25T00:00:00Z");
        assertThatThrownBy(() -> consume("group=one&from=-24h")).hasStackTraceContaining("from=-24h: it has to be");
        assertThatThrownBy(() -> consume("group=one&until=24h")).hasStackTraceContaining("until=24h: it has to be a time with its zone");
        assertThatThrownBy(() -> consume("group=one&from=2026-11-26T00:00:00Z&until=2026-11-25T23:00:00-01:00"))
                .hasStackTraceContaining("is not before until=2026-11-25T23:00:00-01:00");
    }
}

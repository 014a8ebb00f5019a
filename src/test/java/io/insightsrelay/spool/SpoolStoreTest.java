package io.insightsrelay.spool;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.util.unit.DataSize;

class SpoolStoreTest {

    @TempDir
    Path folder;
    private SpoolStore store;

    static SpoolProperties properties(DataSize maxSize) {
        return new SpoolProperties(maxSize, DataSize.ofMegabytes(64), Duration.ofSeconds(7), Duration.ofMillis(100), Duration.ZERO);
    }

    @BeforeEach
    void open() {
        store = new SpoolStore(folder.resolve("data"), properties(DataSize.ofGigabytes(1)));
    }

    @AfterEach
    void close() {
        store.close();
    }

    private void reopen() {
        store.close();
        open();
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private List<String> beyond(SpoolLog log, long position, int count, long bytes) {
        return store.rowsBeyond(log, position, count, bytes).stream().map(row -> new String(row.payload(), StandardCharsets.UTF_8)).toList();
    }

    @Test
    void keepsOrderAndPositionsOverARestart() {
        store.append(store.log("events"), List.of(bytes("a"), bytes("b"))).join();
        store.append(store.log("events"), List.of(bytes("c"))).join();
        reopen();
        SpoolLog log = store.log("events");
        assertThat(log.lastPosition()).isEqualTo(3);
        store.append(log, List.of(bytes("d"))).join();
        assertThat(beyond(log, 0, 10, 1000)).containsExactly("a", "b", "c", "d");
        assertThat(beyond(log, 1, 2, 1000)).containsExactly("b", "c");
    }

    @Test
    void cutsABatchByBytesButTakesAtLeastOneEvent() {
        SpoolLog log = store.log("events");
        store.append(log, List.of(bytes("0123456789"), bytes("01234"), bytes("01234"))).join();
        assertThat(beyond(log, 0, 10, 3)).containsExactly("0123456789");
        assertThat(beyond(log, 0, 10, 15)).containsExactly("0123456789", "01234");
    }

    @Test
    void deletesOnlyWhatEveryConsumerIsPastAndNeverGivesAPositionTwice() {
        SpoolLog log = store.log("events");
        for (String event : List.of("a", "b", "c")) {
            // each in a commit, and so in a row, of its own
            store.append(log, List.of(bytes(event))).join();
        }
        assertThat(store.open(log, "one", SpoolSpan.ALL).position()).isZero();
        assertThat(store.open(log, "two", SpoolSpan.ALL).position()).isZero();
        store.advance(log, "one", 3, 3, 0).join();
        store.advance(log, "two", 2, 2, 0).join();
        await().until(() -> beyond(log, 0, 10, 1000).equals(List.of("c")));
        store.advance(log, "two", 3, 1, 0).join();
        await().until(() -> beyond(log, 0, 10, 1000).isEmpty());
        reopen();
        store.append(store.log("events"), List.of(bytes("d"))).join();
        assertThat(store.log("events").lastPosition()).isEqualTo(4);
        assertThat(store.open(store.log("events"), "two", SpoolSpan.ALL).position()).isEqualTo(3);
    }

    @Test
    void aConsumerThatComesLaterBeginsWithWhatThereIsAndItsBooksBalance() {
        SpoolLog log = store.log("events");
        store.open(log, "one", SpoolSpan.ALL);
        for (String event : List.of("a", "b", "c")) {
            // each in a commit, and so in a row, of its own
            store.append(log, List.of(bytes(event))).join();
        }
        store.advance(log, "one", 2, 2, 0).join();
        await().until(() -> beyond(log, 0, 10, 1000).equals(List.of("c")));
        assertThat(store.open(log, "late", SpoolSpan.ALL).position()).isEqualTo(2);
        assertThat(store.ledgers().get("one")).isEqualTo(new Ledger(3, 2, 0, 0, 0, 0, 1, 0, 0, 0));
        assertThat(store.ledgers().get("late")).isEqualTo(new Ledger(1, 0, 0, 0, 0, 0, 1, 0, 0, 0));
    }

    @Test
    void aCursorMayStandInTheMiddleOfARow() {
        SpoolLog log = store.log("events");
        store.open(log, "one", SpoolSpan.ALL);
        List<byte[]> events = IntStream.range(0, 1_000).mapToObj(i -> bytes("event " + i + " " + "x".repeat(i))).toList();
        store.append(log, events).join();
        for (int position : new int[] {0, 1, 7, 500, 998, 999, 1_000}) {
            List<String> beyond = beyond(log, position, 2_000, Long.MAX_VALUE);
            assertThat(beyond).hasSize(1_000 - position).allMatch(event -> event.startsWith("event "));
            assertThat(beyond.stream().findFirst().orElse("event " + position + " ")).startsWith("event " + position + " ");
        }
        assertThat(store.rowsBeyond(log, 997, 2, Long.MAX_VALUE).stream().map(SpoolStore.Row::position)).containsExactly(998L, 999L);
        store.advance(log, "one", 600, 600, 0).join();
        await().until(() -> !beyond(log, 0, 1, 1).get(0).startsWith("event 0 "));
        assertThat(beyond(log, 600, 2_000, Long.MAX_VALUE)).hasSize(400);
        // what is left of the row that the cursor stands in comes again for a new consumer, and its books balance
        long late = store.open(log, "late", SpoolSpan.ALL).position();
        assertThat(late).isLessThanOrEqualTo(600);
        assertThat(store.ledgers().get("late").waiting()).isEqualTo(1_000 - late).isEqualTo(store.ledgers().get("late").received());
    }

    @Test
    void aRowWhoseBytesHaveChangedComesOutAsOneThatNobodyCanRead() throws Exception {
        SpoolLog log = store.log("events");
        store.append(log, List.of(bytes("{\"a\":1}"), bytes("{\"b\":2}"))).join();
        store.append(log, List.of(bytes("{\"c\":3}"))).join();
        store.close();
        try (Connection connection = DriverManager.getConnection("jdbc:sqlite:" + folder.resolve("data/spool.db"));
             PreparedStatement change = connection.prepareStatement("UPDATE log_events SET payload = ? WHERE position = 2");
             ResultSet row = connection.createStatement().executeQuery("SELECT payload FROM log_events WHERE position = 2")) {
            byte[] payload = row.getBytes(1);
            payload[payload.length - 5]++;
            change.setBytes(1, payload);
            assertThat(change.executeUpdate()).isEqualTo(1);
        }
        reopen();
        List<SpoolStore.Row> rows = store.rowsBeyond(store.log("events"), 0, 10, 1_000);
        assertThat(rows.stream().map(SpoolStore.Row::position)).containsExactly(2L, 3L);
        assertThat(new String(rows.get(0).payload(), StandardCharsets.ISO_8859_1)).contains("{\"c\":2}");
        assertThat(rows.get(1).payload()).isEqualTo(bytes("{\"c\":3}"));
    }

    @Test
    void outcomesBeyondTheCursorAreKeptOverARestart() {
        SpoolLog log = store.log("events");
        store.open(log, "one", SpoolSpan.ALL);
        store.append(log, List.of(bytes("a"), bytes("b"), bytes("c"))).join();
        SpoolTransaction transaction = new SpoolTransaction();
        new SpoolBatch(store, log, "one", store.rowsBeyond(log, 0, 10, 1000), () -> false, null).settle(List.of(0, 2), List.of(), List.of(), transaction);
        assertThat(store.ledgers().get("one")).isEqualTo(new Ledger(3, 2, 0, 0, 0, 0, 1, 0, 0, 0));
        assertThat(store.logStates().get(0).waiting("one")).isEqualTo(1);
        reopen();
        assertThat(store.settled(store.log("events"), "one")).containsExactlyInAnyOrder(1L, 3L);
        assertThat(store.logStates().get(0).waiting("one")).isEqualTo(1);
        store.advance(store.log("events"), "one", 3, 1, 0).join();
        assertThat(store.settled(store.log("events"), "one")).isEmpty();
        assertThat(store.ledgers().get("one")).isEqualTo(new Ledger(3, 3, 0, 0, 0, 0, 0, 0, 0, 0));
    }

    @Test
    void aFolderOfTheFirstSchemaOpensAndItsBooksBegin() throws Exception {
        Path old = Files.createDirectory(folder.resolve("old"));
        try (Connection connection = DriverManager.getConnection("jdbc:sqlite:" + old.resolve("spool.db")); Statement statement = connection.createStatement()) {
            for (String sql : """
                    PRAGMA auto_vacuum = INCREMENTAL;
                    CREATE TABLE cursor(log TEXT, consumer TEXT, position INTEGER NOT NULL, PRIMARY KEY(log, consumer)) WITHOUT ROWID;
                    CREATE TABLE dead_letter(id TEXT, destination TEXT, reason TEXT NOT NULL, status INTEGER, attempts INTEGER NOT NULL,
                        received_at INTEGER NOT NULL, died_at INTEGER NOT NULL, replay_requested_at INTEGER, payload BLOB NOT NULL, PRIMARY KEY(id, destination));
                    CREATE INDEX dead_letter_replay ON dead_letter(replay_requested_at) WHERE replay_requested_at IS NOT NULL;
                    CREATE TABLE "log_events"(position INTEGER PRIMARY KEY, stored_at INTEGER NOT NULL, payload BLOB NOT NULL);
                    CREATE TABLE "log_retry-one"(position INTEGER PRIMARY KEY, stored_at INTEGER NOT NULL, payload BLOB NOT NULL);
                    INSERT INTO "log_events" VALUES (8, 0, 'h'), (9, 0, 'i'), (10, 0, 'j');
                    INSERT INTO "log_retry-one" VALUES (4, 0, 'd');
                    INSERT INTO cursor VALUES ('events', 'one', 8), ('retry-one', 'one', 3);
                    INSERT INTO dead_letter VALUES ('x', 'one', 'because', 400, 1, 0, 0, NULL, 'x'), ('y', 'one', 'because', 400, 1, 0, 0, NULL, 'y');
                    PRAGMA user_version = 1""".split(";")) {
                statement.execute(sql);
            }
        }
        try (SpoolStore upgraded = new SpoolStore(old, properties(DataSize.ofGigabytes(1)))) {
            assertThat(upgraded.open(upgraded.log("events"), "one", SpoolSpan.ALL).position()).isEqualTo(8);
            // two events and a retry wait, two are dead
            assertThat(upgraded.ledgers().get("one")).isEqualTo(new Ledger(5, 0, 2, 0, 0, 0, 3, 0, 0, 0));
        }
    }

    @Test
    void manyAppendersShareCommitsAndAllOfThemAreThere() {
        SpoolLog log = store.log("events");
        List<CompletableFuture<Integer>> appended = new ArrayList<>();
        IntStream.range(0, 5_000).parallel().forEach(i -> {
            CompletableFuture<Integer> future = store.append(log, List.of(bytes("event " + i)));
            synchronized (appended) {
                appended.add(future);
            }
        });
        CompletableFuture.allOf(appended.toArray(CompletableFuture[]::new)).join();
        assertThat(beyond(log, 0, 10_000, Long.MAX_VALUE)).hasSize(5_000).doesNotHaveDuplicates();
    }

    @Test
    void workThatFailsTakesNothingElseOfItsCommitWithIt() {
        SpoolLog log = store.log("events");
        CompletableFuture<Void> failing = store.write((connection, appender) -> {
            appender.append(log, List.of(bytes("never")));
            throw new SQLException("on purpose");
        });
        CompletableFuture<Integer> other = store.append(log, List.of(bytes("kept")));
        assertThatThrownBy(failing::join).hasRootCauseMessage("on purpose");
        other.join();
        assertThat(beyond(log, 0, 10, 1000)).containsExactly("kept");
        assertThat(log.lastPosition()).isEqualTo(1);
    }

    @Test
    void refusesAtItsLimitAndAcceptsAgainWhenThereIsRoom() {
        store.close();
        store = new SpoolStore(folder.resolve("small"), properties(DataSize.ofMegabytes(1)));
        SpoolLog log = store.log("events");
        assertThat(store.open(log, "one", SpoolSpan.ALL).position()).isZero();
        byte[] large = new byte[100_000];
        int accepted = 0;
        CompletableFuture<Integer> last = store.append(log, List.of(large));
        while (!last.isCompletedExceptionally()) {
            last.join();
            assertThat(++accepted).isLessThan(1_000);
            last = store.append(log, List.of(large));
            if (accepted > 5) {
                await().until(() -> store.size() > 100_000);
            }
        }
        assertThatThrownBy(last::join).hasCauseInstanceOf(SpoolFullException.class).hasMessageContaining("spool.maxSize");
        assertThat(beyond(log, 0, 1_000, Long.MAX_VALUE)).hasSize(accepted);
        store.advance(log, "one", accepted, accepted, 0).join();
        await().atMost(Duration.ofSeconds(20)).until(() -> !store.append(log, List.of(large)).isCompletedExceptionally());
    }

    @Test
    void theFolderAndTheFileAreTheRelaysAlone() throws Exception {
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(folder.resolve("data")))).isEqualTo("rwx------");
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(folder.resolve("data/spool.db")))).isEqualTo("rw-------");
    }

    @Test
    void aSecondRelayOnTheFolderIsRefused() {
        assertThatThrownBy(() -> new SpoolStore(folder.resolve("data"), properties(DataSize.ofGigabytes(1))))
                .isInstanceOf(SpoolException.class).hasMessageContaining("in use by another relay").hasMessageContaining("RELAY_DATA_DIR");
    }

    @Test
    void aNewerSchemaIsRefused() throws Exception {
        store.close();
        try (Connection connection = DriverManager.getConnection("jdbc:sqlite:" + folder.resolve("data/spool.db"));
             Statement statement = connection.createStatement()) {
            statement.execute("PRAGMA user_version = 99");
        }
        assertThatThrownBy(this::open).isInstanceOf(SpoolException.class).hasMessageContaining("version 99");
    }

    @Test
    void commitsAreSynced() {
        String modes = store.read((connection, appender) -> {
            try (Statement statement = connection.createStatement()) {
                return statement.executeQuery("PRAGMA journal_mode").getString(1) + " " + statement.executeQuery("PRAGMA synchronous").getInt(1);
            }
        });
        // 2 is FULL
        assertThat(modes).isEqualTo("wal 2");
        assertThat(store.write((connection, appender) -> {
            try (Statement statement = connection.createStatement()) {
                return statement.executeQuery("PRAGMA synchronous").getInt(1);
            }
        }).join()).isEqualTo(2);
    }

    @Test
    void refusesAfterItIsClosed() {
        SpoolLog log = store.log("events");
        store.close();
        assertThatThrownBy(() -> store.append(log, List.of(bytes("late"))).join()).hasCauseInstanceOf(SpoolException.class);
    }
}

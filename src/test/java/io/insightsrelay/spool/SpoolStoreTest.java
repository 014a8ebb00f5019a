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
        return new SpoolProperties(maxSize, DataSize.ofMegabytes(64), Duration.ofSeconds(7), Duration.ofMillis(100));
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
        store.append(log, List.of(bytes("a"), bytes("b"), bytes("c"))).join();
        assertThat(store.cursor(log, "one")).isZero();
        assertThat(store.cursor(log, "two")).isZero();
        store.moveCursor(log, "one", 3).join();
        store.moveCursor(log, "two", 2).join();
        await().until(() -> beyond(log, 0, 10, 1000).equals(List.of("c")));
        store.moveCursor(log, "two", 3).join();
        await().until(() -> beyond(log, 0, 10, 1000).isEmpty());
        reopen();
        store.append(store.log("events"), List.of(bytes("d"))).join();
        assertThat(store.log("events").lastPosition()).isEqualTo(4);
        assertThat(store.cursor(store.log("events"), "two")).isEqualTo(3);
    }

    @Test
    void aCursorNeverMovesBack() {
        SpoolLog log = store.log("events");
        assertThat(store.moveCursor(log, "one", 5).join()).isEqualTo(5);
        assertThat(store.moveCursor(log, "one", 2).join()).isEqualTo(5);
    }

    @Test
    void manyAppendersShareCommitsAndAllOfThemAreThere() {
        SpoolLog log = store.log("events");
        List<CompletableFuture<Void>> appended = new ArrayList<>();
        IntStream.range(0, 5_000).parallel().forEach(i -> {
            CompletableFuture<Void> future = store.append(log, List.of(bytes("event " + i)));
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
        CompletableFuture<Void> other = store.append(log, List.of(bytes("kept")));
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
        assertThat(store.cursor(log, "one")).isZero();
        byte[] large = new byte[100_000];
        int accepted = 0;
        CompletableFuture<Void> last = store.append(log, List.of(large));
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
        store.moveCursor(log, "one", accepted).join();
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

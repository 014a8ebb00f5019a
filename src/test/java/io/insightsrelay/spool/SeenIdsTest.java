package io.insightsrelay.spool;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.util.unit.DataSize;

/** Events that come again, on a real spool. */
class SeenIdsTest {

    @TempDir
    Path folder;
    private SpoolStore store;

    @BeforeEach
    void open() {
        open(Duration.ofHours(1), 1_000);
    }

    @AfterEach
    void close() {
        store.close();
    }

    private void open(Duration window, int maxIds) {
        store = new SpoolStore(folder.resolve("data"), SpoolStoreTest.properties(DataSize.ofGigabytes(1)), new DedupeProperties(window, maxIds));
    }

    private void reopen(Duration window, int maxIds) {
        store.close();
        open(window, maxIds);
    }

    /** Appends an event for each id; null: an event without one. */
    private CompletableFuture<Integer> append(UUID... ids) {
        List<byte[]> payloads = new ArrayList<>();
        Map<byte[], UUID> byPayload = new IdentityHashMap<>();
        for (UUID id : ids) {
            byte[] payload = ("event " + id).getBytes(StandardCharsets.UTF_8);
            payloads.add(payload);
            if (id != null) {
                byPayload.put(payload, id);
            }
        }
        return store.append(store.log("events"), payloads, byPayload, null);
    }

    private List<String> stored() {
        return store.rowsBeyond(store.log("events"), 0, 100_000, Long.MAX_VALUE).stream().map(row -> new String(row.payload(), StandardCharsets.UTF_8)).toList();
    }

    private long rows() {
        return store.read((connection, appender) -> {
            try (Statement statement = connection.createStatement(); ResultSet row = statement.executeQuery("SELECT count(*) FROM seen")) {
                return row.getLong(1);
            }
        });
    }

    private static UUID[] ids(int count) {
        UUID[] ids = new UUID[count];
        for (int i = 0; i < count; i++) {
            ids[i] = UUID.randomUUID();
        }
        return ids;
    }

    @Test
    void whatComesAgainIsNotStoredAgain() {
        UUID[] ids = ids(3);
        assertThat(append(ids[0], ids[1]).join()).isZero();
        assertThat(append(ids[1], null, ids[2], ids[2], null).join()).isEqualTo(2);
        assertThat(stored()).containsExactly("event " + ids[0], "event " + ids[1], "event null", "event " + ids[2], "event null");
        assertThat(append(ids).join()).isEqualTo(3);
        assertThat(stored()).hasSize(5);
    }

    @Test
    void repeatsInTheSameCommitAreRecognised() {
        UUID[] ids = ids(20);
        List<CompletableFuture<Integer>> appended = new ArrayList<>();
        for (int i = 0; i < 1_000; i++) {
            appended.add(append(ids[i % 20]));
        }
        assertThat(appended.stream().mapToInt(CompletableFuture::join).sum()).isEqualTo(980);
        assertThat(stored()).hasSize(20);
    }

    @Test
    void aRestartForgetsNothing() {
        UUID[] ids = ids(500);
        append(ids).join();
        reopen(Duration.ofHours(1), 1_000);
        assertThat(append(ids).join()).isEqualTo(500);
        assertThat(stored()).hasSize(500);
    }

    @Test
    void afterTheWindowAnIdIsNewAndThenKnownAgain() {
        reopen(Duration.ofMillis(300), 1_000);
        UUID id = UUID.randomUUID();
        append(id).join();
        await().until(() -> append(id).join() == 0);
        assertThat(append(id).join()).isEqualTo(1);
        reopen(Duration.ofHours(1), 1_000);
        assertThat(append(id).join()).isEqualTo(1);
        assertThat(stored()).hasSize(2);
    }

    @Test
    void theOldestAreForgottenFirstAndTheirRowsAreDeleted() {
        reopen(Duration.ofHours(1), 100);
        UUID[] ids = ids(1_500);
        for (UUID id : ids) {
            append(id).join();
        }
        assertThat(append(ids[1_499]).join()).isEqualTo(1);
        assertThat(append(ids[1_400]).join()).isEqualTo(1);
        assertThat(append(ids[1_399]).join()).isZero();
        assertThat(rows()).isLessThan(500);
        reopen(Duration.ofHours(1), 100);
        assertThat(append(ids[1_499], ids[1_402]).join()).isEqualTo(2);
        assertThat(append(ids[0]).join()).isZero();
    }

    @Test
    void aDamagedFileIsSalvagedWithTheIdsOfWhatIsInIt() throws Exception {
        reopen(Duration.ofHours(1), 100_000);
        UUID[] ids = ids(2_000);
        for (int from = 0; from < ids.length; from += 100) {
            append(Arrays.copyOfRange(ids, from, from + 100)).join();
        }
        store.close();
        // the names of the tables, and which page is of which
        try (RandomAccessFile file = new RandomAccessFile(folder.resolve("data/spool.db").toFile(), "rw")) {
            file.write(new byte[2 * 4096]);
        }
        open(Duration.ofHours(1), 100_000);
        assertThat(stored()).hasSize(2_000);
        assertThat(append(ids).join()).isEqualTo(2_000);
        assertThat(stored()).hasSize(2_000);
    }

    @Test
    void withoutAWindowNothingIsRemembered() {
        reopen(Duration.ZERO, 1_000);
        UUID id = UUID.randomUUID();
        assertThat(append(id).join()).isZero();
        assertThat(append(id).join()).isZero();
        assertThat(stored()).hasSize(2);
        assertThat(rows()).isZero();
    }

    @Test
    void theIdsOfACommitThatFailedAreNew() {
        UUID[] ids = ids(2);
        append(ids[0]).join();
        store.write((connection, appender) -> connection.createStatement().execute("ALTER TABLE seen RENAME TO away")).join();
        assertThatThrownBy(() -> append(ids[0], ids[1]).join()).hasRootCauseInstanceOf(SQLException.class);
        // as another process would: what writes is broken until the table is back
        store.close();
        try (var connection = java.sql.DriverManager.getConnection("jdbc:sqlite:" + folder.resolve("data/spool.db")); Statement statement = connection.createStatement()) {
            statement.execute("ALTER TABLE away RENAME TO seen");
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
        open();
        assertThat(append(ids[0], ids[1]).join()).isEqualTo(1);
        assertThat(stored()).containsExactly("event " + ids[0], "event " + ids[1]);
    }
}

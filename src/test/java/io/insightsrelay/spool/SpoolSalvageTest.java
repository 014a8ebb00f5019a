package io.insightsrelay.spool;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SpoolSalvageTest {

    private static final int ROWS = 3_000;

    @TempDir
    Path folder;
    private Path file;
    private Connection connection;

    @BeforeEach
    void fill() throws Exception {
        file = folder.resolve("spool.db");
        connection = DriverManager.getConnection("jdbc:sqlite:" + file);
        Random random = new Random(1);
        try (Statement statement = connection.createStatement()) {
            statement.execute("PRAGMA auto_vacuum = INCREMENTAL");
            statement.execute("PRAGMA journal_mode = WAL");
            statement.execute("PRAGMA wal_autocheckpoint = 0");
            for (String log : List.of("log_events", "log_retry-one")) {
                statement.execute("CREATE TABLE \"" + log + "\"(position INTEGER PRIMARY KEY, stored_at INTEGER NOT NULL, payload BLOB NOT NULL)");
            }
            statement.execute("CREATE TABLE cursor(log TEXT, consumer TEXT, position INTEGER NOT NULL, PRIMARY KEY(log, consumer)) WITHOUT ROWID");
            statement.execute("INSERT INTO cursor VALUES ('events', 'one', 77), ('retry-one', 'one', 5)");
            statement.execute("CREATE TABLE pair(a TEXT PRIMARY KEY, b REAL)");
            statement.execute("INSERT INTO pair VALUES ('x', 1.5), ('y', -2)");
            connection.setAutoCommit(false);
            for (String log : List.of("log_events", "log_retry-one")) {
                try (PreparedStatement insert = connection.prepareStatement("INSERT INTO \"" + log + "\" VALUES (?, ?, ?)")) {
                    for (int i = 1; i <= ROWS; i++) {
                        byte[] payload = new byte[i % 100 == 0 ? 20_000 : random.nextInt(600)];
                        random.nextBytes(payload);
                        insert.setLong(1, i);
                        insert.setLong(2, System.currentTimeMillis());
                        insert.setBytes(3, payload);
                        insert.executeUpdate();
                    }
                }
            }
            statement.execute("DELETE FROM log_events WHERE position <= 900");
            connection.commit();
            connection.setAutoCommit(true);
            statement.execute("PRAGMA incremental_vacuum(20)");
        }
    }

    @AfterEach
    void close() throws SQLException {
        connection.close();
    }

    private static String key(long rowid, Object storedAt, byte[] payload) {
        return rowid + " " + storedAt + " " + Arrays.hashCode(payload);
    }

    private TreeMap<String, Set<String>> bySql() throws SQLException {
        TreeMap<String, Set<String>> rows = new TreeMap<>();
        for (String log : List.of("log_events", "log_retry-one")) {
            try (Statement statement = connection.createStatement(); ResultSet row = statement.executeQuery("SELECT * FROM \"" + log + "\"")) {
                while (row.next()) {
                    rows.computeIfAbsent(log, key -> new TreeSet<>()).add(key(row.getLong(1), row.getLong(2), row.getBytes(3)));
                }
            }
        }
        return rows;
    }

    private TreeMap<String, Set<String>> salvaged(Path from) throws Exception {
        TreeMap<String, Set<String>> rows = new TreeMap<>();
        SpoolSalvage.read(from, Path.of(from + "-wal"), row -> {
            if (row.values().size() == 3 && row.values().get(2) instanceof byte[] payload) {
                assertThat(rows.computeIfAbsent(row.table(), key -> new TreeSet<>()).add(key(row.rowid(), row.values().get(1), payload))).isTrue();
            }
        });
        return rows;
    }

    private Path copy() throws Exception {
        Path copy = folder.resolve("copy" + System.nanoTime() + ".db");
        Files.copy(file, copy);
        if (Files.exists(Path.of(file + "-wal"))) {
            Files.copy(Path.of(file + "-wal"), Path.of(copy + "-wal"));
        }
        return copy;
    }

    private void checkpoint() throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("PRAGMA wal_checkpoint(TRUNCATE)");
        }
    }

    private static void overwrite(Path file, long at, int length, Random random) throws Exception {
        try (RandomAccessFile access = new RandomAccessFile(file.toFile(), "rw")) {
            byte[] noise = new byte[length];
            random.nextBytes(noise);
            access.seek(at);
            access.write(noise);
        }
    }

    @Test
    void aSoundFileGivesExactlyItsRows() throws Exception {
        checkpoint();
        assertThat(salvaged(copy())).isEqualTo(bySql());
        List<SpoolSalvage.Row> others = new ArrayList<>();
        int unreadable = SpoolSalvage.read(file, Path.of(file + "-wal"), row -> {
            if (!row.table().startsWith("log_")) {
                others.add(row);
            }
        });
        assertThat(unreadable).isZero();
        assertThat(others).containsExactlyInAnyOrder(new SpoolSalvage.Row("cursor", 0, List.of("events", "one", 77L)), new SpoolSalvage.Row("cursor", 0, List.of("retry-one", "one", 5L)),
                new SpoolSalvage.Row("pair", 1, List.of("x", 1.5)), new SpoolSalvage.Row("pair", 2, List.of("y", -2L)));
    }

    @Test
    void rowsOfTheWriteAheadLogComeToo() throws Exception {
        assertThat(salvaged(copy())).isEqualTo(bySql());
    }

    @Test
    void aTornWriteAheadLogGivesWhatWasCommittedBeforeTheTear() throws Exception {
        checkpoint();
        TreeMap<String, Set<String>> before = bySql();
        try (Statement statement = connection.createStatement()) {
            statement.execute("INSERT INTO log_events VALUES (5001, 0, x'01')");
            long kept = Files.size(Path.of(file + "-wal"));
            before.get("log_events").add(key(5_001, 0L, new byte[] {1}));
            statement.execute("INSERT INTO log_events VALUES (5002, 0, x'02')");
            Path torn = copy();
            try (RandomAccessFile wal = new RandomAccessFile(torn + "-wal", "rw")) {
                wal.setLength(kept + 2_000);
            }
            assertThat(salvaged(torn)).isEqualTo(before);
        }
    }

    @Test
    void aDamagedLeafCostsItsRowsAndADamagedInteriorPageNone() throws Exception {
        checkpoint();
        TreeMap<String, Set<String>> all = bySql();
        int rounds = 0;
        for (int page = 3; page < 60; page++) {
            Path damaged = copy();
            byte[] content = Files.readAllBytes(damaged);
            byte kind = content[(page - 1) * 4096];
            overwrite(damaged, (page - 1) * 4096L, 4096, new Random(page));
            TreeMap<String, Set<String>> left = salvaged(damaged);
            int lost = all.values().stream().mapToInt(Set::size).sum() - left.values().stream().mapToInt(Set::size).sum();
            if (kind == 0x05) {
                assertThat(left).isEqualTo(all);
                rounds++;
            } else {
                assertThat(lost).isBetween(0, 400);
            }
        }
        assertThat(rounds).isPositive();
    }

    @Test
    void aLostFirstPageCostsOnlyNames() throws Exception {
        checkpoint();
        Path damaged = copy();
        overwrite(damaged, 0, 4096, new Random(5));
        Set<String> all = new TreeSet<>();
        bySql().values().forEach(all::addAll);
        assertThat(salvaged(damaged).get("")).containsAll(all);
    }

    @Test
    void anyDamageEndsWithoutAnException() throws Exception {
        checkpoint();
        Random random = new Random(42);
        for (int round = 0; round < 150; round++) {
            Path damaged = copy();
            for (int i = 0; i < 1 + random.nextInt(30); i++) {
                overwrite(damaged, random.nextInt((int) Files.size(damaged) - 5_000), 1 + random.nextInt(round % 2 == 0 ? 8 : 4_096), random);
            }
            SpoolSalvage.read(damaged, Path.of(damaged + "-wal"), row -> assertThat(row.values()).isNotNull());
            Files.delete(damaged);
        }
    }
}

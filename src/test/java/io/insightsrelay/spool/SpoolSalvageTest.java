package io.insightsrelay.spool;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
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
                boolean added = rows.computeIfAbsent(row.table(), key -> new TreeSet<>()).add(key(row.rowid(), row.values().get(1), payload));
                // without the name of its table a row may be what a free page still holds of one that has moved
                assertThat(added || row.table().isEmpty()).isTrue();
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
        assertThat(others).containsExactlyInAnyOrder(new SpoolSalvage.Row("cursor", 0, List.of("events", "one", 77L)),
                new SpoolSalvage.Row("cursor", 0, List.of("retry-one", "one", 5L)),
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

    private static Set<String> all(TreeMap<String, Set<String>> rows) {
        Set<String> all = new TreeSet<>();
        rows.values().forEach(all::addAll);
        return all;
    }

    /** The kind of each page as SQLite itself tells it, and the number of its cells; a pointer map page is not among them. */
    private TreeMap<Integer, Object[]> pagesBySql() throws SQLException {
        TreeMap<Integer, Object[]> pages = new TreeMap<>();
        try (Statement statement = connection.createStatement();
             ResultSet row = statement.executeQuery("SELECT pageno, pagetype, ncell FROM dbstat WHERE name LIKE 'log%'")) {
            while (row.next()) {
                pages.put(row.getInt(1), new Object[] {row.getString(2), row.getInt(3)});
            }
        }
        return pages;
    }

    @Test
    void aDamagedPageCostsWhatWasInIt() throws Exception {
        checkpoint();
        TreeMap<String, Set<String>> all = bySql();
        Set<String> kinds = new TreeSet<>();
        int leaves = 0;
        for (var page : pagesBySql().entrySet()) {
            String kind = (String) page.getValue()[0];
            // a sample of the leaves; all of the few interior pages
            if (kind.equals("leaf") && leaves++ % 10 > 0 || kind.equals("overflow") && page.getKey() % 10 > 0) {
                continue;
            }
            kinds.add(kind);
            Path damaged = copy();
            overwrite(damaged, (page.getKey() - 1) * 4096L, 4096, new Random(page.getKey()));
            TreeMap<String, Set<String>> left = salvaged(damaged);
            Files.delete(damaged);
            int expected = kind.equals("leaf") ? (int) page.getValue()[1] : kind.equals("overflow") ? 1 : 0;
            assertThat(all(all)).as("page %s, %s", page.getKey(), kind).containsAll(all(left));
            assertThat(all(all).size() - all(left).size()).as("page %s, %s", page.getKey(), kind).isEqualTo(expected);
        }
        assertThat(kinds).containsExactly("internal", "leaf", "overflow");
    }

    @Test
    void aLostPointerMapCostsOnlyNames() throws Exception {
        checkpoint();
        for (int seed = 0; seed < 5; seed++) {
            Path damaged = copy();
            overwrite(damaged, 4096, 4096, new Random(seed));
            assertThat(all(salvaged(damaged))).containsAll(all(bySql()));
        }
    }

    @Test
    void aViewOrTriggerHasNoRootAndHidesNothing() throws Exception {
        try (Statement statement = connection.createStatement()) {
            statement.execute("CREATE VIEW late AS SELECT * FROM log_events");
        }
        checkpoint();
        Path damaged = copy();
        overwrite(damaged, 4096, 4096, new Random(1));
        assertThat(all(salvaged(damaged))).containsAll(all(bySql()));
    }

    @Test
    void aDamagedHeaderCostsNoRows() throws Exception {
        checkpoint();
        for (int at : new int[] {0, 16, 20}) {
            Path damaged = copy();
            try (RandomAccessFile access = new RandomAccessFile(damaged.toFile(), "rw")) {
                access.seek(at);
                access.write(at == 20 ? 77 : 'S' + 1);
            }
            assertThat(salvaged(damaged)).isEqualTo(bySql());
        }
    }

    /** The offset of the pointer to the first overflow page, and that of the payload's size, of a row with a rowid of two bytes. */
    private long[] rowWithOverflow(byte[] content) throws SQLException {
        for (var page : pagesBySql().entrySet()) {
            int start = (page.getKey() - 1) * 4096;
            for (int i = 0; page.getValue()[0].equals("leaf") && i < (int) page.getValue()[1]; i++) {
                int cell = start + ((content[start + 8 + 2 * i] & 0xFF) << 8 | content[start + 9 + 2 * i] & 0xFF);
                int size = (content[cell] & 0x7F) << 14 | (content[cell + 1] & 0x7F) << 7 | content[cell + 2];
                if (content[cell] < 0 && content[cell + 1] < 0 && content[cell + 2] >= 0 && content[cell + 3] < 0 && size > 20_000) {
                    int local = 489 + (size - 489) % 4092;
                    return new long[] {cell + 5 + (local <= 4061 ? local : 489), cell};
                }
            }
        }
        throw new AssertionError("no row with overflow pages");
    }

    @Test
    void anOverflowChainThatLoopsCostsItsRow() throws Exception {
        checkpoint();
        Path damaged = copy();
        try (RandomAccessFile access = new RandomAccessFile(damaged.toFile(), "rw")) {
            access.seek(rowWithOverflow(Files.readAllBytes(damaged))[0]);
            int first = access.readInt();
            access.seek((first - 1) * 4096L);
            access.writeInt(first);
        }
        assertThat(all(bySql())).hasSize(all(salvaged(damaged)).size() + 1).containsAll(all(salvaged(damaged)));
    }

    /** The files may be larger than what an array can hold, or the heap. */
    @Test
    void aSizeOfGigabytesCostsItsRow() throws Exception {
        checkpoint();
        for (int size : new int[] {0x8F, 0x87}) {
            Path damaged = copy();
            try (RandomAccessFile access = new RandomAccessFile(damaged.toFile(), "rw");
                 RandomAccessFile wal = new RandomAccessFile(damaged + "-wal", "rw")) {
                access.seek(rowWithOverflow(Files.readAllBytes(damaged))[1]);
                access.write(new byte[] {(byte) size, -1, -1, -1, 0x7F});
                // sparse, and no write-ahead log by its header
                wal.setLength(6L << 30);
            }
            int most = all(bySql()).size() - 1;
            assertThat(all(salvaged(damaged)).size()).isBetween(most - 1, most);
        }
    }

    @Test
    void aLostFirstPageCostsOnlyNames() throws Exception {
        checkpoint();
        Path damaged = copy();
        overwrite(damaged, 0, 4096, new Random(5));
        assertThat(salvaged(damaged).get("")).containsAll(all(bySql()));
        assertThat(SpoolSalvage.read(damaged, Path.of(damaged + "-wal"), row -> { })).isPositive();
    }

    @Test
    void anyDamageEndsWithoutAnException() throws Exception {
        Path withLog = copy();
        checkpoint();
        Path without = copy();
        Random random = new Random(42);
        for (int round = 0; round < 200; round++) {
            Path damaged = folder.resolve("damaged.db");
            Path log = Path.of(damaged + "-wal");
            Files.copy(round % 4 == 3 ? withLog : without, damaged, StandardCopyOption.REPLACE_EXISTING);
            Files.deleteIfExists(log);
            if (round % 4 == 3) {
                Files.copy(Path.of(withLog + "-wal"), log);
            }
            for (int i = 0; i < 1 + random.nextInt(30); i++) {
                Path target = round % 4 == 3 && random.nextBoolean() ? log : damaged;
                long at = (long) (random.nextDouble() * Files.size(target));
                overwrite(target, at, (int) Math.min(Files.size(target) - at, 1 + random.nextInt(round % 2 == 0 ? 8 : 4_096)), random);
            }
            long most = Files.size(damaged) + (Files.exists(log) ? Files.size(log) : 0);
            assertTimeoutPreemptively(Duration.ofSeconds(20), () -> SpoolSalvage.read(damaged, log, row -> {
                long bytes = row.values().stream().mapToLong(value -> value instanceof byte[] blob ? blob.length : 0).sum();
                assertThat(bytes).isLessThanOrEqualTo(most);
            }));
        }
    }
}

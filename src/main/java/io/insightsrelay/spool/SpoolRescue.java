package io.insightsrelay.spool;

import io.insightsrelay.spool.Tally.Outcome;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.sqlite.SQLiteErrorCode;
import org.sqlite.SQLiteException;

/**
 * Finds out whether the database file is damaged, and if so makes a new one of what can be read of it and sets the old one
 * aside under a dated name. Every step can be interrupted: the next start goes on.
 */
final class SpoolRescue {

    private static final Logger LOG = LoggerFactory.getLogger(SpoolRescue.class);
    private static final DateTimeFormatter DATE = DateTimeFormatter.ofPattern("yyyyMMdd'T'HHmmss'Z'").withZone(ZoneOffset.UTC);
    /** A larger file is looked over only where it is under suspicion: about a second for each gigabyte at best. */
    private static final long ALWAYS_CHECKED = 2L << 30;
    private static final int ROWS_A_COMMIT = 10_000;

    private final Path database;
    private final Path building;
    private final Path salvaged;
    private final Path suspicion;

    SpoolRescue(Path database) {
        this.database = database;
        building = database.resolveSibling("spool.db.building");
        salvaged = database.resolveSibling("spool.db.salvaged");
        suspicion = database.resolveSibling("spool.db.suspect");
    }

    /** Whether an exception says that the file is damaged, as opposed to a full or broken disk. */
    static boolean saysDamaged(Throwable thrown) {
        for (Throwable cause = thrown; cause != null; cause = cause.getCause()) {
            if (cause instanceof SQLiteException sqlite) {
                int primary = sqlite.getResultCode().code & 0xFF;
                return primary == SQLiteErrorCode.SQLITE_CORRUPT.code || primary == SQLiteErrorCode.SQLITE_NOTADB.code;
            }
        }
        return false;
    }

    void suspect() {
        try {
            Files.writeString(suspicion, "");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    boolean isDamaged() throws SQLException, IOException {
        if (Files.notExists(database) || Files.size(database) > ALWAYS_CHECKED && Files.notExists(suspicion)) {
            return false;
        }
        try (Connection connection = DriverManager.getConnection("jdbc:sqlite:" + database); Statement statement = connection.createStatement();
             ResultSet row = statement.executeQuery("PRAGMA quick_check(1)")) {
            boolean damaged = !row.next() || !"ok".equals(row.getString(1));
            if (!damaged) {
                Files.deleteIfExists(suspicion);
            }
            return damaged;
        } catch (SQLException e) {
            if (saysDamaged(e)) {
                return true;
            }
            throw e;
        }
    }

    void rescue() throws SQLException, IOException {
        LOG.error("THE SPOOL IS DAMAGED: {}. What can be read of it is salvaged into a new file.", database.toAbsolutePath());
        Files.deleteIfExists(building);
        Files.deleteIfExists(Path.of(building + "-journal"));
        SpoolFile.updateSchema(building);
        int events;
        int deadLetters;
        int unreadable;
        try (Connection connection = DriverManager.getConnection("jdbc:sqlite:" + building)) {
            connection.setAutoCommit(false);
            Insert insert = new Insert(connection);
            unreadable = SpoolSalvage.read(database, Path.of(database + "-wal"), insert::row);
            insert.orphans();
            connection.commit();
            events = insert.events;
            deadLetters = insert.deadLetters;
            connection.setAutoCommit(true);
            balance(connection);
        }
        try (FileChannel file = FileChannel.open(building, StandardOpenOption.WRITE)) {
            file.force(true);
        }
        Files.move(building, salvaged, StandardCopyOption.ATOMIC_MOVE);
        finish();
        LOG.error("Salvaged from the damaged spool: {} events and {} dead letters; {} pages could not be read. What is missing is counted as lost.",
                events, deadLetters, unreadable);
    }

    /** Puts the salvaged file, once it is complete, in the place of the damaged one. */
    void finish() throws IOException {
        if (Files.notExists(salvaged)) {
            return;
        }
        String aside = "spool.db.damaged-" + DATE.format(Instant.now());
        for (String suffix : List.of("-wal", "-shm", "")) {
            Path old = Path.of(database + suffix);
            if (Files.exists(old)) {
                Files.move(old, database.resolveSibling(aside + suffix));
            }
        }
        Files.move(salvaged, database, StandardCopyOption.ATOMIC_MOVE);
        Files.deleteIfExists(suspicion);
        LOG.error("The damaged spool is kept as {}", database.resolveSibling(aside).toAbsolutePath());
    }

    /** What is missing of what the counts tell of is lost; what is there although they do not was there before. */
    private static void balance(Connection connection) throws SQLException {
        for (Map.Entry<String, Ledger> entry : Ledger.read(connection).entrySet()) {
            Ledger books = entry.getValue();
            long missing = books.received() - books.delivered() - books.deadLetters() - books.deleted() - books.expired() - books.lost() - books.waiting();
            Tally.add(connection, entry.getKey(), missing > 0 ? Outcome.LOST : Outcome.OPENING, Math.abs(missing));
        }
    }

    /** Puts a row where it belongs, by the name of its table or, where that is lost, by its shape. */
    private static final class Insert {

        private final Connection connection;
        private final Set<String> logs = new HashSet<>();
        private int events;
        private int deadLetters;

        Insert(Connection connection) throws SQLException {
            this.connection = connection;
            try (Statement statement = connection.createStatement()) {
                statement.execute("CREATE TEMP TABLE orphan(position INTEGER, stored_at INTEGER, payload BLOB)");
            }
        }

        /** Events of which nothing tells the log: at their place in the first of them where it is free, or else at its end. */
        void orphans() throws SQLException {
            String table = log("events").table();
            try (Statement statement = connection.createStatement();
                 ResultSet orphans = statement.executeQuery("SELECT position, stored_at, payload FROM orphan ORDER BY position")) {
                while (orphans.next()) {
                    byte[] payload = orphans.getBytes(3);
                    long position = orphans.getLong(1);
                    Place place = place(table, position, SpoolBlock.events(payload).size(), payload);
                    if (place != Place.THERE_ALREADY) {
                        insert(table, place == Place.FREE ? position : last(table) + SpoolBlock.events(payload).size(), orphans.getLong(2), payload);
                    }
                }
            }
        }

        private enum Place { FREE, TAKEN, THERE_ALREADY }

        /** A row covers as many positions as it has events, up to its own. */
        private Place place(String table, long position, int events, byte[] payload) throws SQLException {
            try (PreparedStatement next = connection.prepareStatement("SELECT position, payload FROM " + table + " WHERE position > ? ORDER BY position LIMIT 1")) {
                next.setLong(1, position - events);
                try (ResultSet row = next.executeQuery()) {
                    if (!row.next()) {
                        return Place.FREE;
                    }
                    byte[] other = row.getBytes(2);
                    return Arrays.equals(payload, other) ? Place.THERE_ALREADY
                            : row.getLong(1) - SpoolBlock.events(other).size() >= position ? Place.FREE : Place.TAKEN;
                }
            }
        }

        private long last(String table) throws SQLException {
            try (Statement statement = connection.createStatement(); ResultSet row = statement.executeQuery("SELECT max(position) FROM " + table)) {
                row.next();
                return row.getLong(1);
            }
        }

        void row(SpoolSalvage.Row row) {
            List<Object> values = row.values();
            boolean unknown = row.table().isEmpty();
            try {
                if ((unknown || row.table().startsWith("log_")) && values.size() == 3 && values.get(0) == null && values.get(1) instanceof Long && values.get(2) instanceof byte[]) {
                    String table = unknown ? "orphan" : log(row.table().substring(4)).table();
                    events += insert(table, row.rowid(), values.get(1), values.get(2)) * SpoolBlock.events((byte[]) values.get(2)).size();
                } else if ((unknown || row.table().equals("dead_letter")) && values.size() == 9 && values.get(8) instanceof byte[]) {
                    deadLetters += insert("dead_letter", values.toArray());
                } else if (row.table().equals("cursor") || unknown && (values.size() == 4 || values.size() == 5) && values.get(0) instanceof String && values.get(2) instanceof Long) {
                    log((String) values.get(0));
                    Object start = values.size() > 3 ? values.get(3) : values.get(2);
                    insert("cursor", values.get(0), values.get(1), values.get(2), start, values.size() > 4 ? values.get(4) : null);
                } else if (row.table().equals("seen") || unknown && values.size() == 3 && values.get(1) instanceof byte[] && values.get(2) instanceof Long) {
                    insert("seen", row.rowid(), values.get(1), values.get(2));
                } else if (row.table().equals("settled") || row.table().equals("tally")) {
                    insert(row.table(), values.toArray());
                }
                if ((events + deadLetters) % ROWS_A_COMMIT == 0) {
                    connection.commit();
                }
            } catch (SQLException | IllegalArgumentException | ClassCastException e) {
                LOG.warn("A row of the damaged spool cannot be kept: {}", e.getMessage());
            }
        }

        /** Its table may have been empty, so that no row tells of it. */
        private SpoolLog log(String name) throws SQLException {
            SpoolLog log = new SpoolLog(name, 0);
            if (logs.add(name)) {
                SpoolRows.createTable(connection, log);
            }
            return log;
        }

        private int insert(String table, Object... values) throws SQLException {
            try (PreparedStatement statement = connection.prepareStatement("INSERT OR IGNORE INTO " + table + " VALUES (?" + ", ?".repeat(values.length - 1) + ")")) {
                for (int i = 0; i < values.length; i++) {
                    statement.setObject(i + 1, values[i]);
                }
                return statement.executeUpdate();
            }
        }
    }
}

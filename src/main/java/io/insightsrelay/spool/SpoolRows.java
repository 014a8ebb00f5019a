package io.insightsrelay.spool;

import io.insightsrelay.spool.SpoolStore.Row;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import org.springframework.lang.Nullable;

/** The table of a log: how it is made, read and searched. All methods run inside a {@link SpoolStore.Work}. */
final class SpoolRows {

    private SpoolRows() {
    }

    static void createTable(Connection connection, SpoolLog log) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("CREATE TABLE IF NOT EXISTS " + log.table()
                    + "(position INTEGER PRIMARY KEY, stored_at INTEGER NOT NULL, payload BLOB NOT NULL)");
        }
    }

    /** Reads on from {@code position}, in order; stops at {@code count} events or before {@code bytes}, but takes at least one. */
    static List<Row> beyond(Connection connection, SpoolLog log, long position, int count, long bytes) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement("SELECT position, stored_at, payload FROM "
                + log.table() + " WHERE position > ? ORDER BY position LIMIT ?")) {
            statement.setLong(1, position);
            statement.setInt(2, count);
            List<Row> rows = new ArrayList<>();
            long total = 0;
            try (ResultSet result = statement.executeQuery()) {
                while (result.next()) {
                    List<byte[]> events = SpoolBlock.events(result.getBytes(3));
                    long storedAt = result.getLong(2);
                    long before = result.getLong(1) - events.size();
                    for (int i = (int) Math.max(0, position - before); i < events.size(); i++) {
                        total += events.get(i).length;
                        if (rows.size() == count || total > bytes && !rows.isEmpty()) {
                            return rows;
                        }
                        rows.add(new Row(before + i + 1, storedAt, events.get(i)));
                    }
                }
            }
            return rows;
        }
    }

    /** When the oldest event was stored, in milliseconds; null if there is none. */
    @Nullable
    static Long oldestStoredAt(Connection connection, SpoolLog log) throws SQLException {
        try (Statement statement = connection.createStatement();
             ResultSet row = statement.executeQuery("SELECT stored_at FROM " + log.table() + " ORDER BY position LIMIT 1")) {
            return row.next() ? row.getLong(1) : null;
        }
    }

    /** The position of the newest event that there was. */
    static long last(Connection connection, SpoolLog log) throws SQLException {
        try (Statement statement = connection.createStatement(); ResultSet row = statement.executeQuery("SELECT max(position) FROM " + log.table())) {
            row.next();
            // it may be deleted already
            return Math.max(row.getLong(1), log.lastPosition());
        }
    }

    /** The position before the oldest event that there is. */
    static long beforeOldest(Connection connection, SpoolLog log) throws SQLException {
        return beforeRowFrom(connection, log, 0);
    }

    /** The position before the first event that was stored at that time, in milliseconds, or later: found by halving, since times grow with positions. */
    static long before(Connection connection, SpoolLog log, long time) throws SQLException {
        long low = 1;
        long high = last(connection, log) + 1;
        try (PreparedStatement statement = connection.prepareStatement("SELECT position, stored_at FROM " + log.table()
                + " WHERE position >= ? ORDER BY position LIMIT 1")) {
            while (low < high) {
                long middle = low + (high - low) / 2;
                statement.setLong(1, middle);
                try (ResultSet row = statement.executeQuery()) {
                    if (!row.next() || row.getLong(2) >= time) {
                        high = middle;
                    } else {
                        low = row.getLong(1) + 1;
                    }
                }
            }
        }
        return beforeRowFrom(connection, log, low);
    }

    private static long beforeRowFrom(Connection connection, SpoolLog log, long position) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement("SELECT position, payload FROM " + log.table()
                + " WHERE position >= ? ORDER BY position LIMIT 1")) {
            statement.setLong(1, position);
            try (ResultSet row = statement.executeQuery()) {
                return row.next() ? row.getLong(1) - SpoolBlock.events(row.getBytes(2)).size() : last(connection, log);
            }
        }
    }
}

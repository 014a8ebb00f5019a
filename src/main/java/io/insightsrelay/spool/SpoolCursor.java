package io.insightsrelay.spool;

import io.insightsrelay.spool.Spool.Progress;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Collection;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.springframework.lang.Nullable;

/**
 * How far a consumer is, in the database: every event up to its position has an outcome, and so have the single ones beyond
 * it that are in the table {@code settled}. All methods run inside a {@link SpoolStore.Work}.
 */
final class SpoolCursor {

    private static final String SETTLED = "(SELECT count(*) FROM settled s WHERE s.log = c.log AND s.consumer = c.consumer)";

    private SpoolCursor() {
    }

    /** Where the consumer is. One that is new begins where the span does and counts from there; an end that was reached stays. */
    static Progress open(Connection connection, SpoolLog log, String consumer, SpoolSpan span) throws SQLException {
        Progress progress = progress(connection, log, consumer);
        if (progress == null) {
            begin(connection, log, consumer, span.start(connection, log));
            progress = progress(connection, log, consumer);
        }
        if (progress.isAtEnd()) {
            return progress;
        }
        try (PreparedStatement end = prepare(connection, """
                UPDATE cursor SET ends_at = max(?3, position, (SELECT coalesce(max(position), 0) FROM settled WHERE log = ?1 AND consumer = ?2))
                WHERE log = ?1 AND consumer = ?2 AND (ends_at IS NOT NULL OR ?3 IS NOT NULL)""", log, consumer)) {
            // max of null is null
            end.setObject(3, span.end(connection, log));
            end.executeUpdate();
        }
        return progress(connection, log, consumer);
    }

    @Nullable
    private static Progress progress(Connection connection, SpoolLog log, String consumer) throws SQLException {
        try (PreparedStatement known = prepare(connection, "SELECT position, " + SETTLED + ", ends_at FROM cursor c WHERE log = ? AND consumer = ?", log, consumer);
             ResultSet row = known.executeQuery()) {
            return row.next() ? progress(row, 1) : null;
        }
    }

    private static Progress progress(ResultSet row, int column) throws SQLException {
        return new Progress(row.getLong(column), row.getLong(column + 1), row.getObject(column + 2) instanceof Number end ? end.longValue() : null);
    }

    /** How far every consumer of every log is, by log and consumer. */
    static Map<String, Map<String, Progress>> all(Connection connection) throws SQLException {
        Map<String, Map<String, Progress>> cursors = new ConcurrentHashMap<>();
        try (Statement statement = connection.createStatement();
             ResultSet rows = statement.executeQuery("SELECT log, consumer, position, " + SETTLED + ", ends_at FROM cursor c")) {
            while (rows.next()) {
                cursors.computeIfAbsent(rows.getString(1), name -> new ConcurrentHashMap<>()).put(rows.getString(2), progress(rows, 3));
            }
        }
        return cursors;
    }

    private static void begin(Connection connection, SpoolLog log, String consumer, long first) throws SQLException {
        try (PreparedStatement create = prepare(connection, "INSERT INTO cursor(log, consumer, position, start) VALUES (?1, ?2, ?3, ?3)", log, consumer)) {
            create.setLong(3, first);
            create.executeUpdate();
        }
        if (!log.isRetries()) {
            // dead letters of an earlier life of this consumer
            try (PreparedStatement dead = connection.prepareStatement("SELECT count(*) FROM dead_letter WHERE destination = ?")) {
                dead.setString(1, consumer);
                try (ResultSet row = dead.executeQuery()) {
                    row.next();
                    Tally.add(connection, consumer, Tally.Outcome.OPENING, row.getLong(1));
                }
            }
        }
    }

    /** The positions beyond the cursor that have an outcome. */
    static Set<Long> settled(Connection connection, SpoolLog log, String consumer) throws SQLException {
        Set<Long> positions = new HashSet<>();
        try (PreparedStatement statement = prepare(connection, "SELECT position FROM settled WHERE log = ? AND consumer = ?", log, consumer);
             ResultSet rows = statement.executeQuery()) {
            while (rows.next()) {
                positions.add(rows.getLong(1));
            }
        }
        return positions;
    }

    static void settle(Connection connection, SpoolLog log, String consumer, Collection<Long> positions) throws SQLException {
        try (PreparedStatement statement = prepare(connection, "INSERT INTO settled(log, consumer, position) VALUES (?, ?, ?)", log, consumer)) {
            for (long position : positions) {
                statement.setLong(3, position);
                statement.executeUpdate();
            }
        }
    }

    /** Moves on; {@code delivered} and {@code lost} are the events on the way that had no outcome yet. */
    static void advance(Connection connection, SpoolLog log, String consumer, long position, long delivered, long lost) throws SQLException {
        try (PreparedStatement statement = prepare(connection, "UPDATE cursor SET position = ?3 WHERE log = ?1 AND consumer = ?2", log, consumer)) {
            statement.setLong(3, position);
            statement.executeUpdate();
        }
        try (PreparedStatement statement = prepare(connection, "DELETE FROM settled WHERE log = ? AND consumer = ? AND position <= ?", log, consumer)) {
            statement.setLong(3, position);
            statement.executeUpdate();
        }
        Tally.add(connection, consumer, Tally.Outcome.DELIVERED, delivered);
        Tally.add(connection, consumer, Tally.Outcome.LOST, lost);
    }

    /** Forgets the consumer's positions and counts; true if there were any. */
    static boolean forget(Connection connection, String consumer) throws SQLException {
        boolean known = false;
        for (String table : new String[] {"settled", "tally", "cursor"}) {
            try (PreparedStatement statement = connection.prepareStatement("DELETE FROM " + table + " WHERE consumer = ?")) {
                statement.setString(1, consumer);
                known = statement.executeUpdate() > 0;
            }
        }
        return known;
    }

    private static PreparedStatement prepare(Connection connection, String sql, SpoolLog log, String consumer) throws SQLException {
        PreparedStatement statement = connection.prepareStatement(sql);
        statement.setString(1, log.name());
        statement.setString(2, consumer);
        return statement;
    }
}

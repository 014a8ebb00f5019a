package io.insightsrelay.spool;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Collection;
import java.util.HashSet;
import java.util.Set;

/**
 * How far a consumer is, in the database: every event up to its position has an outcome, and so have the single ones beyond
 * it that are in the table {@code settled}. All methods run inside a {@link SpoolStore.Work}.
 */
final class SpoolCursor {

    private SpoolCursor() {
    }

    /** The consumer's position; one that is new begins with the oldest event that there is, and counts from there. */
    static long open(Connection connection, SpoolLog log, String consumer) throws SQLException {
        try (PreparedStatement known = prepare(connection, "SELECT position FROM cursor WHERE log = ? AND consumer = ?", log, consumer);
             ResultSet row = known.executeQuery()) {
            if (row.next()) {
                return row.getLong(1);
            }
        }
        long first = log.lastPosition();
        try (Statement statement = connection.createStatement();
             ResultSet row = statement.executeQuery("SELECT position, payload FROM " + log.table() + " ORDER BY position LIMIT 1")) {
            if (row.next()) {
                first = row.getLong(1) - SpoolBlock.events(row.getBytes(2)).size();
            }
        }
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
        return first;
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

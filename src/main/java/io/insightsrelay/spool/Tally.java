package io.insightsrelay.spool;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.Locale;

/** The counts in the database of what became of events, by consumer; each changes in the transaction that it counts. */
public final class Tally {

    /** What is counted. */
    public enum Outcome {
        /** Got through. */
        DELIVERED,
        /** Was appended to the consumer's retries. */
        SET_ASIDE,
        /** Became a dead letter. */
        DEAD,
        /** A dead letter that went to the retries again. */
        REPLAYED,
        /** A dead letter that somebody deleted. */
        DELETED,
        /** A dead letter that was deleted because of its age. */
        EXPIRED,
        /** Was in a part of the file that could not be read any more. */
        LOST,
        /** Was there already when the counting began. */
        OPENING;

        String key() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    private Tally() {
    }

    /**
     * Counts, as a part of a {@link SpoolStore.Work}.
     *
     * @param consumer the destination
     * @param events   how many; 0 does nothing
     */
    public static void add(Connection connection, String consumer, Outcome outcome, long events) throws SQLException {
        if (events == 0) {
            return;
        }
        try (PreparedStatement statement = connection.prepareStatement("""
                INSERT INTO tally(consumer, outcome, events) VALUES (?, ?, ?)
                ON CONFLICT(consumer, outcome) DO UPDATE SET events = events + excluded.events""")) {
            statement.setString(1, consumer);
            statement.setString(2, outcome.key());
            statement.setLong(3, events);
            statement.executeUpdate();
        }
    }
}

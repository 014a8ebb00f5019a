package io.insightsrelay.spool;

import io.insightsrelay.spool.Tally.Outcome;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/**
 * What became of every event that a consumer had to get, at one moment:
 * {@code received = delivered + deadLetters + deleted + expired + lost + waiting}, always. Counted from when the consumer
 * was first there, over restarts; a consumer that begins later begins with what there is then.
 *
 * @param received    events that were accepted
 * @param delivered   events that got through
 * @param deadLetters dead letters that are kept now
 * @param deleted     dead letters that somebody deleted
 * @param expired     dead letters that were deleted because of their age
 * @param lost        events that a damaged file took with it
 * @param waiting     events that have no outcome yet, retries and replays included
 * @param dead        how often an event became a dead letter; one that is replayed may do so again
 * @param setAside    how often an event was set aside to be retried by itself
 * @param replayed    how often a dead letter was replayed
 */
public record Ledger(long received, long delivered, long deadLetters, long deleted, long expired, long lost, long waiting,
                     long dead, long setAside, long replayed) {

    /** The ledger of each consumer, by name; from one snapshot of the database. */
    static Map<String, Ledger> read(Connection connection) throws SQLException {
        Map<String, Map<Outcome, Long>> tallies = new TreeMap<>();
        Map<String, Long> received = new TreeMap<>();
        Map<String, Long> waiting = new TreeMap<>();
        Map<String, Long> deadLetters = new TreeMap<>();
        try (Statement statement = connection.createStatement()) {
            // the statements below see one and the same state
            statement.execute("BEGIN");
            try {
                List<String> logs = new ArrayList<>();
                try (ResultSet rows = statement.executeQuery("SELECT DISTINCT log FROM cursor")) {
                    while (rows.next()) {
                        logs.add(rows.getString(1));
                    }
                }
                for (String name : logs) {
                    boolean retries = new SpoolLog(name, 0).isRetries();
                    try (ResultSet rows = statement.executeQuery("""
                            SELECT consumer, min(last, coalesce(ends_at, last)) - start,
                                min(last, coalesce(ends_at, last)) - position - (SELECT count(*) FROM settled s WHERE s.log = c.log AND s.consumer = c.consumer)
                            FROM cursor c, (SELECT max(coalesce((SELECT max(position) FROM "log_%1$s"), 0), max(position)) AS last FROM cursor WHERE log = '%1$s')
                            WHERE log = '%1$s'""".formatted(name))) {
                        while (rows.next()) {
                            received.merge(rows.getString(1), retries ? 0 : rows.getLong(2), Long::sum);
                            waiting.merge(rows.getString(1), rows.getLong(3), Long::sum);
                        }
                    }
                }
                try (ResultSet rows = statement.executeQuery("SELECT consumer, outcome, events FROM tally")) {
                    while (rows.next()) {
                        tallies.computeIfAbsent(rows.getString(1), consumer -> new EnumMap<>(Outcome.class))
                                .put(Outcome.valueOf(rows.getString(2).toUpperCase(Locale.ROOT)), rows.getLong(3));
                    }
                }
                try (ResultSet rows = statement.executeQuery("SELECT destination, count(*) FROM dead_letter GROUP BY destination")) {
                    while (rows.next()) {
                        deadLetters.put(rows.getString(1), rows.getLong(2));
                    }
                }
            } finally {
                statement.execute("COMMIT");
            }
        }
        Map<String, Ledger> ledgers = new TreeMap<>();
        received.forEach((consumer, count) -> {
            Map<Outcome, Long> tally = tallies.getOrDefault(consumer, Map.of());
            ledgers.put(consumer, new Ledger(count + of(tally, Outcome.OPENING), of(tally, Outcome.DELIVERED), deadLetters.getOrDefault(consumer, 0L),
                    of(tally, Outcome.DELETED), of(tally, Outcome.EXPIRED), of(tally, Outcome.LOST), waiting.get(consumer),
                    of(tally, Outcome.DEAD), of(tally, Outcome.SET_ASIDE), of(tally, Outcome.REPLAYED)));
        });
        return ledgers;
    }

    private static long of(Map<Outcome, Long> tally, Outcome outcome) {
        return tally.getOrDefault(outcome, 0L);
    }
}

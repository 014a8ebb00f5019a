package io.insightsrelay.spool;

import io.insightsrelay.spool.Spool.Progress;
import io.insightsrelay.spool.SpoolStore.Row;
import io.insightsrelay.spool.SpoolStore.Work;
import io.insightsrelay.spool.Tally.Outcome;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.springframework.lang.Nullable;

/**
 * Takes what waits in the spool of a stopped relay out of it, for another engine, in steps: {@link #next} reads one, and {@link #taken} is the
 * work that commits that it is kept elsewhere. What is taken no longer counts as received here, so the books of the folder balance
 * at every moment. Between steps a note of the caller's can be kept ({@link #noting}), which survives a kill with them. Used by one thread.
 */
public final class SpoolDrain {

    private static final int MOST_EVENTS = 5_000;
    private static final long MOST_BYTES = 4L << 20;

    /**
     * An event that has no outcome yet.
     *
     * @param shared whether all consumers lack it, so that it belongs into the log that they share
     * @param alone  consumers that lack it while others have had it
     */
    public record Waiting(byte[] envelope, boolean shared, List<String> alone) {
    }

    /** The next events of a log. @param lost how many cannot be read any more, over all consumers */
    public record Step(SpoolLog log, List<Waiting> events, long last, Map<String, Move> moves, long lost) {
    }

    /** Where a consumer is after a step, and what the step takes of its events. */
    private record Move(long position, long moved, long lost) {
    }

    private final SpoolStore store;

    /** @param store of a folder that no relay has */
    public SpoolDrain(SpoolStore store) {
        this.store = store;
    }

    /** The names of all logs, those of retries last. */
    public List<String> logs() {
        List<String> names = new ArrayList<>();
        for (boolean retries : new boolean[] {false, true}) {
            store.logStates().stream().filter(log -> log.isRetries() == retries).map(Spool.LogState::name).forEach(names::add);
        }
        return names;
    }

    /** Everybody that has a cursor. */
    public Set<String> consumers() {
        return store.read((connection, appender) -> {
            Set<String> names = new TreeSet<>();
            SpoolCursor.all(connection).values().forEach(ofLog -> names.addAll(ofLog.keySet()));
            return names;
        });
    }

    /** What comes next in the log; empty when nothing of it waits. */
    public Optional<Step> next(String name) {
        SpoolLog log = store.log(name);
        return store.read((connection, appender) -> {
            Map<String, Progress> consumers = SpoolCursor.all(connection).getOrDefault(name, Map.of());
            long end = SpoolRows.last(connection, log);
            long from = consumers.isEmpty() ? SpoolRows.beforeOldest(connection, log)
                    : consumers.values().stream().filter(consumer -> !consumer.isAtEnd()).mapToLong(Progress::position).min().orElse(end);
            if (from >= end) {
                return Optional.empty();
            }
            List<Row> rows = SpoolRows.beyond(connection, log, from, MOST_EVENTS, MOST_BYTES);
            // nothing is there any more: what was is lost
            long last = rows.isEmpty() ? end : rows.get(rows.size() - 1).position();
            return Optional.of(step(connection, log, consumers, rows, last));
        });
    }

    private static Step step(Connection connection, SpoolLog log, Map<String, Progress> consumers, List<Row> rows, long last) throws SQLException {
        Map<String, Set<Long>> settled = new HashMap<>();
        for (String consumer : consumers.keySet()) {
            settled.put(consumer, SpoolCursor.settled(connection, log, consumer));
        }
        List<Waiting> events = new ArrayList<>();
        Map<String, Long> moved = new HashMap<>();
        for (Row row : rows) {
            List<String> lacking = consumers.entrySet().stream().filter(entry -> lacks(entry.getValue(), settled.get(entry.getKey()), row.position()))
                    .map(Map.Entry::getKey).sorted().toList();
            // a consumer that has an end takes a span of its own, and has no part in what is shared
            List<String> lasting = consumers.entrySet().stream().filter(entry -> entry.getValue().end() == null).map(Map.Entry::getKey).toList();
            boolean shared = lacking.containsAll(lasting) && (consumers.isEmpty() || !lasting.isEmpty());
            List<String> alone = lacking.stream().filter(consumer -> !shared || !lasting.contains(consumer)).toList();
            if (shared || !alone.isEmpty()) {
                events.add(new Waiting(row.payload(), shared, alone));
            }
            lacking.forEach(consumer -> moved.merge(consumer, 1L, Long::sum));
        }
        Map<String, Move> moves = new TreeMap<>();
        consumers.forEach((consumer, progress) -> {
            long to = Math.max(progress.position(), progress.end() == null ? last : Math.min(last, progress.end()));
            long passed = to - progress.position() - settled.get(consumer).stream().filter(position -> position > progress.position() && position <= to).count();
            moves.put(consumer, new Move(to, moved.getOrDefault(consumer, 0L), passed - moved.getOrDefault(consumer, 0L)));
        });
        return new Step(log, events, last, moves, moves.values().stream().mapToLong(Move::lost).sum());
    }

    private static boolean lacks(Progress consumer, Set<Long> settled, long position) {
        return position > consumer.position() && (consumer.end() == null || position <= consumer.end()) && !settled.contains(position);
    }

    /** The work that commits that the events of the step are elsewhere. */
    public Work<Void> taken(Step step) {
        return (connection, appender) -> {
            for (Map.Entry<String, Move> entry : step.moves.entrySet()) {
                Move move = entry.getValue();
                SpoolCursor.advance(connection, step.log, entry.getKey(), move.position, 0, move.lost);
                Tally.add(connection, entry.getKey(), Outcome.OPENING, -move.moved);
            }
            if (step.moves.isEmpty()) {
                try (PreparedStatement statement = connection.prepareStatement("DELETE FROM " + step.log.table() + " WHERE position <= ?")) {
                    statement.setLong(1, step.last);
                    statement.executeUpdate();
                }
            }
            return null;
        };
    }

    /** What {@link #noting} kept last; null if nothing. */
    @Nullable
    public String note() {
        return store.read((connection, appender) -> {
            try (Statement statement = connection.createStatement()) {
                try (ResultSet row = statement.executeQuery("SELECT 1 FROM sqlite_master WHERE name = 'drain'")) {
                    if (!row.next()) {
                        return null;
                    }
                }
                try (ResultSet row = statement.executeQuery("SELECT note FROM drain")) {
                    return row.next() ? row.getString(1) : null;
                }
            }
        });
    }

    /** The work that keeps a note in place of the one before; null for none. */
    public Work<Void> noting(@Nullable String note) {
        return (connection, appender) -> {
            try (Statement statement = connection.createStatement()) {
                if (note == null) {
                    statement.execute("DROP TABLE IF EXISTS drain");
                } else {
                    statement.execute("CREATE TABLE IF NOT EXISTS drain(note TEXT NOT NULL)");
                    statement.execute("DELETE FROM drain");
                    try (PreparedStatement insert = connection.prepareStatement("INSERT INTO drain VALUES (?)")) {
                        insert.setString(1, note);
                        insert.executeUpdate();
                    }
                }
            }
            return null;
        };
    }

    /** Commits all of it together. @throws SpoolException if it cannot be written; nothing of it is then */
    public void commit(Collection<Work<Void>> works) {
        SpoolStore.join(store.write((connection, appender) -> {
            for (Work<Void> work : works) {
                work.run(connection, appender);
            }
            return null;
        }));
    }
}

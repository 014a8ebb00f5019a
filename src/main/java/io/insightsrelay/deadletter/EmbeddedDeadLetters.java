package io.insightsrelay.deadletter;

import io.insightsrelay.event.Event;
import io.insightsrelay.spool.Spool;
import io.insightsrelay.spool.SpoolLog;
import io.insightsrelay.spool.SpoolStore;
import io.insightsrelay.spool.SpoolStore.Work;
import io.insightsrelay.spool.SpoolTransaction;
import io.insightsrelay.spool.Tally;
import io.insightsrelay.spool.Tally.Outcome;
import io.insightsrelay.spool.Transaction;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.sql.Types;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.IntFunction;
import java.util.stream.Collectors;
import org.springframework.lang.Nullable;

/** The dead letters in the spool's database. */
final class EmbeddedDeadLetters implements DeadLetterStore {

    private static final int STEP = 1_000;
    private static final String COLUMNS = "id, destination, reason, status, attempts, received_at, died_at, replay_requested_at, payload";
    private static final String SELECTED = " WHERE (?1 IS NULL OR id = ?1) AND (?2 IS NULL OR destination = ?2)";

    private final SpoolStore store;

    /** @param store whose database holds them */
    EmbeddedDeadLetters(SpoolStore store) {
        this.store = store;
    }

    @Override
    public CompletableFuture<Void> keep(DeadLetter letter) {
        return store.write(keeping(letter));
    }

    @Override
    public void keep(DeadLetter letter, Transaction transaction) {
        ((SpoolTransaction) transaction).add(keeping(letter));
    }

    private static Work<Void> keeping(DeadLetter letter) {
        return (connection, appender) -> {
            Tally.add(connection, letter.destination(), Outcome.DELETED, delete(connection, new Selection(letter.id(), letter.destination())));
            try (PreparedStatement statement = connection.prepareStatement("INSERT INTO dead_letter("
                    + COLUMNS + ") VALUES (?, ?, ?, ?, ?, ?, ?, NULL, ?)")) {
                statement.setString(1, letter.id());
                statement.setString(2, letter.destination());
                statement.setString(3, letter.reason());
                statement.setObject(4, letter.status(), Types.INTEGER);
                statement.setInt(5, letter.attempts());
                statement.setLong(6, letter.received().toEpochMilli());
                statement.setLong(7, letter.died().toEpochMilli());
                statement.setBytes(8, letter.envelope());
                statement.executeUpdate();
            }
            return null;
        };
    }

    @Override
    public List<Listed> list(Selection selection, @Nullable String afterId, int limit) {
        return store.read((connection, appender) -> {
            try (PreparedStatement statement = prepare(connection, "SELECT " + COLUMNS + " FROM dead_letter" + SELECTED
                    + " AND (?3 IS NULL OR id > ?3) ORDER BY id, destination LIMIT ?4", selection)) {
                statement.setString(3, afterId);
                statement.setInt(4, limit);
                List<Listed> letters = new ArrayList<>();
                try (ResultSet row = statement.executeQuery()) {
                    while (row.next()) {
                        letters.add(read(row));
                    }
                }
                return letters;
            }
        });
    }

    @Override
    public Optional<Listed> find(Selection selection) {
        return list(selection, null, 1).stream().findFirst();
    }

    @Override
    public long count(Selection selection) {
        return store.read((connection, appender) -> {
            try (PreparedStatement statement = prepare(connection, "SELECT count(*) FROM dead_letter" + SELECTED, selection);
                 ResultSet row = statement.executeQuery()) {
                row.next();
                return row.getLong(1);
            }
        });
    }

    @Override
    public long countReplaying() {
        return store.read((connection, appender) -> {
            try (PreparedStatement statement = connection.prepareStatement("SELECT count(*) FROM dead_letter WHERE replay_requested_at IS NOT NULL");
                 ResultSet row = statement.executeQuery()) {
                row.next();
                return row.getLong(1);
            }
        });
    }

    @Override
    public int requestReplay(Selection selection, int most) {
        return inSteps(most, step -> store.write((connection, appender) -> {
            try (PreparedStatement statement = prepare(connection, "UPDATE dead_letter SET replay_requested_at = ?3 WHERE rowid IN (SELECT rowid FROM dead_letter"
                    + SELECTED + " AND replay_requested_at IS NULL ORDER BY id LIMIT ?4)", selection)) {
                statement.setLong(3, System.currentTimeMillis());
                statement.setInt(4, step);
                return statement.executeUpdate();
            }
        }));
    }

    @Override
    public int withdrawReplay(Selection selection) {
        return inSteps(Integer.MAX_VALUE, step -> store.write((connection, appender) -> {
            try (PreparedStatement statement = prepare(connection, "UPDATE dead_letter SET replay_requested_at = NULL WHERE rowid IN (SELECT rowid FROM dead_letter"
                    + SELECTED + " AND replay_requested_at IS NOT NULL LIMIT ?3)", selection)) {
                statement.setInt(3, step);
                return statement.executeUpdate();
            }
        }));
    }

    /** Short commits, so that events are accepted meanwhile. */
    private static int inSteps(int most, IntFunction<CompletableFuture<Integer>> step) {
        int done = 0;
        int latest = STEP;
        while (latest == STEP && done < most) {
            int size = Math.min(STEP, most - done);
            latest = step.apply(size).join();
            done += latest;
        }
        return done;
    }

    @Override
    public int replayRequested(int most) {
        Map<String, Long> retries = store.logStates().stream().filter(Spool.LogState::isRetries)
                .collect(Collectors.toMap(Spool.LogState::name, log -> log.cursors().keySet().stream().mapToLong(log::waiting).max().orElse(log.lastPosition())));
        List<Listed> letters = store.read((connection, appender) -> {
            List<String> destinations = new ArrayList<>();
            try (Statement statement = connection.createStatement();
                 ResultSet row = statement.executeQuery("SELECT DISTINCT destination FROM dead_letter WHERE replay_requested_at IS NOT NULL")) {
                while (row.next()) {
                    destinations.add(row.getString(1));
                }
            }
            List<Listed> found = new ArrayList<>();
            for (String destination : destinations) {
                try (PreparedStatement statement = connection.prepareStatement("SELECT " + COLUMNS
                        + " FROM dead_letter WHERE replay_requested_at IS NOT NULL AND destination = ? ORDER BY id LIMIT ?")) {
                    statement.setString(1, destination);
                    statement.setLong(2, Math.max(0, most - retries.getOrDefault(SpoolLog.retriesOf(destination), 0L)));
                    try (ResultSet row = statement.executeQuery()) {
                        while (row.next()) {
                            found.add(read(row));
                        }
                    }
                }
            }
            return found;
        });
        if (letters.isEmpty()) {
            return 0;
        }
        // a log that is missing is created by a write of its own, so before the transaction
        letters.stream().map(listed -> listed.letter().destination()).distinct().forEach(destination -> store.log(SpoolLog.retriesOf(destination)));
        return store.<Integer>write((connection, appender) -> {
            int moved = 0;
            for (Listed listed : letters) {
                DeadLetter letter = listed.letter();
                // gone if it was deleted meanwhile
                if (delete(connection, new Selection(letter.id(), letter.destination())) == 1) {
                    appender.append(store.log(SpoolLog.retriesOf(letter.destination())), List.of(replayable(letter)));
                    Tally.add(connection, letter.destination(), Outcome.REPLAYED, 1);
                    moved++;
                }
            }
            return moved;
        }).join();
    }

    @Override
    public int delete(Selection selection, int most) {
        return inSteps(most, step -> store.write((connection, appender) -> {
            try (PreparedStatement statement = prepare(connection, "DELETE FROM dead_letter WHERE rowid IN (SELECT rowid FROM dead_letter"
                    + SELECTED + " ORDER BY id LIMIT ?3) RETURNING destination", selection)) {
                statement.setInt(3, step);
                return count(connection, statement, Outcome.DELETED);
            }
        }));
    }

    @Override
    public int expire(Instant before) {
        return inSteps(Integer.MAX_VALUE, step -> store.write((connection, appender) -> {
            try (PreparedStatement statement = connection.prepareStatement("DELETE FROM dead_letter WHERE rowid IN (SELECT rowid FROM dead_letter"
                    + " WHERE died_at < ? AND replay_requested_at IS NULL LIMIT ?) RETURNING destination")) {
                statement.setLong(1, before.toEpochMilli());
                statement.setInt(2, step);
                return count(connection, statement, Outcome.EXPIRED);
            }
        }));
    }

    private static int count(Connection connection, PreparedStatement deleting, Outcome outcome) throws SQLException {
        Map<String, Integer> deleted = new HashMap<>();
        try (ResultSet rows = deleting.executeQuery()) {
            while (rows.next()) {
                deleted.merge(rows.getString(1), 1, Integer::sum);
            }
        }
        for (Map.Entry<String, Integer> ofDestination : deleted.entrySet()) {
            Tally.add(connection, ofDestination.getKey(), outcome, ofDestination.getValue());
        }
        return deleted.values().stream().mapToInt(Integer::intValue).sum();
    }

    static int delete(Connection connection, Selection selection) throws SQLException {
        try (PreparedStatement statement = prepare(connection, "DELETE FROM dead_letter" + SELECTED, selection)) {
            return statement.executeUpdate();
        }
    }

    private static byte[] replayable(DeadLetter letter) {
        try {
            return Event.fromEnvelope(letter.envelope()).envelopeForReplay();
        } catch (IllegalArgumentException e) {
            // unreadable when it died and still so; delivery will say that again
            return letter.envelope();
        }
    }

    private static PreparedStatement prepare(Connection connection, String sql, Selection selection) throws SQLException {
        PreparedStatement statement = connection.prepareStatement(sql);
        statement.setString(1, selection.id());
        statement.setString(2, selection.destination());
        return statement;
    }

    private static Listed read(ResultSet row) throws SQLException {
        int status = row.getInt("status");
        Integer statusOrNull = row.wasNull() ? null : status;
        row.getLong("replay_requested_at");
        boolean replayRequested = !row.wasNull();
        return new Listed(new DeadLetter(row.getString("id"), row.getString("destination"), row.getString("reason"), statusOrNull,
                row.getInt("attempts"), Instant.ofEpochMilli(row.getLong("received_at")), Instant.ofEpochMilli(row.getLong("died_at")),
                row.getBytes("payload")), replayRequested);
    }
}

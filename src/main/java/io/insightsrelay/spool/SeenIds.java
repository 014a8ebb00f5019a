package io.insightsrelay.spool;

import java.nio.ByteBuffer;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import java.util.UUID;

/**
 * The ids, given by their senders, of events that were appended not long ago: in memory to ask, and in the database, where a commit's
 * ids are written as one row by that commit, so that after a crash they are those of the events that are there. Used by the
 * writer's thread, on its connection.
 */
final class SeenIds {

    /** So many rows are deleted in one go. */
    private static final int FORGOTTEN_ROWS = 256;

    private record Commit(long number, long at) {
    }

    private final DedupeProperties properties;
    /** Oldest first. */
    private final Map<UUID, Commit> seen = new LinkedHashMap<>();
    private final Set<UUID> uncommitted = new LinkedHashSet<>();
    private long last;
    private long deleted;

    SeenIds(DedupeProperties properties) {
        this.properties = properties;
    }

    /** Begins anew with what is committed. */
    void load(Connection connection) throws SQLException {
        seen.clear();
        uncommitted.clear();
        last = 0;
        deleted = 0;
        try (PreparedStatement statement = connection.prepareStatement("SELECT number, ids, stored_at FROM seen ORDER BY number");
             ResultSet rows = statement.executeQuery()) {
            while (rows.next()) {
                Commit commit = new Commit(rows.getLong(1), rows.getLong(3));
                last = commit.number;
                ByteBuffer ids = ByteBuffer.wrap(rows.getBytes(2));
                while (ids.remaining() >= 2 * Long.BYTES) {
                    UUID id = new UUID(ids.getLong(), ids.getLong());
                    // one that came again after the window is as young as that
                    seen.remove(id);
                    seen.put(id, commit);
                }
                forget(0, commit.at);
            }
        }
    }

    /** Whether the id is new, which it is not from now on. */
    boolean add(UUID id) {
        if (properties.window().isZero()) {
            return true;
        }
        Commit commit = seen.get(id);
        if (commit != null) {
            if (commit.at > System.currentTimeMillis() - properties.window().toMillis()) {
                return false;
            }
            seen.remove(id);
        }
        return uncommitted.add(id);
    }

    /** Writes the ids of the open transaction, before its commit. If that fails they have to be loaded again. */
    void flush(Connection connection) throws SQLException {
        if (uncommitted.isEmpty()) {
            return;
        }
        Commit commit = new Commit(++last, System.currentTimeMillis());
        ByteBuffer ids = ByteBuffer.allocate(uncommitted.size() * 2 * Long.BYTES);
        for (UUID id : uncommitted) {
            ids.putLong(id.getMostSignificantBits()).putLong(id.getLeastSignificantBits());
        }
        try (PreparedStatement insert = connection.prepareStatement("INSERT INTO seen(number, ids, stored_at) VALUES (?, ?, ?)")) {
            insert.setLong(1, commit.number);
            insert.setBytes(2, ids.array());
            insert.setLong(3, commit.at);
            insert.executeUpdate();
        }
        forget(uncommitted.size(), commit.at);
        uncommitted.forEach(id -> seen.put(id, commit));
        uncommitted.clear();
        long oldest = seen.values().iterator().next().number;
        if (oldest - deleted > FORGOTTEN_ROWS) {
            try (PreparedStatement delete = connection.prepareStatement("DELETE FROM seen WHERE number < ?")) {
                delete.setLong(1, oldest);
                delete.executeUpdate();
            }
            deleted = oldest;
        }
    }

    private void forget(int coming, long now) {
        Iterator<Commit> oldest = seen.values().iterator();
        while (oldest.hasNext()) {
            boolean tooMany = seen.size() + coming > properties.maxIds();
            if (oldest.next().at > now - properties.window().toMillis() && !tooMany) {
                return;
            }
            oldest.remove();
        }
    }
}

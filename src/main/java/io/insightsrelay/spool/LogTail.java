package io.insightsrelay.spool;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.List;
import org.springframework.lang.Nullable;

/** The end of a log as the writer's open transaction has it. Used by the writer's thread, on its connection. */
final class LogTail {

    private final SpoolLog log;
    private final PreparedStatement insert;
    private final SpoolBlock block = new SpoolBlock();
    private long position;
    private long committed;

    LogTail(SpoolLog log, Connection connection) throws SQLException {
        this.log = log;
        insert = connection.prepareStatement("INSERT INTO " + log.table() + "(position, stored_at, payload) VALUES (?, ?, ?)");
        position = log.lastPosition();
        committed = position;
    }

    /** Of the last event that is in a row. */
    long position() {
        return position;
    }

    void append(List<byte[]> payloads) throws SQLException {
        for (byte[] payload : payloads) {
            if (!block.hasRoomFor(payload)) {
                flush();
            }
            block.add(payload);
        }
    }

    /** Writes the row that was begun. */
    void flush() throws SQLException {
        if (block.count() > 0) {
            position += block.count();
            insert.setLong(1, position);
            insert.setLong(2, System.currentTimeMillis());
            insert.setBytes(3, block.take());
            insert.executeUpdate();
        }
    }

    /** @param before a position from before; null: the last commit */
    void rollBackTo(@Nullable Long before) {
        position = before == null ? committed : before;
        block.clear();
    }

    void committed() {
        if (position > committed) {
            committed = position;
            log.committed(position);
        }
    }
}

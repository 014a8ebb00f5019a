package io.insightsrelay.spool;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Collection;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What the database needs besides appends and reads, on a thread of its own: deletes what every consumer is past, gives free
 * pages back to the file system, measures, and copies the write-ahead log into the file, so that appends wait for no more than
 * the rest of it.
 */
final class SpoolUpkeep {

    private static final Logger LOG = LoggerFactory.getLogger(SpoolUpkeep.class);
    private static final long WORTH_COPYING = 1L << 20;
    private static final int DELETED_AT_ONCE = 5_000;
    private static final int FREED_AT_ONCE = 2_000;
    /** Pages are used again sooner than moved; only a file of which much more is free than in use is made smaller. */
    private static final long FEW_FREE_PAGES = 16_384;

    private final SpoolFile file;
    private final GroupCommitWriter writer;
    private final Collection<SpoolLog> logs;
    private final Duration interval;
    private final Thread thread;
    private volatile boolean open = true;
    private volatile long size;

    /** @param logs all that there are; may grow */
    SpoolUpkeep(SpoolFile file, GroupCommitWriter writer, Collection<SpoolLog> logs, Duration interval) throws SQLException {
        this.file = file;
        this.writer = writer;
        this.logs = logs;
        this.interval = interval;
        thread = new Thread(this::run, "spool-upkeep");
        thread.setDaemon(true);
        try (Connection connection = file.connect()) {
            size = measure(connection);
        }
    }

    void start() {
        thread.start();
        writer.whenLogIsLong(() -> LockSupport.unpark(thread));
    }

    /** Bytes in use; neither pages that are free count nor the write-ahead log, which holds some of them a second time for a while. */
    long size() {
        return size;
    }

    void stop() throws InterruptedException {
        open = false;
        LockSupport.unpark(thread);
        thread.join();
    }

    private void run() {
        long next = System.nanoTime() + interval.toNanos();
        Connection connection = null;
        try {
            while (open) {
                LockSupport.parkNanos(Math.max(1, next - System.nanoTime()));
                try {
                    connection = connection == null ? file.connect() : connection;
                    if (writer.isLogLong()) {
                        checkpoint(connection);
                    }
                    if (open && System.nanoTime() - next >= 0) {
                        next = System.nanoTime() + interval.toNanos();
                        clean(connection);
                        if (writer.logged() > WORTH_COPYING) {
                            checkpoint(connection);
                        }
                        size = measure(connection);
                    }
                } catch (SQLException | SpoolException e) {
                    // the writer says so already, and the next round tries again
                    LOG.debug("The upkeep of the spool failed", e);
                    connection = close(connection);
                    next = System.nanoTime() + interval.toNanos();
                }
            }
        } finally {
            close(connection);
        }
    }

    /** Most of the work happens here, beside the commits; what they add meanwhile is left to the writer, who then begins at the front. */
    private void checkpoint(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("PRAGMA wal_checkpoint(PASSIVE)");
        }
        writer.checkpoint();
    }

    private void clean(Connection connection) throws SQLException {
        boolean more = true;
        while (more && open) {
            more = false;
            for (SpoolLog log : logs) {
                if (hasConsumed(connection, log)) {
                    SpoolStore.join(writer.write((writing, appender) -> deleteConsumed(writing, log)));
                    more = true;
                }
            }
            if (writer.isLogLong()) {
                checkpoint(connection);
            }
        }
        long free = pragma(connection, "freelist_count");
        while (open && free > FEW_FREE_PAGES && free > pragma(connection, "page_count") / 2) {
            SpoolStore.join(writer.write((writing, appender) -> {
                try (Statement vacuum = writing.createStatement()) {
                    return vacuum.execute("PRAGMA incremental_vacuum(" + FREED_AT_ONCE + ")");
                }
            }));
            free = pragma(connection, "freelist_count");
        }
    }

    private static boolean hasConsumed(Connection connection, SpoolLog log) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement("SELECT (SELECT min(position) FROM " + log.table()
                + ") <= (SELECT min(position) FROM cursor WHERE log = ?)")) {
            statement.setString(1, log.name());
            try (ResultSet row = statement.executeQuery()) {
                return row.next() && row.getBoolean(1);
            }
        }
    }

    /** Deletes a bounded number of events that every consumer is past, so that no commit waits long for it. */
    private static int deleteConsumed(Connection connection, SpoolLog log) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement("DELETE FROM " + log.table()
                + " WHERE position <= min((SELECT min(position) FROM cursor WHERE log = ?1), (SELECT min(position) FROM " + log.table() + ") + ?2)")) {
            statement.setString(1, log.name());
            statement.setLong(2, DELETED_AT_ONCE);
            return statement.executeUpdate();
        }
    }

    private static long measure(Connection connection) throws SQLException {
        return (pragma(connection, "page_count") - pragma(connection, "freelist_count")) * pragma(connection, "page_size");
    }

    private static long pragma(Connection connection, String name) throws SQLException {
        try (Statement statement = connection.createStatement(); ResultSet row = statement.executeQuery("PRAGMA " + name)) {
            row.next();
            return row.getLong(1);
        }
    }

    private static Connection close(Connection connection) {
        try {
            if (connection != null) {
                connection.close();
            }
        } catch (SQLException e) {
            LOG.debug("A connection did not close", e);
        }
        return null;
    }
}

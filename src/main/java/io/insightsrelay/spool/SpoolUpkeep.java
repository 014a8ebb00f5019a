package io.insightsrelay.spool;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Collection;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
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
    private static final long TOLD_EVERY_NANOS = TimeUnit.HOURS.toNanos(1);
    private static final int FREED_AT_ONCE = 2_000;
    /** Pages are used again sooner than moved; only a file of which much more is free than in use is made smaller. */
    private static final long FEW_FREE_PAGES = 16_384;

    private final SpoolFile file;
    private final GroupCommitWriter writer;
    private final Collection<SpoolLog> logs;
    private final Duration interval;
    private final Duration keep;
    private final long roomy;
    private final AtomicLong deletedEarly = new AtomicLong();
    private final Thread thread;
    private long toldAt = System.nanoTime() - TOLD_EVERY_NANOS;
    private volatile boolean open = true;
    private volatile long size;

    /** @param logs all that there are; may grow */
    SpoolUpkeep(SpoolFile file, GroupCommitWriter writer, Collection<SpoolLog> logs, SpoolProperties properties) throws SQLException {
        this.file = file;
        this.writer = writer;
        this.logs = logs;
        this.interval = properties.cleanUpInterval();
        this.keep = properties.keep();
        // below the limit by what may be on its way to the disk, so that nobody is refused for the sake of what is only kept
        long most = properties.maxSize().toBytes();
        this.roomy = most - Math.min(properties.maxPendingSize().toBytes(), most / 4);
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

    /** Events deleted since the start for want of room before they had been kept for as long as they should. */
    long deletedEarly() {
        return deletedEarly.get();
    }

    void stop() throws InterruptedException {
        open = false;
        LockSupport.unpark(thread);
        thread.join();
    }

    private void run() {
        // at once: room that kept events take may be needed
        long next = System.nanoTime();
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
                        size = makeRoom(connection);
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
                more |= deleteFinished(connection, log, log.isRetries() ? Duration.ZERO : keep, DELETED_AT_ONCE) > 0;
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

    /** Deletes what is only kept, the oldest first, while the spool has little room left; gives the size then. */
    private long makeRoom(Connection connection) throws SQLException {
        long deleted = 0;
        long now = measure(connection);
        for (long last = 1; open && !keep.isZero() && now > roomy && last > 0; now = measure(connection)) {
            last = 0;
            for (SpoolLog log : logs) {
                // as large a part of the log as has to go
                long most = (long) ((log.lastPosition() - SpoolRows.beforeOldest(connection, log)) * ((now - roomy) / (double) now));
                last += log.isRetries() ? 0 : deleteFinished(connection, log, Duration.ZERO, Math.min(most, DELETED_AT_ONCE));
            }
            deleted += last;
            if (writer.isLogLong()) {
                checkpoint(connection);
            }
        }
        if (deleted > 0) {
            deletedEarly.addAndGet(deleted);
            if (System.nanoTime() - toldAt >= TOLD_EVERY_NANOS) {
                toldAt = System.nanoTime();
                LOG.warn("The spool has little room left (spool.maxSize): events that every destination has finished with are deleted before "
                        + "spool.keep is over, the oldest first; {} now, relay_spool_deleted_early_total counts on", deleted);
            }
        }
        return now;
    }

    /**
     * Deletes, from the front on, a bounded number of events that every consumer is past and that were stored before the time to keep
     * them, so that no commit waits long for it; gives how many.
     */
    private long deleteFinished(Connection connection, SpoolLog log, Duration kept, long most) throws SQLException {
        long now = System.currentTimeMillis();
        long first;
        try (PreparedStatement statement = connection.prepareStatement("SELECT position, stored_at FROM " + log.table() + " ORDER BY position LIMIT 1");
             ResultSet oldest = statement.executeQuery()) {
            if (!oldest.next() || oldest.getLong(1) > finished(connection, log) || isKept(oldest.getLong(2), now, kept)) {
                return 0;
            }
            first = oldest.getLong(1);
        }
        return SpoolStore.join(writer.write((writing, appender) -> {
            long before = SpoolRows.beforeOldest(writing, log);
            long last = Math.min(finished(writing, log), first + most);
            try (PreparedStatement statement = writing.prepareStatement("DELETE FROM " + log.table() + " WHERE position <= ?1 AND position < coalesce((SELECT position FROM "
                    + log.table() + " WHERE ?2 < ?3 AND position <= ?1 AND stored_at > ?2 AND stored_at < ?3 ORDER BY position LIMIT 1), ?1 + 1)")) {
                statement.setLong(1, last);
                statement.setLong(2, now - kept.toMillis());
                statement.setLong(3, now + kept.toMillis());
                return statement.executeUpdate() == 0 ? 0 : SpoolRows.beforeOldest(writing, log) - before;
            }
        }));
    }

    /** What a clock that was set back since seems to have stored in the far future is not kept for so long. */
    private static boolean isKept(long storedAt, long now, Duration kept) {
        return storedAt > now - kept.toMillis() && storedAt < now + kept.toMillis();
    }

    /** The position up to which every consumer has finished with all events, where there is one; one at its end wants no more. */
    private static long finished(Connection connection, SpoolLog log) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement("SELECT min(position) FROM cursor WHERE log = ? AND (ends_at IS NULL OR position < ends_at)")) {
            statement.setString(1, log.name());
            try (ResultSet row = statement.executeQuery()) {
                row.next();
                return row.getLong(1);
            }
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

package io.insightsrelay.spool;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.lang.Nullable;

/**
 * The SQLite file {@code spool.db} in the data folder: named logs, the cursors of their consumers, and whatever else has
 * to be as durable (dead letters). WAL mode with {@code synchronous=FULL}: a future that this class completes normally
 * means that the commit is fsynced. Thread-safe. One process at a time may open a folder; a second is refused.
 */
public final class SpoolStore implements Spool, AutoCloseable {

    /** Work for {@link #write}; runs on the writer's thread, so it must be short. */
    public interface Work<T> {
        /** The result becomes the future's value after the commit. */
        T run(Connection connection, Appender appender) throws SQLException;
    }

    /** Appends within a {@link Work}, so that moving a row between tables is one transaction. */
    public interface Appender {
        /** Appends at the end of the log. */
        void append(SpoolLog log, List<byte[]> payloads) throws SQLException;
    }

    /** A stored row. */
    record Row(long position, long storedAt, byte[] payload) {
    }

    private static final Logger LOG = LoggerFactory.getLogger(SpoolStore.class);

    private final SpoolProperties properties;
    private final SpoolFile file;
    private final Connection reading;
    private final GroupCommitWriter writer;
    private final Map<String, SpoolLog> logs = new ConcurrentHashMap<>();
    private final Map<String, Map<String, Progress>> cursors = new ConcurrentHashMap<>();
    private final Set<String> running = ConcurrentHashMap.newKeySet();
    private final SpoolUpkeep upkeep;
    private volatile Consumer<String> newConsumer = consumer -> { };
    private final AtomicBoolean damaged = new AtomicBoolean();
    private volatile Runnable onDamage = () -> LOG.error("THE SPOOL IS DAMAGED. When the application is started again what can be read is salvaged.");
    private volatile boolean open = true;

    /** The same, with nothing remembered of the ids of events. */
    public SpoolStore(Path folder, SpoolProperties properties) {
        this(folder, properties, DedupeProperties.OFF);
    }

    /**
     * Opens or creates the spool in {@code folder}, which is created with mode 0700 if it is missing.
     *
     * @param dedupe for how long the ids of events are remembered
     * @throws SpoolException if the folder cannot be used, another process has it, or a newer version wrote it
     */
    public SpoolStore(Path folder, SpoolProperties properties, DedupeProperties dedupe) {
        this.properties = properties;
        this.file = new SpoolFile(folder);
        try {
            reading = file.connect();
            readLogs();
            writer = new GroupCommitWriter(file::connect, new SeenIds(dedupe), this::checkDamage);
            upkeep = new SpoolUpkeep(file, writer, logs.values(), properties);
        } catch (SQLException e) {
            file.close();
            throw new SpoolException("The spool in " + folder.toAbsolutePath() + " cannot be opened: " + e.getMessage(), e);
        }
        writer.start();
        upkeep.start();
    }

    /** Whether a process has the spool in {@code folder} open now. */
    public static boolean isInUse(Path folder) {
        return SpoolFile.isInUse(folder);
    }

    /** The log of that name, created when it is missing. The name: 1 to 63 of a-z, 0-9 and -. */
    public SpoolLog log(String name) {
        SpoolLog known = logs.get(name);
        if (known != null) {
            return known;
        }
        SpoolLog log = new SpoolLog(name, 0);
        join(writer.write((connection, appender) -> {
            SpoolRows.createTable(connection, log);
            return null;
        }));
        SpoolLog earlier = logs.putIfAbsent(name, log);
        return earlier == null ? log : earlier;
    }

    /**
     * Appends the payloads in one transaction. Completes after the fsync; fails with {@link SpoolFullException} at the
     * size limit and {@link SpoolException} if it cannot write, in both cases with nothing stored.
     */
    public CompletableFuture<Integer> append(SpoolLog log, List<byte[]> payloads) {
        return append(log, payloads, null, null);
    }

    /**
     * The same, but for payloads that are there already.
     *
     * @param ids      the senders' ids of some of the payloads, by identity; one that was appended to any log within the window is
     *                 not appended again; null: of none
     * @param executor on which the future completes, if it was not complete at once: an event loop, or what else lives as long as the store. What its
     *                 tasks append in one turn is written in one go. null: any thread
     * @return how many of the payloads were there already
     */
    public CompletableFuture<Integer> append(SpoolLog log, List<byte[]> payloads, @Nullable Map<byte[], UUID> ids, @Nullable Executor executor) {
        long bytes = 0;
        for (byte[] payload : payloads) {
            bytes += payload.length;
        }
        if (size() + writer.pendingBytes() + bytes > properties.maxSize().toBytes()) {
            return full("The spool is at its limit of " + properties.maxSize().toMegabytes() + " MB on disk (spool.maxSize)");
        }
        if (writer.pendingBytes() + bytes > properties.maxPendingSize().toBytes()) {
            return full("More is arriving than the disk takes (spool.maxPendingSize)");
        }
        return writer.append(log, payloads, ids, bytes, executor);
    }

    /** Runs the work in the next commit. It fails alone: what shares its commit is not affected. */
    public <T> CompletableFuture<T> write(Work<T> work) {
        return writer.write(work);
    }

    /** Runs a query on a connection that sees what is committed. Other readers wait meanwhile. */
    public <T> T read(Work<T> query) {
        synchronized (reading) {
            try {
                return query.run(reading, (log, payloads) -> {
                    throw new SQLException("a query cannot append");
                });
            } catch (SQLException e) {
                checkDamage(e);
                throw new SpoolException("The spool cannot be read: " + e.getMessage(), e);
            }
        }
    }

    /** Bytes in use; neither pages that are free count nor the write-ahead log, which holds some of them a second time for a while. */
    @Override
    public long size() {
        return upkeep.size();
    }

    /** Events deleted since the start, for want of room, before {@code spool.keep} was over; every consumer had finished with them. */
    long deletedEarly() {
        return upkeep.deletedEarly();
    }

    /** What is called, once, when a part of the file turns out to be damaged; the next start salvages it. Unless this is set it is logged. */
    public void whenDamaged(Runnable reaction) {
        onDamage = reaction;
        if (damaged.get()) {
            reaction.run();
        }
    }

    private void checkDamage(Throwable failure) {
        if (SpoolRescue.saysDamaged(failure)) {
            file.suspect();
            if (damaged.compareAndSet(false, true)) {
                onDamage.run();
            }
        }
    }

    boolean isOpen() {
        return open;
    }

    @Override
    public String trouble() {
        if (!open) {
            return "the spool is closed";
        }
        if (damaged.get()) {
            return "the file of the spool is damaged; the next start salvages it";
        }
        if (size() >= properties.maxSize().toBytes()) {
            return "the spool is at its limit of " + properties.maxSize().toMegabytes() + " MB on disk (spool.maxSize)" + forgotten();
        }
        return writer.trouble() == null ? null : "the last commit failed: " + writer.trouble();
    }

    /** Consumers without a route for which the spool keeps events, as a part of a sentence. */
    private String forgotten() {
        String names = logStates().stream().filter(log -> !log.isRetries()).flatMap(log -> log.cursors().keySet().stream()
                .filter(consumer -> log.waiting(consumer) > 0 && !isRunning(log.name(), consumer))).distinct().collect(Collectors.joining(", "));
        return names.isEmpty() ? "" : "; it also keeps events for " + names + ", which no route takes";
    }

    @Override
    public Map<String, Ledger> ledgers() {
        return read((connection, appender) -> Ledger.read(connection));
    }

    @Override
    public void eachConsumer(Consumer<String> callback) {
        newConsumer = callback;
        cursors.values().stream().flatMap(ofLog -> ofLog.keySet().stream()).distinct().forEach(callback);
    }

    @Override
    public List<LogState> logStates() {
        return logs.values().stream()
                .map(log -> new LogState(log.name(), log.lastPosition(), new TreeMap<>(cursors.getOrDefault(log.name(), Map.of()))))
                .sorted((a, b) -> a.name().compareTo(b.name()))
                .toList();
    }

    /** Ends after what is queued is committed. Later calls fail with {@link SpoolException}. */
    @Override
    public void close() {
        if (!open) {
            return;
        }
        open = false;
        writer.stop();
        logs.values().forEach(SpoolLog::wake);
        try {
            upkeep.stop();
            synchronized (reading) {
                reading.close();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (SQLException e) {
            throw new SpoolException("The spool did not close cleanly: " + e.getMessage(), e);
        } finally {
            file.close();
        }
    }

    /** Where the consumer is in the log; one that was never there before begins where the span says. */
    Progress open(SpoolLog log, String consumer, SpoolSpan span) {
        Progress progress = join(writer.write((connection, appender) -> SpoolCursor.open(connection, log, consumer, span)));
        cursors.computeIfAbsent(log.name(), name -> new ConcurrentHashMap<>()).put(consumer, progress);
        return progress;
    }

    /** The positions beyond the cursor that the consumer has finished with. */
    Set<Long> settled(SpoolLog log, String consumer) {
        return join(writer.write((connection, appender) -> SpoolCursor.settled(connection, log, consumer)));
    }

    /** Moves the cursor on; see {@link SpoolCursor#advance}. */
    CompletableFuture<Void> advance(SpoolLog log, String consumer, long position, long delivered, long lost) {
        return writer.<Void>write((connection, appender) -> {
            SpoolCursor.advance(connection, log, consumer, position, delivered, lost);
            return null;
        }).thenRun(() -> cursors.get(log.name()).computeIfPresent(consumer, (name, progress) -> new Progress(position,
                // of the events that it passes some were settled before
                Math.max(0, progress.settled() - (position - progress.position() - delivered - lost)), progress.end())));
    }

    /** Takes note of positions beyond the cursor that are settled. */
    void settled(SpoolLog log, String consumer, int count) {
        cursors.get(log.name()).computeIfPresent(consumer, (name, progress) -> new Progress(progress.position(), progress.settled() + count, progress.end()));
    }

    /** Says that the consumer reads the log from now on: it cannot be forgotten. */
    void attach(SpoolLog log, String consumer) {
        running.add(consumer + " " + log.name());
        newConsumer.accept(consumer);
    }

    @Override
    public boolean isRunning(String log, String consumer) {
        return running.contains(consumer + " " + log);
    }

    @Override
    @Nullable
    public Instant oldest(String log) {
        Long millis = read((connection, appender) -> SpoolRows.oldestStoredAt(connection, new SpoolLog(log, 0)));
        return millis == null ? null : Instant.ofEpochMilli(millis);
    }

    /** Says that the consumer no longer reads the log. */
    void detach(SpoolLog log, String consumer) {
        running.remove(consumer + " " + log.name());
    }

    @Override
    public boolean forget(String consumer) {
        if (running.stream().anyMatch(entry -> entry.startsWith(consumer + " "))) {
            throw new IllegalStateException("the consumer " + consumer + " is running; take its route out of the routes folder first");
        }
        SpoolLog retries = log(SpoolLog.retriesOf(consumer));
        boolean known = join(write((connection, appender) -> {
            try (Statement statement = connection.createStatement()) {
                statement.execute("DELETE FROM " + retries.table());
            }
            return SpoolCursor.forget(connection, consumer);
        }));
        cursors.values().forEach(ofLog -> ofLog.remove(consumer));
        return known;
    }

    /** Reads on from {@code position}, in order; see {@link SpoolRows#beyond}. */
    List<Row> rowsBeyond(SpoolLog log, long position, int count, long bytes) {
        return read((connection, appender) -> SpoolRows.beyond(connection, log, position, count, bytes));
    }

    private CompletableFuture<Integer> full(String message) {
        return CompletableFuture.failedFuture(new SpoolFullException(message, properties.fullRetryAfter()));
    }

    private void readLogs() throws SQLException {
        List<String> names = new ArrayList<>();
        try (Statement statement = reading.createStatement()) {
            try (ResultSet rows = statement.executeQuery("SELECT substr(name, 5) FROM sqlite_master WHERE type = 'table' AND name GLOB 'log_*'")) {
                while (rows.next()) {
                    names.add(rows.getString(1));
                }
            }
            cursors.putAll(SpoolCursor.all(reading));
            for (String name : names) {
                // the highest position may be deleted already: then a cursor remembers it
                long last = cursors.getOrDefault(name, Map.of()).values().stream().mapToLong(Progress::position).max().orElse(0);
                try (ResultSet row = statement.executeQuery("SELECT max(position) FROM \"log_" + name + "\"")) {
                    row.next();
                    logs.put(name, new SpoolLog(name, Math.max(last, row.getLong(1))));
                }
            }
        }
    }

    static <T> T join(CompletableFuture<T> future) {
        try {
            return future.join();
        } catch (CompletionException e) {
            throw e.getCause() instanceof SpoolException cause ? cause : new SpoolException("The spool failed", e.getCause());
        }
    }
}

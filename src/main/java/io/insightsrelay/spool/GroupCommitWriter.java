package io.insightsrelay.spool;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.lang.Nullable;

/**
 * The only writer of the database. It commits whatever has gathered while the previous commit was syncing, so that one
 * fsync serves many callers. Futures complete after the commit and not on this thread, so that the next commit does not wait
 * for what callers do with the news: on the executor that the caller gave, all of one commit in one go, or on one for all.
 */
final class GroupCommitWriter {

    private static final Logger LOG = LoggerFactory.getLogger(GroupCommitWriter.class);
    private static final int MOST_TASKS_A_COMMIT = 4096;
    /** From this many bytes on the write-ahead log is to be copied into the file, and from these on before anything else. */
    private static final long LONG_LOG = 8L << 20;
    private static final long LONGEST_LOG = 8 * LONG_LOG;
    /** What a commit writes besides its events: a page or two that it shares with others. */
    private static final long AROUND_A_COMMIT = 8192;
    private static final Task<Void> STOP = new Task<>(null, false, 0, null);

    /** The future completes once the commit that holds it is on disk. */
    private static final class Task<T> {
        final SpoolStore.Work<T> work;
        /** An append: it fails only if its commit does. */
        final boolean append;
        final long bytes;
        final Executor executor;
        final CompletableFuture<T> done = new CompletableFuture<>();
        T result;
        Exception failure;

        Task(SpoolStore.Work<T> work, boolean append, long bytes, Executor executor) {
            this.work = work;
            this.append = append;
            this.bytes = bytes;
            this.executor = executor;
        }

        void finish() {
            if (failure == null) {
                done.complete(result);
            } else {
                done.completeExceptionally(new SpoolException("The spool refused the work: " + failure.getMessage(), failure));
            }
        }
    }

    /** Opens the connection that is written on. */
    interface Connector {
        Connection connect() throws SQLException;
    }

    private final Connector connector;
    private final Consumer<Throwable> onFailure;
    private Connection connection;
    private final LinkedBlockingQueue<Task<?>> queue = new LinkedBlockingQueue<>();
    private final Map<Executor, Turn<Task<?>>> turns = new ConcurrentHashMap<>();
    private final AtomicLong pendingBytes = new AtomicLong();
    private final Map<SpoolLog, LogTail> tails = new HashMap<>();
    private final SeenIds seenIds;
    private final ExecutorService completions =
            Executors.newSingleThreadExecutor(runnable -> daemon(runnable, "spool-completions"));
    private final Thread thread = daemon(this::run, "spool-writer");
    private volatile Runnable logIsLong = () -> { };
    /** About how long the write-ahead log is. */
    private volatile long logged;
    private volatile boolean checkpoint;
    private volatile boolean accepting = true;
    private volatile String trouble;

    GroupCommitWriter(Connector connector, SeenIds seenIds, Consumer<Throwable> onFailure) throws SQLException {
        this.connector = connector;
        this.seenIds = seenIds;
        this.onFailure = onFailure;
        connect();
    }

    void start() {
        thread.start();
    }

    /**
     * @param ids      the senders' ids of some of the payloads, by identity; null: of none
     * @param executor on which the future completes, and whose turns are gathered (see {@link Turn}); null: one for all, and at once
     * @return how many of the payloads were there already
     */
    CompletableFuture<Integer> append(SpoolLog log, List<byte[]> payloads, @Nullable Map<byte[], UUID> ids, long bytes, @Nullable Executor executor) {
        SpoolStore.Work<Integer> work = ids == null ? (connection, appender) -> {
            insert(log, payloads);
            return 0;
        } : (connection, appender) -> insertNew(log, payloads, ids);
        return submit(new Task<>(work, true, bytes, executor == null ? completions : executor));
    }

    <T> CompletableFuture<T> write(SpoolStore.Work<T> work) {
        return submit(new Task<>(work, false, 0, completions));
    }

    long pendingBytes() {
        return pendingBytes.get();
    }

    /** What is called, on the writer's thread, when the write-ahead log has grown long. */
    void whenLogIsLong(Runnable reaction) {
        logIsLong = reaction;
    }

    /** About how many bytes of the write-ahead log are not copied yet. */
    long logged() {
        return logged;
    }

    boolean isLogLong() {
        return logged > LONG_LOG;
    }

    /** Has what is left of the write-ahead log copied after the next commit, so that it begins anew. */
    void checkpoint() {
        checkpoint = true;
    }

    /** Why the last commit failed, or null when it succeeded. */
    String trouble() {
        return trouble;
    }

    /** Commits what is queued, then ends. Callers that come later are refused. */
    void stop() {
        synchronized (queue) {
            if (!accepting) {
                return;
            }
            accepting = false;
            queue.add(STOP);
        }
        try {
            thread.join();
            disconnect();
            completions.shutdown();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private <T> CompletableFuture<T> submit(Task<T> task) {
        pendingBytes.addAndGet(task.bytes);
        if (task.executor == completions) {
            enqueue(List.of(task));
        } else {
            turns.computeIfAbsent(task.executor, executor -> new Turn<>(executor, this::enqueue)).add(task);
        }
        return task.done;
    }

    private void enqueue(List<Task<?>> tasks) {
        synchronized (queue) {
            if (accepting) {
                queue.addAll(tasks);
                return;
            }
        }
        for (Task<?> task : tasks) {
            pendingBytes.addAndGet(-task.bytes);
            task.done.completeExceptionally(new SpoolException("The spool is closed"));
        }
    }

    private void run() {
        List<Task<?>> group = new ArrayList<>();
        boolean stopping = false;
        while (!stopping) {
            try {
                group.add(queue.take());
                queue.drainTo(group, MOST_TASKS_A_COMMIT);
            } catch (InterruptedException e) {
                // nobody interrupts this thread on purpose; what is queued still has to be written
                continue;
            }
            stopping = group.remove(STOP);
            if (!group.isEmpty()) {
                commit(group);
                group = new ArrayList<>();
            }
        }
    }

    private void commit(List<Task<?>> group) {
        Exception failure = null;
        long bytes = group.stream().mapToLong(task -> task.bytes).sum();
        try {
            if (connection == null) {
                connect();
            }
            for (Task<?> task : group) {
                perform(task);
            }
            flush();
            seenIds.flush(connection);
            connection.commit();
            trouble = null;
            copyLog(bytes);
        } catch (SQLException | RuntimeException e) {
            failure = e;
            if (trouble == null) {
                LOG.error("The spool cannot write: {}. Senders are told to come back; nothing acknowledged is affected.", e.getMessage());
            }
            trouble = String.valueOf(e.getMessage());
            disconnect();
        }
        for (Task<?> task : group) {
            if (failure != null) {
                task.failure = failure;
            }
            if (task.failure != null) {
                onFailure.accept(task.failure);
            }
        }
        pendingBytes.addAndGet(-bytes);
        if (failure == null) {
            tails.values().forEach(LogTail::committed);
        }
        finish(group);
    }

    private void copyLog(long bytes) {
        long length = logged + AROUND_A_COMMIT + bytes;
        if (length > LONGEST_LOG || checkpoint) {
            checkpoint = false;
            length = 0;
            try (Statement statement = connection.createStatement()) {
                connection.setAutoCommit(true);
                statement.execute("PRAGMA wal_checkpoint(PASSIVE)");
                connection.setAutoCommit(false);
            } catch (SQLException e) {
                // what is committed is so; if the connection is of no use any more the next commit finds out
                LOG.warn("The spool's write-ahead log cannot be copied: {}", e.getMessage());
            }
        }
        logged = length;
        if (length > LONG_LOG) {
            logIsLong.run();
        }
    }

    private void finish(List<Task<?>> group) {
        Map<Executor, List<Task<?>>> byExecutor = new IdentityHashMap<>(4);
        group.forEach(task -> byExecutor.computeIfAbsent(task.executor, executor -> new ArrayList<>(group.size())).add(task));
        byExecutor.forEach((executor, tasks) -> {
            try {
                executor.execute(() -> {
                    if (executor != completions) {
                        // so that the writer is not idle while these are answered
                        turns.get(executor).end();
                    }
                    tasks.forEach(Task::finish);
                });
            } catch (RejectedExecutionException e) {
                // a caller that is gone; what it appended is stored all the same
                LOG.debug("Nobody waits for {} appends", tasks.size());
            }
        });
    }

    private <T> void perform(Task<T> task) throws SQLException {
        if (task.append) {
            task.result = task.work.run(connection, this::insert);
            return;
        }
        // other work may fail for reasons of its own, and must not take the events of the same commit with it
        flush();
        Savepoint savepoint = connection.setSavepoint();
        Map<LogTail, Long> before = new HashMap<>();
        tails.values().forEach(tail -> before.put(tail, tail.position()));
        try {
            task.result = task.work.run(connection, this::insert);
            flush();
        } catch (SQLException | RuntimeException e) {
            connection.rollback(savepoint);
            tails.values().forEach(tail -> tail.rollBackTo(before.get(tail)));
            task.failure = e;
        } finally {
            connection.releaseSavepoint(savepoint);
        }
    }

    private void insert(SpoolLog log, List<byte[]> payloads) throws SQLException {
        LogTail tail = tails.get(log);
        if (tail == null) {
            tail = new LogTail(log, connection);
            tails.put(log, tail);
        }
        tail.append(payloads);
    }

    private int insertNew(SpoolLog log, List<byte[]> payloads, Map<byte[], UUID> ids) throws SQLException {
        List<byte[]> fresh = new ArrayList<>(payloads.size());
        for (byte[] payload : payloads) {
            UUID id = ids.get(payload);
            if (id == null || seenIds.add(id)) {
                fresh.add(payload);
            }
        }
        insert(log, fresh);
        return payloads.size() - fresh.size();
    }

    private void flush() throws SQLException {
        for (LogTail tail : tails.values()) {
            tail.flush();
        }
    }

    /**
     * A commit that failed may have left the connection inside a transaction, outside of one, or its rows on disk after all; so
     * it is opened anew, and positions and ids go on after what is there. Rows whose senders were refused may be among it.
     */
    private void connect() throws SQLException {
        Connection fresh = connector.connect();
        Map<SpoolLog, Long> last = new HashMap<>();
        for (SpoolLog log : tails.keySet()) {
            try (Statement statement = fresh.createStatement(); ResultSet row = statement.executeQuery("SELECT max(position) FROM " + log.table())) {
                row.next();
                last.put(log, row.getLong(1));
            }
        }
        tails.clear();
        seenIds.load(fresh);
        fresh.setAutoCommit(false);
        connection = fresh;
        last.forEach((log, position) -> log.committed(Math.max(position, log.lastPosition())));
    }

    private void disconnect() {
        try {
            if (connection != null) {
                // rolls back what is open
                connection.close();
            }
        } catch (SQLException e) {
            LOG.warn("The spool's connection did not close cleanly: {}", e.getMessage());
        }
        connection = null;
    }

    private static Thread daemon(Runnable runnable, String name) {
        Thread thread = new Thread(runnable, name);
        thread.setDaemon(true);
        return thread;
    }
}

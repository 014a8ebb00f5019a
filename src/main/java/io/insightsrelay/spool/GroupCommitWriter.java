package io.insightsrelay.spool;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The only writer of the database. It commits whatever has gathered while the previous commit was syncing, so that one
 * fsync serves many callers. Futures complete on a thread of their own, after the commit, so that the next commit does
 * not wait for what callers do with the news.
 */
final class GroupCommitWriter {

    private static final Logger LOG = LoggerFactory.getLogger(GroupCommitWriter.class);
    private static final int MOST_TASKS_A_COMMIT = 4096;
    private static final Task<Void> STOP = new Task<>(null, null, 0);

    private record Append(SpoolLog log, List<byte[]> payloads) {
    }

    /** Either an append, or any other work; the future completes once the commit that holds it is on disk. */
    private static final class Task<T> {
        final Append append;
        final SpoolStore.Work<T> work;
        final long bytes;
        final CompletableFuture<T> done = new CompletableFuture<>();
        T result;
        Exception failure;

        Task(Append append, SpoolStore.Work<T> work, long bytes) {
            this.append = append;
            this.work = work;
            this.bytes = bytes;
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
    private final AtomicLong pendingBytes = new AtomicLong();
    private final Map<SpoolLog, PreparedStatement> inserts = new HashMap<>();
    private final Map<SpoolLog, Long> appended = new HashMap<>();
    private final ExecutorService completions =
            Executors.newSingleThreadExecutor(runnable -> daemon(runnable, "spool-completions"));
    private final Thread thread = daemon(this::run, "spool-writer");
    private volatile boolean accepting = true;
    private volatile String trouble;

    GroupCommitWriter(Connector connector, Consumer<Throwable> onFailure) throws SQLException {
        this.connector = connector;
        this.onFailure = onFailure;
        connect();
    }

    void start() {
        thread.start();
    }

    CompletableFuture<Void> append(SpoolLog log, List<byte[]> payloads, long bytes) {
        return submit(new Task<>(new Append(log, payloads), null, bytes));
    }

    <T> CompletableFuture<T> write(SpoolStore.Work<T> work) {
        return submit(new Task<>(null, work, 0));
    }

    long pendingBytes() {
        return pendingBytes.get();
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
        synchronized (queue) {
            if (accepting) {
                queue.add(task);
                return task.done;
            }
        }
        pendingBytes.addAndGet(-task.bytes);
        return CompletableFuture.failedFuture(new SpoolException("The spool is closed"));
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
        try {
            if (connection == null) {
                connect();
            }
            for (Task<?> task : group) {
                perform(task);
            }
            connection.commit();
            trouble = null;
        } catch (SQLException | RuntimeException e) {
            failure = e;
            if (trouble == null) {
                LOG.error("The spool cannot write: {}. Senders are told to come back; nothing acknowledged is affected.", e.getMessage());
            }
            trouble = String.valueOf(e.getMessage());
            disconnect();
        }
        for (Task<?> task : group) {
            pendingBytes.addAndGet(-task.bytes);
            if (failure != null) {
                task.failure = failure;
            }
            if (task.failure != null) {
                onFailure.accept(task.failure);
            }
        }
        if (failure == null) {
            appended.forEach(SpoolLog::committed);
        }
        appended.clear();
        completions.execute(() -> group.forEach(Task::finish));
    }

    private <T> void perform(Task<T> task) throws SQLException {
        if (task.append != null) {
            insert(task.append.log, task.append.payloads);
            return;
        }
        // other work may fail for reasons of its own, and must not take the events of the same commit with it
        Savepoint savepoint = connection.setSavepoint();
        Map<SpoolLog, Long> before = Map.copyOf(appended);
        try {
            task.result = task.work.run(connection, this::insert);
        } catch (SQLException | RuntimeException e) {
            connection.rollback(savepoint);
            appended.clear();
            appended.putAll(before);
            task.failure = e;
        } finally {
            connection.releaseSavepoint(savepoint);
        }
    }

    private void insert(SpoolLog log, List<byte[]> payloads) throws SQLException {
        PreparedStatement insert = inserts.get(log);
        if (insert == null) {
            insert = connection.prepareStatement(log.insertSql());
            inserts.put(log, insert);
        }
        long position = appended.getOrDefault(log, log.lastPosition());
        long now = System.currentTimeMillis();
        for (byte[] payload : payloads) {
            insert.setLong(1, ++position);
            insert.setLong(2, now);
            insert.setBytes(3, payload);
            insert.executeUpdate();
        }
        appended.put(log, position);
    }

    /**
     * A commit that failed may have left the connection inside a transaction, outside of one, or its rows on disk after all; so
     * it is opened anew, and positions go on after what is there. Rows whose senders were refused may be among it.
     */
    private void connect() throws SQLException {
        Connection fresh = connector.connect();
        Map<SpoolLog, Long> last = new HashMap<>();
        for (SpoolLog log : List.copyOf(inserts.keySet())) {
            try (Statement statement = fresh.createStatement(); ResultSet row = statement.executeQuery("SELECT max(position) FROM " + log.table())) {
                row.next();
                last.put(log, row.getLong(1));
            }
        }
        inserts.clear();
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

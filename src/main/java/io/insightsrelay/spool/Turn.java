package io.insightsrelay.spool;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Consumer;

/**
 * Gathers what an executor's tasks hand over, until those that are due now have run or {@value #MOST} came. An event loop that has many
 * requests before it would else wake the writer for the first of them, which would get an fsync of its own. Thread-safe.
 */
final class Turn<T> {

    /** So many take an event loop longer than a commit does, so that the two go on side by side. */
    private static final int MOST = 32;

    private final Executor executor;
    private final Consumer<List<T>> next;
    private List<T> gathered = new ArrayList<>();

    /** @param next takes what came in one turn, in its order; called by the thread that hands over the last of it, or by the executor's */
    Turn(Executor executor, Consumer<List<T>> next) {
        this.executor = executor;
        this.next = next;
    }

    void add(T item) {
        int count;
        synchronized (this) {
            gathered.add(item);
            count = gathered.size();
        }
        if (count >= MOST) {
            end();
        } else if (count == 1) {
            try {
                executor.execute(this::end);
            } catch (RejectedExecutionException e) {
                end();
            }
        }
    }

    /** Hands on what there is. */
    void end() {
        List<T> due;
        synchronized (this) {
            due = gathered;
            gathered = new ArrayList<>();
        }
        if (!due.isEmpty()) {
            next.accept(due);
        }
    }
}

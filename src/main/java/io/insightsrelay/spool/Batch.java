package io.insightsrelay.spool;

import java.util.Collection;
import java.util.function.BooleanSupplier;
import org.springframework.lang.Nullable;

/**
 * The batch that an exchange of an engine's consumer holds, as the exchange property {@value #PROPERTY}. Events get their
 * outcomes here one by one where they do not get them all together, so that a crash in the middle repeats none of them. When
 * the exchange completes without an exception every event that has no outcome by then is delivered. Used by one thread; only
 * the turns of batches that overlap are between several.
 */
public abstract class Batch {

    /** Name of the exchange property. */
    public static final String PROPERTY = "Batch";

    private static final long CHECK_FOR_STOP_MILLIS = 50;

    private final BooleanSupplier stopping;
    @Nullable
    private volatile Batch previous;
    private boolean done;
    private boolean nextMayGo;

    /**
     * @param stopping true once the batch should be left
     * @param previous the batch before it, where that may still be under way
     */
    protected Batch(BooleanSupplier stopping, @Nullable Batch previous) {
        this.stopping = stopping;
        this.previous = previous;
    }

    /** A transaction for {@link #settle}: what routes write goes there while the exchange has it as {@link Transaction#PROPERTY}. */
    public abstract Transaction begin();

    /**
     * Commits outcomes, given as places in the batch from 0, together with what the transaction holds, and returns when
     * they are as durable as events are.
     *
     * @param delivered what got through
     * @param setAside  what the transaction appends to another log
     * @param dead      what the transaction keeps as dead letters
     * @throws RuntimeException if it cannot be written before the consumer stops; nothing of it is then
     */
    public abstract void settle(Collection<Integer> delivered, Collection<Integer> setAside, Collection<Integer> dead, Transaction transaction);

    /** True once the consumer is to stop, so that long work can end early. */
    public final boolean stopping() {
        return stopping.getAsBoolean();
    }

    /**
     * Waits until it is this batch's turn: all requests of every batch before it are under way, and none of those batches
     * has had a failure.
     *
     * @throws IllegalStateException if the consumer stops first
     */
    public final void awaitTurn() {
        for (Batch earlier = previous; earlier != null; earlier = earlier.previous) {
            earlier.await(true);
        }
    }

    /**
     * Waits until every batch before this one is done with.
     *
     * @throws IllegalStateException if the consumer stops first
     */
    public final void awaitEarlier() {
        for (Batch earlier = previous; earlier != null; earlier = earlier.previous) {
            earlier.await(false);
        }
    }

    private synchronized void await(boolean turn) {
        try {
            while (!done && !(turn && nextMayGo)) {
                if (stopping()) {
                    throw new IllegalStateException("the relay stops; the batch stays in the spool");
                }
                wait(CHECK_FOR_STOP_MILLIS);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted; the batch stays in the spool", e);
        }
    }

    /** Says whether it may be the next batch's turn already; otherwise that comes when this one is done with. */
    public final synchronized void nextMayGo(boolean mayGo) {
        nextMayGo = mayGo;
        notifyAll();
    }

    /** Says that every event of the batch has its outcome. */
    protected final synchronized void done() {
        done = true;
        notifyAll();
    }

    /** Whether every event of the batch has its outcome. */
    protected final synchronized boolean isDone() {
        return done;
    }

    /** Lets go of the batches before this one, which are done with. */
    protected final void forgetEarlier() {
        previous = null;
    }
}

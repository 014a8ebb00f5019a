package io.insightsrelay.spool;

import io.insightsrelay.spool.SpoolStore.Row;
import io.insightsrelay.spool.SpoolStore.Work;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.lang.Nullable;

/**
 * The batch that an exchange of a {@code spool:} consumer holds, as the exchange property {@value #PROPERTY}. Events get their
 * outcomes here one by one where they do not get them all together, so that a crash in the middle repeats none of them. When
 * the exchange completes without an exception every event that has no outcome by then is delivered. Used by one thread; only
 * the turns of batches that overlap are between several.
 */
public final class SpoolBatch {

    /** Name of the exchange property. */
    public static final String PROPERTY = "SpoolBatch";

    private static final Logger LOG = LoggerFactory.getLogger(SpoolBatch.class);
    private static final long FIRST_PAUSE_MILLIS = 100;
    private static final long LONGEST_PAUSE_MILLIS = 5_000;
    private static final long CHECK_FOR_STOP_MILLIS = 50;

    private final SpoolStore store;
    private final SpoolLog log;
    private final String consumer;
    private final int events;
    private final BooleanSupplier stopping;
    private final Set<Long> settled = new HashSet<>();
    private List<Row> rows;
    @Nullable
    private volatile SpoolBatch previous;
    private boolean done;
    private boolean nextMayGo;

    /** @param previous the batch before it, where that may still be under way */
    SpoolBatch(SpoolStore store, SpoolLog log, String consumer, List<Row> rows, BooleanSupplier stopping, @Nullable SpoolBatch previous) {
        this.store = store;
        this.log = log;
        this.consumer = consumer;
        this.rows = rows;
        this.events = rows.size();
        this.stopping = stopping;
        this.previous = previous;
    }

    /** What has no outcome yet; places are counted anew. */
    List<byte[]> open() {
        rows = rows.stream().filter(row -> !settled.contains(row.position())).toList();
        return rows.stream().map(Row::payload).toList();
    }

    /**
     * Waits until it is this batch's turn: all requests of every batch before it are under way, and none of those batches
     * has had a failure.
     *
     * @throws IllegalStateException if the consumer stops first
     */
    public void awaitTurn() {
        for (SpoolBatch earlier = previous; earlier != null; earlier = earlier.previous) {
            earlier.await(true);
        }
    }

    /**
     * Waits until every batch before this one is done with.
     *
     * @throws IllegalStateException if the consumer stops first
     */
    public void awaitEarlier() {
        for (SpoolBatch earlier = previous; earlier != null; earlier = earlier.previous) {
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
    public synchronized void nextMayGo(boolean mayGo) {
        nextMayGo = mayGo;
        notifyAll();
    }

    synchronized void done() {
        done = true;
        notifyAll();
    }

    synchronized boolean isDone() {
        return done;
    }

    /** True once the consumer is to stop, so that long work can end early. */
    public boolean stopping() {
        return stopping.getAsBoolean();
    }

    /**
     * Commits outcomes, given as places in the batch from 0, together with what the transaction holds, and returns when
     * they are fsynced.
     *
     * @param delivered what got through
     * @param setAside  what the transaction appends to another log
     * @param dead      what the transaction keeps as dead letters
     * @throws SpoolException if it cannot be written before the consumer stops; nothing of it is then
     */
    public void settle(Collection<Integer> delivered, Collection<Integer> setAside, Collection<Integer> dead, SpoolTransaction transaction) {
        List<Long> positions = new ArrayList<>();
        List.of(delivered, setAside, dead).forEach(places -> places.forEach(place -> positions.add(rows.get(place).position())));
        persist(() -> store.write((connection, appender) -> {
            for (Work<?> work : transaction.works()) {
                work.run(connection, appender);
            }
            Tally.add(connection, consumer, Tally.Outcome.DELIVERED, delivered.size());
            Tally.add(connection, consumer, Tally.Outcome.SET_ASIDE, setAside.size());
            Tally.add(connection, consumer, Tally.Outcome.DEAD, dead.size());
            SpoolCursor.settle(connection, log, consumer, positions);
            return null;
        }));
        settled.addAll(positions);
        store.settled(log, consumer, positions.size());
    }

    /** Ends the batch: all of it has outcomes. {@code from} is the cursor, and {@code read} how many events lie between it and the end. */
    void finish(long from, long to, int read) {
        long lost = to - from - read;
        if (lost > 0) {
            LOG.error("{} events of {} are missing before position {}: they were lost with a damaged part of the file", lost, log.name(), to);
        }
        persist(() -> store.advance(log, consumer, to, events - settled.size(), lost));
        previous = null;
    }

    /** Notes the end of a batch that the cursor cannot pass yet. */
    void settleRest() {
        open();
        settle(IntStream.range(0, rows.size()).boxed().toList(), List.of(), List.of(), new SpoolTransaction());
    }

    /** Tries until it is written: what was sent must not be sent again only because the disk is full. */
    private void persist(Supplier<CompletableFuture<?>> write) {
        for (long millis = FIRST_PAUSE_MILLIS;; millis = Math.min(2 * millis, LONGEST_PAUSE_MILLIS)) {
            try {
                SpoolStore.join(write.get());
                return;
            } catch (SpoolException e) {
                if (stopping() || !store.isOpen()) {
                    throw e;
                }
                LOG.warn("What became of events of {} cannot be written and is tried again: {}", log.name(), e.getMessage());
            }
            try {
                Thread.sleep(millis);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new SpoolException("interrupted before outcomes were written");
            }
        }
    }
}

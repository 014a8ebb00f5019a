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

/** A batch out of the SQLite file. Its outcomes are committed with the rows that they write. */
final class SpoolBatch extends Batch {

    private static final Logger LOG = LoggerFactory.getLogger(SpoolBatch.class);
    private static final long FIRST_PAUSE_MILLIS = 100;
    private static final long LONGEST_PAUSE_MILLIS = 5_000;

    private final SpoolStore store;
    private final SpoolLog log;
    private final String consumer;
    private final int events;
    private final Set<Long> settled = new HashSet<>();
    private List<Row> rows;

    /** @param previous the batch before it, where that may still be under way */
    SpoolBatch(SpoolStore store, SpoolLog log, String consumer, List<Row> rows, BooleanSupplier stopping, @Nullable SpoolBatch previous) {
        super(stopping, previous);
        this.store = store;
        this.log = log;
        this.consumer = consumer;
        this.rows = rows;
        this.events = rows.size();
    }

    /** What has no outcome yet; places are counted anew. */
    List<byte[]> open() {
        rows = rows.stream().filter(row -> !settled.contains(row.position())).toList();
        return rows.stream().map(Row::payload).toList();
    }

    @Override
    public Transaction begin() {
        return new SpoolTransaction();
    }

    @Override
    public void settle(Collection<Integer> delivered, Collection<Integer> setAside, Collection<Integer> dead, Transaction transaction) {
        List<Long> positions = new ArrayList<>();
        List.of(delivered, setAside, dead).forEach(places -> places.forEach(place -> positions.add(rows.get(place).position())));
        persist(() -> store.write((connection, appender) -> {
            for (Work<?> work : ((SpoolTransaction) transaction).works()) {
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
        forgetEarlier();
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

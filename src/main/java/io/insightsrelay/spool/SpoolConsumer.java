package io.insightsrelay.spool;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.apache.camel.Exchange;
import org.apache.camel.Processor;
import org.apache.camel.support.DefaultConsumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.lang.Nullable;

/**
 * Hands out batches, one at a time or a few that overlap, and moves the cursor when the first of those under way is done
 * with: up to the first event without an outcome.
 */
final class SpoolConsumer extends DefaultConsumer {

    private static final Logger LOG = LoggerFactory.getLogger(SpoolConsumer.class);
    private static final long LONGEST_IDLE_MILLIS = 1_000;
    private static final long FIRST_BACKOFF_MILLIS = 200;
    private static final long LONGEST_BACKOFF_MILLIS = 30_000;

    private final SpoolEndpoint endpoint;
    private SpoolLog log;
    private Thread thread;
    private ExecutorService workers;
    private volatile boolean running;
    private final SpoolSpan span;
    private Set<Long> settled;
    /** Up to where batches were handed out; less than 0 where that has to be looked up. */
    private long read;
    @Nullable
    private volatile Long end;
    private final Deque<UnderWay> underWay = new ArrayDeque<>();

    /** A batch that was handed out; {@code before} is the position before its first event, {@code read} how many were read. */
    private record UnderWay(SpoolBatch batch, long before, long last, int read) {
    }

    SpoolConsumer(SpoolEndpoint endpoint, Processor processor, SpoolSpan span) {
        super(endpoint, processor);
        this.endpoint = endpoint;
        this.span = span;
    }

    @Override
    protected void doStart() throws Exception {
        super.doStart();
        log = endpoint.store().log(endpoint.getLog());
        running = true;
        underWay.clear();
        endpoint.store().attach(log, endpoint.getGroup());
        thread = getEndpoint().getCamelContext().getExecutorServiceManager()
                .newThread("spool:" + endpoint.getLog() + "-" + endpoint.getGroup(), this::run);
        workers = getEndpoint().getCamelContext().getExecutorServiceManager()
                .newFixedThreadPool(this, "spool:" + endpoint.getLog() + "-" + endpoint.getGroup() + "-batch", endpoint.getBatchesAtOnce());
        thread.start();
    }

    /** Returns when the batches under way are done with or left in the log; what runs for it learns of the stop from the exchange. */
    @Override
    protected void doStop() throws Exception {
        running = false;
        log.wake();
        synchronized (this) {
            notifyAll();
        }
        if (Thread.currentThread() != thread) {
            thread.join(TimeUnit.SECONDS.toMillis(getEndpoint().getCamelContext().getShutdownStrategy().getTimeout()));
        }
        getEndpoint().getCamelContext().getExecutorServiceManager().shutdownNow(workers);
        endpoint.store().detach(log, endpoint.getGroup());
        super.doStop();
    }

    private void run() {
        long failures = 0;
        read = -1;
        while (running) {
            try {
                if (read < 0 || end == null && span.isOver()) {
                    awaitFewer(1);
                    open();
                }
                awaitFewer(endpoint.getBatchesAtOnce());
                List<SpoolStore.Row> rows = nextBatch(read);
                if (!rows.isEmpty()) {
                    handOut(rows, rows.get(rows.size() - 1).position());
                }
                failures = 0;
            } catch (InterruptedException e) {
                running = false;
            } catch (Exception e) {
                backOffQuietly(failures++, e);
            }
        }
        try {
            end();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (SpoolException e) {
            LOG.warn("What became of events of {} could not be written, so they come again: {}", log.name(), e.toString());
        }
    }

    private void open() {
        Spool.Progress progress = endpoint.store().open(log, endpoint.getGroup(), span);
        settled = endpoint.store().settled(log, endpoint.getGroup());
        end = progress.end();
        read = progress.position();
        tellIfAtEnd(read);
    }

    private void tellIfAtEnd(long position) {
        if (end != null && position >= end) {
            LOG.info("{} is at its end in {} and takes no more events; a consumer that is to begin anew needs another group", endpoint.getGroup(), log.name());
        }
    }

    private synchronized void awaitFewer(int batches) throws InterruptedException {
        while (running && underWay.size() >= batches) {
            wait(LONGEST_IDLE_MILLIS);
        }
    }

    private synchronized void handOut(List<SpoolStore.Row> rows, long last) {
        List<SpoolStore.Row> open = rows.stream().filter(row -> !settled.contains(row.position())).toList();
        UnderWay previous = underWay.peekLast();
        SpoolBatch batch = new SpoolBatch(endpoint.store(), log, endpoint.getGroup(), open, () -> !running, previous == null ? null : previous.batch);
        underWay.add(new UnderWay(batch, read, last, rows.size()));
        read = last;
        workers.execute(() -> work(batch));
    }

    /** Until the batch is done with or the consumer stops. */
    private void work(SpoolBatch batch) {
        try {
            long failures = 0;
            for (Exception failure = process(batch); failure != null; failure = process(batch)) {
                if (!running) {
                    return;
                }
                backOff(failures++, failure);
            }
            batch.done();
            finishInOrder();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (RuntimeException e) {
            LOG.warn("What became of a batch of {} could not be written, so it comes again: {}", log.name(), e.toString());
        }
    }

    /** The cursor passes the batches that are done with, up to the first that is not. */
    private synchronized void finishInOrder() {
        while (!underWay.isEmpty() && underWay.peek().batch.isDone()) {
            UnderWay first = underWay.peek();
            first.batch.finish(first.before, first.last, first.read);
            settled.removeIf(position -> position <= first.last);
            underWay.remove();
            tellIfAtEnd(first.last);
            notifyAll();
        }
    }

    /** What was done with behind a batch that is left in the log is noted, so that it does not come again with that. */
    private void end() throws InterruptedException {
        workers.shutdown();
        workers.awaitTermination(getEndpoint().getCamelContext().getShutdownStrategy().getTimeout(), TimeUnit.SECONDS);
        synchronized (this) {
            for (UnderWay left : underWay) {
                if (left.batch.isDone()) {
                    left.batch.settleRest();
                }
            }
        }
    }

    private List<SpoolStore.Row> nextBatch(long cursor) throws InterruptedException {
        if (end != null && cursor >= end) {
            log.awaitBeyond(Long.MAX_VALUE, LONGEST_IDLE_MILLIS);
            return List.of();
        }
        log.awaitBeyond(cursor, LONGEST_IDLE_MILLIS);
        long lingerUntil = System.nanoTime() + endpoint.getLinger().toNanos();
        long left;
        while (running && end == null && log.lastPosition() > cursor && log.lastPosition() - cursor < endpoint.getBatchSize()
                && (left = TimeUnit.NANOSECONDS.toMillis(lingerUntil - System.nanoTime())) > 0) {
            log.awaitBeyond(log.lastPosition(), left);
        }
        if (!running || log.lastPosition() <= cursor) {
            return List.of();
        }
        List<SpoolStore.Row> rows = endpoint.store().rowsBeyond(log, cursor, endpoint.getBatchSize(), endpoint.getMaxBytes()).stream()
                .takeWhile(row -> end == null ? !span.isBefore(row.storedAt()) : row.position() <= end).toList();
        if (rows.isEmpty() && end != null) {
            // what was there up to the end is lost
            handOut(rows, end);
        }
        return endpoint.getDelay().isZero() ? rows : rested(rows);
    }

    /** The rows, up to the first that has to rest longer; waits where that is the first of all. */
    private List<SpoolStore.Row> rested(List<SpoolStore.Row> rows) throws InterruptedException {
        long now = System.currentTimeMillis();
        long delay = endpoint.getDelay().toMillis();
        int count = 0;
        // a row from the future has seen a clock that was set back since; it has rested long enough
        while (count < rows.size() && (now - rows.get(count).storedAt() >= delay || rows.get(count).storedAt() > now)) {
            count++;
        }
        if (count == 0 && !rows.isEmpty()) {
            long rest = delay - (now - rows.get(0).storedAt());
            log.awaitBeyond(Long.MAX_VALUE, Math.min(rest, LONGEST_IDLE_MILLIS));
        }
        return rows.subList(0, count);
    }

    /** Null when the batch is done with. */
    private Exception process(SpoolBatch batch) {
        List<byte[]> payloads = batch.open();
        if (payloads.isEmpty()) {
            return null;
        }
        Exchange exchange = createExchange(false);
        try {
            exchange.getIn().setBody(payloads);
            exchange.setProperty(Batch.PROPERTY, batch);
            createUoW(exchange);
            getProcessor().process(exchange);
            return exchange.getException();
        } catch (Exception e) {
            return e;
        } finally {
            doneUoW(exchange);
            releaseExchange(exchange, false);
        }
    }

    private void backOff(long failures, Exception cause) throws InterruptedException {
        long most = Math.min(LONGEST_BACKOFF_MILLIS, FIRST_BACKOFF_MILLIS << Math.min(failures, 16));
        long millis = ThreadLocalRandom.current().nextLong(most / 2, most + 1);
        LOG.warn("A batch of {} for {} failed and comes again in {} ms: {}", endpoint.getLog(), endpoint.getGroup(), millis, cause.toString());
        long until = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(millis);
        long left;
        while (running && (left = TimeUnit.NANOSECONDS.toMillis(until - System.nanoTime())) > 0) {
            log.awaitBeyond(Long.MAX_VALUE, left);
        }
    }

    private void backOffQuietly(long failures, Exception cause) {
        try {
            backOff(failures, cause);
        } catch (InterruptedException e) {
            running = false;
        }
    }
}

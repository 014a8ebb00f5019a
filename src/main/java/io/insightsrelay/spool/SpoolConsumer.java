package io.insightsrelay.spool;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.apache.camel.Exchange;
import org.apache.camel.Processor;
import org.apache.camel.support.DefaultConsumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Hands out one batch at a time and moves the cursor when it is done with. */
final class SpoolConsumer extends DefaultConsumer {

    private static final Logger LOG = LoggerFactory.getLogger(SpoolConsumer.class);
    private static final long LONGEST_IDLE_MILLIS = 1_000;
    private static final long FIRST_BACKOFF_MILLIS = 200;
    private static final long LONGEST_BACKOFF_MILLIS = 30_000;

    private final SpoolEndpoint endpoint;
    private SpoolLog log;
    private Thread thread;
    private volatile boolean running;
    private Set<Long> settled;

    SpoolConsumer(SpoolEndpoint endpoint, Processor processor) {
        super(endpoint, processor);
        this.endpoint = endpoint;
    }

    @Override
    protected void doStart() throws Exception {
        super.doStart();
        log = endpoint.store().log(endpoint.getLog());
        running = true;
        endpoint.store().attach(log, endpoint.getGroup());
        thread = getEndpoint().getCamelContext().getExecutorServiceManager()
                .newThread("spool:" + endpoint.getLog() + "-" + endpoint.getGroup(), this::run);
        thread.start();
    }

    /** Returns when the batch in hand is done with or left in the log; what runs for it learns of the stop from the exchange. */
    @Override
    protected void doStop() throws Exception {
        running = false;
        log.wake();
        if (Thread.currentThread() != thread) {
            thread.join(TimeUnit.SECONDS.toMillis(getEndpoint().getCamelContext().getShutdownStrategy().getTimeout()));
        }
        endpoint.store().detach(log, endpoint.getGroup());
        super.doStop();
    }

    private void run() {
        long failures = 0;
        long cursor = -1;
        while (running) {
            try {
                if (cursor < 0) {
                    cursor = endpoint.store().cursor(log, endpoint.getGroup());
                    settled = endpoint.store().settled(log, endpoint.getGroup());
                }
                List<SpoolStore.Row> rows = nextBatch(cursor);
                if (rows.isEmpty()) {
                    continue;
                }
                List<SpoolStore.Row> open = rows.stream().filter(row -> !settled.contains(row.position())).toList();
                SpoolBatch batch = new SpoolBatch(endpoint.store(), log, endpoint.getGroup(), open, () -> !running);
                Exception failure = open.isEmpty() ? null : process(open, batch);
                settled.addAll(batch.settled());
                if (failure == null) {
                    long last = rows.get(rows.size() - 1).position();
                    batch.finish(cursor, last, rows.size());
                    settled.removeIf(position -> position <= last);
                    cursor = last;
                    failures = 0;
                } else if (running) {
                    backOff(failures++, failure);
                }
            } catch (InterruptedException e) {
                return;
            } catch (Exception e) {
                backOffQuietly(failures++, e);
            }
        }
    }

    private List<SpoolStore.Row> nextBatch(long cursor) throws InterruptedException {
        log.awaitBeyond(cursor, LONGEST_IDLE_MILLIS);
        long lingerUntil = System.nanoTime() + endpoint.getLinger().toNanos();
        long left;
        while (running && log.lastPosition() > cursor && log.lastPosition() - cursor < endpoint.getBatchSize()
                && (left = TimeUnit.NANOSECONDS.toMillis(lingerUntil - System.nanoTime())) > 0) {
            log.awaitBeyond(log.lastPosition(), left);
        }
        if (!running || log.lastPosition() <= cursor) {
            return List.of();
        }
        List<SpoolStore.Row> rows = endpoint.store().rowsBeyond(log, cursor, endpoint.getBatchSize(), endpoint.getMaxBytes());
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
    private Exception process(List<SpoolStore.Row> rows, SpoolBatch batch) {
        Exchange exchange = createExchange(false);
        try {
            List<byte[]> payloads = new ArrayList<>(rows.size());
            rows.forEach(row -> payloads.add(row.payload()));
            exchange.getIn().setBody(payloads);
            exchange.setProperty(SpoolBatch.PROPERTY, batch);
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

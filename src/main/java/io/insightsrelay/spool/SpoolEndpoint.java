package io.insightsrelay.spool;

import java.time.Duration;
import org.apache.camel.Category;
import org.apache.camel.Consumer;
import org.apache.camel.Processor;
import org.apache.camel.Producer;
import org.apache.camel.spi.Metadata;
import org.apache.camel.spi.UriEndpoint;
import org.apache.camel.spi.UriParam;
import org.apache.camel.spi.UriPath;
import org.apache.camel.support.DefaultEndpoint;

/**
 * A durable log. The producer appends the message body, one event (bytes or anything that converts to them) or a list of
 * them, and completes the exchange once they are fsynced. The consumer hands out batches in order, as a list of bytes, and
 * moves its cursor when the exchange completes without an exception; otherwise the same batch comes again.
 */
@UriEndpoint(firstVersion = "0.1.0", scheme = "spool", title = "Spool", syntax = "spool:log", category = {Category.MESSAGING})
public final class SpoolEndpoint extends DefaultEndpoint {

    /**
     * Exchange property: the {@link java.util.concurrent.Executor} on which an exchange goes on once its events are fsynced. All of one
     * commit that have the same go on in one task, and what its tasks append in one turn shares a commit. Without it they go on on a thread of the spool.
     */
    public static final String EXECUTOR = "SpoolExecutor";
    /**
     * Exchange property: the ids that senders gave some of the payloads, a {@code Map<byte[], UUID>} by identity (see
     * {@link java.util.IdentityHashMap}). One that was appended within {@code ingest.dedupe.window} is not appended again.
     */
    public static final String IDS = "SpoolIds";
    /** Exchange property, set by the producer where {@link #IDS} is: how many of the payloads were there already, an Integer. */
    public static final String REPEATS = "SpoolRepeats";

    @UriPath(description = "Name of the log: a-z, 0-9 and -")
    @Metadata(required = true)
    private final String log;
    @UriParam(label = "consumer", description = "The cursor that this consumer moves: a-z, 0-9 and -; consumers need it. Each group sees every event; two consumers must not share one")
    private String group;
    @UriParam(label = "consumer", defaultValue = "500", description = "Most events in a batch")
    private int batchSize = 500;
    @UriParam(label = "consumer", defaultValue = "8388608", description = "Most bytes in a batch; one event that is larger comes alone")
    private long maxBytes = 8L << 20;
    @UriParam(label = "consumer", defaultValue = "200ms", description = "How long a batch that is not full waits for more events")
    private Duration linger = Duration.ofMillis(200);
    @UriParam(label = "consumer", defaultValue = "0", description = "How long an event rests in the log before it is handed out")
    private Duration delay = Duration.ZERO;
    @UriParam(label = "consumer", defaultValue = "1", description = "How many batches may be under way at once. Beyond 1 the route has to wait for its "
            + "turn (awaitTurn) where order matters")
    private int batchesAtOnce = 1;
    @UriParam(label = "consumer", defaultValue = "beginning", description = "Where a group begins that was never there before: beginning (the oldest event that the "
            + "log still has), end (with what is stored from then on), how far back, such as 24h, or a time, such as 2026-11-25T00:00:00Z")
    private String from = "beginning";
    @UriParam(label = "consumer", description = "A time, such as 2026-11-26T00:00:00Z: events that were stored then or later are not for this group, and it "
            + "keeps nothing from being deleted once it has finished with those before. An end that was reached stays")
    private String until;

    SpoolEndpoint(String uri, SpoolComponent component, String log) {
        super(uri, component);
        this.log = log;
    }

    @Override
    public Producer createProducer() {
        return new SpoolProducer(this);
    }

    @Override
    public Consumer createConsumer(Processor processor) throws Exception {
        SpoolLog.checkName("group", group);
        if (batchSize < 1 || maxBytes < 1 || batchesAtOnce < 1 || linger.isNegative() || delay.isNegative()) {
            throw new IllegalArgumentException("batchSize=" + batchSize + ", maxBytes=" + maxBytes + ", batchesAtOnce=" + batchesAtOnce + ", linger=" + linger + ", delay=" + delay
                    + " of " + getEndpointUri() + ": the first three have to be at least 1, the others at least 0");
        }
        SpoolConsumer consumer = new SpoolConsumer(this, processor, SpoolSpan.parse(from, until));
        configureConsumer(consumer);
        return consumer;
    }

    SpoolStore store() {
        return ((SpoolComponent) getComponent()).store();
    }

    /** Name of the log. */
    public String getLog() {
        return log;
    }

    /** The cursor that this consumer moves; null for producers. */
    public String getGroup() {
        return group;
    }

    /** The cursor that this consumer moves: a-z, 0-9 and -. */
    public void setGroup(String group) {
        this.group = group;
    }

    /** Most events in a batch. */
    public int getBatchSize() {
        return batchSize;
    }

    /** Most events in a batch, at least 1. */
    public void setBatchSize(int batchSize) {
        this.batchSize = batchSize;
    }

    /** Most bytes in a batch. */
    public long getMaxBytes() {
        return maxBytes;
    }

    /** Most bytes in a batch, at least 1; one event that is larger comes alone. */
    public void setMaxBytes(long maxBytes) {
        this.maxBytes = maxBytes;
    }

    /** How long a batch that is not full waits for more events. */
    public Duration getLinger() {
        return linger;
    }

    /** How long a batch that is not full waits for more events; 0 hands out what is there. */
    public void setLinger(Duration linger) {
        this.linger = linger;
    }

    /** How long an event rests in the log before it is handed out. */
    public Duration getDelay() {
        return delay;
    }

    /** How long an event rests in the log before it is handed out. */
    public void setDelay(Duration delay) {
        this.delay = delay;
    }

    /** How many batches may be under way at once. */
    public int getBatchesAtOnce() {
        return batchesAtOnce;
    }

    /** How many batches may be under way at once, at least 1. */
    public void setBatchesAtOnce(int batchesAtOnce) {
        this.batchesAtOnce = batchesAtOnce;
    }

    /** Where a group begins that was never there before. */
    public String getFrom() {
        return from;
    }

    /** Where a group begins that was never there before: beginning, end, how far back, or a time (ISO-8601 with its zone). */
    public void setFrom(String from) {
        this.from = from;
    }

    /** From when on events are not for this group; null for no end. */
    public String getUntil() {
        return until;
    }

    /** From when on events are not for this group: a time (ISO-8601 with its zone); null for no end. */
    public void setUntil(String until) {
        this.until = until;
    }
}

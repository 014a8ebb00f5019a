package io.insightsrelay.kafka;

import io.insightsrelay.spool.SpoolException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.apache.kafka.clients.consumer.CommitFailedException;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Writes records and offsets of one group in transactions, again and again until they are written. Used by one thread at a time. */
final class OutcomeWriter implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(OutcomeWriter.class);
    private static final long FIRST_PAUSE_MILLIS = 50;
    private static final long LONGEST_PAUSE_MILLIS = 5_000;
    private static final Duration CLOSE = Duration.ofSeconds(2);

    private final KafkaEngine engine;
    private final String group;
    private volatile KafkaProducer<byte[], byte[]> producer;
    private volatile boolean closed;

    OutcomeWriter(KafkaEngine engine, String group) {
        this.engine = engine;
        this.group = group;
    }

    /** Gets ready, so that transactions which this relay left open in an earlier life are ended. */
    void open() {
        if (producer == null) {
            producer = engine.transactional(group);
        }
    }

    /**
     * @param offsets what to commit; asked before each attempt
     * @param member  in whose name; null once that is nobody's to commit any more
     * @throws SpoolException if it is closed, or the member has lost its partitions, before it is written
     */
    void commit(Supplier<Map<TopicPartition, OffsetAndMetadata>> offsets, List<ProducerRecord<byte[], byte[]>> records,
                Supplier<ConsumerGroupMetadata> member) {
        for (long millis = FIRST_PAUSE_MILLIS;; millis = Math.min(2 * millis, LONGEST_PAUSE_MILLIS)) {
            ConsumerGroupMetadata now = member.get();
            if (now == null || closed) {
                throw new SpoolException(closed ? "the consumer is closed" : "the batch is another relay's now");
            }
            Map<TopicPartition, OffsetAndMetadata> committing = offsets.get();
            if (attempt(committing, records, now)) {
                return;
            }
            try {
                Thread.sleep(millis);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new SpoolException("interrupted before outcomes were written", e);
            }
        }
    }

    private boolean attempt(Map<TopicPartition, OffsetAndMetadata> offsets, List<ProducerRecord<byte[], byte[]>> records, ConsumerGroupMetadata member) {
        boolean committing = false;
        try {
            open();
            producer.beginTransaction();
            records.forEach(record -> producer.send(record, engine.ends()));
            producer.sendOffsetsToTransaction(offsets, member);
            committing = true;
            commitTransaction();
            return true;
        } catch (CommitFailedException e) {
            // the group is being shared out anew: the next attempt is made in the name of the new member
            LOG.debug("Outcomes of {} are not written yet: {}", group, e.getMessage());
            abort();
            return false;
        } catch (KafkaException | IllegalStateException e) {
            LOG.warn("What became of events of {} cannot be written and is tried again: {}", group, e.toString());
            discard();
            // whether a commit that was not answered took place only the offsets can tell
            return committing && written(offsets);
        }
    }

    /** A commit that takes longer than expected is asked for again: it is the same one. */
    private void commitTransaction() {
        for (int attempts = 0;; attempts++) {
            try {
                producer.commitTransaction();
                return;
            } catch (TimeoutException e) {
                if (closed || attempts == 10) {
                    throw e;
                }
            }
        }
    }

    private boolean written(Map<TopicPartition, OffsetAndMetadata> offsets) {
        while (!closed) {
            try {
                // to begin anew ends, one way or the other, what was left open
                producer = engine.transactional(group);
                return engine.committed(group).entrySet().containsAll(offsets.entrySet());
            } catch (KafkaException | SpoolException e) {
                LOG.warn("Whether outcomes of {} were written is not known yet: {}", group, e.toString());
                discard();
            }
        }
        throw new SpoolException("the consumer is closed");
    }

    private void abort() {
        try {
            producer.abortTransaction();
        } catch (KafkaException | IllegalStateException e) {
            discard();
        }
    }

    private void discard() {
        KafkaProducer<byte[], byte[]> broken = producer;
        producer = null;
        if (broken != null) {
            broken.close(Duration.ZERO);
        }
    }

    @Override
    public void close() {
        closed = true;
        KafkaProducer<byte[], byte[]> last = producer;
        if (last != null) {
            last.close(CLOSE);
        }
    }
}

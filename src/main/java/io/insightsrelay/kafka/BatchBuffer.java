package io.insightsrelay.kafka;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.List;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;

/** What a consumer has fetched and is yet to hand out, and how batches are cut of it. Used by the polling thread alone. */
final class BatchBuffer {

    /**
     * How batches are cut.
     *
     * @param size          most events
     * @param maxBytes      most bytes; one event that is larger comes alone
     * @param linger        how long a batch that is not full waits for more
     * @param delay         how long a record rests in the topic before it is handed out
     * @param batchesAtOnce how many may be under way
     */
    record Cut(int size, long maxBytes, Duration linger, Duration delay, int batchesAtOnce) {
    }

    private final Cut cut;
    private final Deque<ConsumerRecord<byte[], byte[]>> records = new ArrayDeque<>();
    private long bytes;
    /** When the first of them came; of {@link System#nanoTime}. */
    private long since;

    BatchBuffer(Cut cut) {
        this.cut = cut;
    }

    void add(ConsumerRecord<byte[], byte[]> record) {
        since = records.isEmpty() ? System.nanoTime() : since;
        records.add(record);
        bytes += record.serializedValueSize();
    }

    /** Whether there is a batch's worth. */
    boolean isFull() {
        return records.size() >= cut.size() || bytes >= cut.maxBytes();
    }

    /** How long it takes until there is a batch, if nothing more comes; 0 or less if there is one. */
    long nanosUntilReady() {
        return records.isEmpty() ? Long.MAX_VALUE : isFull() ? 0 : since + cut.linger().toNanos() - System.nanoTime();
    }

    /** Takes a batch out. */
    List<ConsumerRecord<byte[], byte[]>> cut() {
        List<ConsumerRecord<byte[], byte[]>> batch = new ArrayList<>();
        long size = 0;
        while (!records.isEmpty() && batch.size() < cut.size()) {
            size += records.peek().serializedValueSize();
            if (size > cut.maxBytes() && !batch.isEmpty()) {
                break;
            }
            ConsumerRecord<byte[], byte[]> record = records.remove();
            bytes -= record.serializedValueSize();
            batch.add(record);
        }
        return batch;
    }

    void clear() {
        records.clear();
        bytes = 0;
    }

    /** Forgets what is of these partitions. */
    void drop(Collection<TopicPartition> partitions) {
        records.removeIf(record -> partitions.contains(new TopicPartition(record.topic(), record.partition())));
        bytes = records.stream().mapToLong(ConsumerRecord::serializedValueSize).sum();
    }
}

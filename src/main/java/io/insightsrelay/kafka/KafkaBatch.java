package io.insightsrelay.kafka;

import io.insightsrelay.spool.Batch;
import io.insightsrelay.spool.Transaction;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.springframework.lang.Nullable;

/** A batch of records of one consumer. Its outcomes are committed in one Kafka transaction with the records that they write. */
final class KafkaBatch extends Batch {

    private final BatchConsumer consumer;
    private final List<ConsumerRecord<byte[], byte[]>> records;
    private final Set<Integer> settled = new HashSet<>();

    KafkaBatch(BatchConsumer consumer, List<ConsumerRecord<byte[], byte[]>> records, BooleanSupplier stopping, @Nullable KafkaBatch previous) {
        super(stopping, previous);
        this.consumer = consumer;
        this.records = records;
    }

    List<byte[]> envelopes() {
        return records.stream().map(ConsumerRecord::value).toList();
    }

    @Override
    public Transaction begin() {
        return new KafkaTransaction();
    }

    @Override
    public void settle(Collection<Integer> delivered, Collection<Integer> setAside, Collection<Integer> dead, Transaction transaction) {
        consumer.commit(this, at(delivered), at(setAside), at(dead), ((KafkaTransaction) transaction).records());
        settled.addAll(delivered);
        settled.addAll(setAside);
        settled.addAll(dead);
    }

    private List<ConsumerRecord<byte[], byte[]>> at(Collection<Integer> places) {
        return places.stream().map(records::get).toList();
    }

    /** Ends the batch: what has no outcome yet is delivered. */
    void finish() {
        List<Integer> rest = IntStream.range(0, records.size()).boxed().filter(place -> !settled.contains(place)).toList();
        if (!rest.isEmpty()) {
            settle(rest, List.of(), List.of(), begin());
        }
        done();
        forgetEarlier();
    }
}

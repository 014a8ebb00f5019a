package io.insightsrelay.kafka;

import io.insightsrelay.spool.Transaction;
import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.clients.producer.ProducerRecord;

/** Records that are written in one Kafka transaction with the offsets of a batch. */
final class KafkaTransaction implements Transaction {

    private final List<ProducerRecord<byte[], byte[]>> records = new ArrayList<>();

    void add(ProducerRecord<byte[], byte[]> record) {
        records.add(record);
    }

    List<ProducerRecord<byte[], byte[]>> records() {
        return records;
    }
}

package io.insightsrelay.kafka;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.record.TimestampType;
import org.junit.jupiter.api.Test;

class BatchBufferTest {

    private static BatchBuffer buffer(int size, long maxBytes, Duration linger) {
        return new BatchBuffer(new BatchBuffer.Cut(size, maxBytes, linger, Duration.ZERO, 1));
    }

    private static ConsumerRecord<byte[], byte[]> record(int partition, long offset, int bytes) {
        return new ConsumerRecord<>("events", partition, offset, 0, TimestampType.CREATE_TIME, 0, bytes, null, new byte[bytes], new RecordHeaders(), Optional.empty());
    }

    private static List<Long> offsets(BatchBuffer buffer) {
        return buffer.cut().stream().map(ConsumerRecord::offset).toList();
    }

    @Test
    void aFullBatchGoesAtOnceAndTheRestAfterTheLinger() {
        BatchBuffer buffer = buffer(2, 1_000, Duration.ofMillis(50));
        assertThat(buffer.nanosUntilReady()).isEqualTo(Long.MAX_VALUE);
        for (int offset = 0; offset < 3; offset++) {
            buffer.add(record(0, offset, 10));
        }
        assertThat(buffer.nanosUntilReady()).isZero();
        assertThat(offsets(buffer)).containsExactly(0L, 1L);
        assertThat(buffer.isFull()).isFalse();
        await().until(() -> buffer.nanosUntilReady() <= 0);
        assertThat(offsets(buffer)).containsExactly(2L);
    }

    @Test
    void bytesEndABatchAndOneThatIsTooLargeComesAlone() {
        BatchBuffer buffer = buffer(100, 100, Duration.ofHours(1));
        buffer.add(record(0, 0, 60));
        assertThat(buffer.isFull()).isFalse();
        buffer.add(record(0, 1, 60));
        buffer.add(record(0, 2, 500));
        assertThat(buffer.isFull()).isTrue();
        assertThat(offsets(buffer)).containsExactly(0L);
        assertThat(offsets(buffer)).containsExactly(1L);
        assertThat(offsets(buffer)).containsExactly(2L);
    }

    @Test
    void whatIsAnotherMembersNowIsForgottenWithItsBytes() {
        BatchBuffer buffer = buffer(100, 100, Duration.ofHours(1));
        buffer.add(record(0, 0, 60));
        buffer.add(record(1, 0, 60));
        buffer.drop(List.of(new TopicPartition("events", 0)));
        assertThat(buffer.isFull()).isFalse();
        assertThat(buffer.cut()).extracting(ConsumerRecord::partition).containsExactly(1);
    }
}

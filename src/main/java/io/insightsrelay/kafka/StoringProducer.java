package io.insightsrelay.kafka;

import io.insightsrelay.event.Event;
import io.insightsrelay.spool.SpoolException;
import io.insightsrelay.spool.SpoolFullException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Properties;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.producer.BufferExhaustedException;
import org.apache.kafka.clients.producer.Callback;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.springframework.lang.Nullable;

/**
 * The Kafka producer below the {@code kafka:} endpoint that stores what ingest accepts. Never blocks, so that it may be used on an
 * event loop. Gives each envelope its key, so that what belongs together keeps its order, and says what went wrong in the
 * spool's own exceptions.
 */
final class StoringProducer extends KafkaProducer<byte[], byte[]> {

    private static final long KNOWN_WITHIN_SECONDS = 30;

    private final Duration fullRetryAfter;
    private final LogEnds ends;

    /**
     * Returns once it knows the topic.
     *
     * @param fullRetryAfter what a sender is told to wait while the buffer is full
     * @param ends           is told what was written
     */
    StoringProducer(Properties properties, String topic, Duration fullRetryAfter, LogEnds ends) {
        super(properties, new ByteArraySerializer(), new ByteArraySerializer());
        this.fullRetryAfter = fullRetryAfter;
        this.ends = ends;
        long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(KNOWN_WITHIN_SECONDS);
        while (!knows(topic)) {
            if (System.nanoTime() - until > 0) {
                close(Duration.ZERO);
                throw new SpoolException("Kafka does not say where the topic " + topic + " is");
            }
        }
    }

    private boolean knows(String topic) {
        try {
            return !partitionsFor(topic).isEmpty();
        } catch (TimeoutException e) {
            // it does not wait, so it is asked again
            try {
                Thread.sleep(10);
            } catch (InterruptedException interrupted) {
                Thread.currentThread().interrupt();
                throw new SpoolException("interrupted", interrupted);
            }
            return false;
        }
    }

    @Override
    public Future<RecordMetadata> send(ProducerRecord<byte[], byte[]> record, @Nullable Callback callback) {
        ProducerRecord<byte[], byte[]> keyed = record.key() != null ? record
                : new ProducerRecord<>(record.topic(), record.partition(), record.timestamp(), key(record.value()), record.value(), record.headers());
        return super.send(keyed, (metadata, failure) -> {
            ends.onCompletion(metadata, failure);
            if (callback != null) {
                callback.onCompletion(metadata, failure == null ? null : translate(failure));
            }
        });
    }

    /** The user, or the session that the event says it is of; null, for any partition, where it says neither. */
    @Nullable
    static byte[] key(byte[] envelope) {
        Event event = Event.fromEnvelope(envelope);
        String key = event.user() != null ? event.user() : event.text("/context/sessionId");
        return key == null ? null : key.getBytes(StandardCharsets.UTF_8);
    }

    /** The same, but null also where nobody can read the envelope. */
    @Nullable
    static byte[] keyOf(byte[] envelope) {
        try {
            return key(envelope);
        } catch (IllegalArgumentException e) {
            return null;
        }
    }

    private RuntimeException translate(Exception failure) {
        if (failure instanceof BufferExhaustedException) {
            return new SpoolFullException("More is arriving than Kafka takes (kafka.producer.bufferSize)", fullRetryAfter);
        }
        return new SpoolException("Kafka did not take the event: " + failure.getMessage(), failure);
    }
}

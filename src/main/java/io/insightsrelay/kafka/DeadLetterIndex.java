package io.insightsrelay.kafka;

import io.insightsrelay.deadletter.DeadLetter;
import io.insightsrelay.deadletter.DeadLetterStore.Listed;
import io.insightsrelay.deadletter.DeadLetterStore.Selection;
import io.insightsrelay.kafka.KafkaEngine.Handled;
import io.insightsrelay.kafka.KafkaEngine.Opening;
import io.insightsrelay.spool.SpoolException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/**
 * What the topic of dead letters says, in memory but for the envelopes. It is as of the latest {@link #catchUp}. Used by one thread at a
 * time.
 */
final class DeadLetterIndex implements AutoCloseable {

    /** A letter without its envelope, which is at that offset. */
    record Entry(DeadLetter letter, long offset, boolean replayRequested) {

        Listed listed() {
            return new Listed(letter, replayRequested);
        }
    }

    private record Key(String id, String destination) implements Comparable<Key> {

        private static final Comparator<Key> ORDER = Comparator.comparing(Key::id).thenComparing(Key::destination);

        @Override
        public int compareTo(Key other) {
            return ORDER.compare(this, other);
        }
    }

    private static final Duration POLL = Duration.ofMillis(50);
    private static final long CAUGHT_UP_SECONDS = 60;
    private static final long OPEN_TRANSACTION_MILLIS = 2_000;

    private final KafkaEngine engine;
    private final TopicPartition partition;
    private final NavigableMap<Key, Entry> letters = new TreeMap<>();
    private final Map<String, Handled> handled = new HashMap<>();
    private final Map<String, Map<String, Opening>> openings = new HashMap<>();
    private KafkaConsumer<byte[], byte[]> reader;

    DeadLetterIndex(KafkaEngine engine) {
        this.engine = engine;
        this.partition = new TopicPartition(engine.topics().deadLetters(), 0);
    }

    /** Letters in the order of their ids, at most so many. */
    List<Entry> selected(Selection selection, Predicate<Entry> which, int most) {
        return letters.values().stream().filter(entry -> selection.includes(entry.letter.id(), entry.letter.destination()) && which.test(entry)).limit(most).toList();
    }

    /** What was done with dead letters, by destination. */
    Map<String, Handled> handled() {
        return handled;
    }

    /** What the destination was given from elsewhere, by the id of the move. */
    Map<String, Opening> openings(String destination) {
        return openings.getOrDefault(destination, Map.of());
    }

    /**
     * Reads on to where the topic ended at the call, own changes and those of batches that are being committed included.
     *
     * @throws SpoolException if the brokers do not answer in time
     */
    void catchUp() {
        try {
            if (reader == null) {
                Map<String, Object> settings = new HashMap<>(engine.properties().clientProperties());
                settings.put("isolation.level", "read_committed");
                settings.put("enable.auto.commit", false);
                settings.putIfAbsent("request.timeout.ms", KafkaEngine.ANSWER_MILLIS);
                settings.put("max.poll.records", 5_000);
                reader = new KafkaConsumer<>(settings, new ByteArrayDeserializer(), new ByteArrayDeserializer());
                reader.assign(List.of(partition));
                reader.seekToBeginning(List.of(partition));
            }
            long end = engine.ends().of(List.of(partition)).get(partition);
            long begun = System.nanoTime();
            long moved = begun;
            while (reader.position(partition) < end) {
                long before = reader.position(partition);
                reader.poll(POLL).forEach(this::apply);
                moved = reader.position(partition) > before ? System.nanoTime() : moved;
                // a transaction that hangs, of a relay that died, is not waited for: it ends at its time-out
                if (System.nanoTime() - moved > TimeUnit.MILLISECONDS.toNanos(OPEN_TRANSACTION_MILLIS)) {
                    return;
                }
                if (System.nanoTime() - begun > TimeUnit.SECONDS.toNanos(CAUGHT_UP_SECONDS)) {
                    throw new SpoolException("The dead letters cannot be read to their end within " + CAUGHT_UP_SECONDS + " s");
                }
            }
        } catch (KafkaException e) {
            throw new SpoolException("The dead letters cannot be read: " + e.getMessage(), e);
        }
    }

    private void apply(ConsumerRecord<byte[], byte[]> record) {
        String[] parts = new String(record.key(), StandardCharsets.UTF_8).split("/", 3);
        String destination = parts[1];
        boolean gone = record.value() == null;
        switch (parts[0]) {
            case DeadLetterRecords.HANDLED -> {
                if (gone) {
                    handled.remove(destination);
                } else {
                    handled.put(destination, DeadLetterRecords.read(record.value(), Handled.class));
                }
            }
            case DeadLetterRecords.OPENING -> {
                Map<String, Opening> moves = openings.computeIfAbsent(destination, first -> new HashMap<>());
                if (gone) {
                    moves.remove(parts[2]);
                } else {
                    moves.put(parts[2], DeadLetterRecords.read(record.value(), Opening.class));
                }
            }
            case DeadLetterRecords.LETTER -> {
                if (gone) {
                    letters.remove(new Key(parts[2], destination));
                } else {
                    letters.put(new Key(parts[2], destination), new Entry(DeadLetterRecords.letter(record.headers(), new byte[0]), record.offset(), false));
                }
            }
            case DeadLetterRecords.REPLAY -> letters.computeIfPresent(new Key(parts[2], destination), (same, entry) -> new Entry(entry.letter, entry.offset, !gone));
            default -> {
                // of a newer relay
            }
        }
    }

    /**
     * The letters, in the order of the entries.
     *
     * @throws SpoolException if one cannot be read
     */
    List<DeadLetter> withEnvelopes(List<Entry> entries) {
        Map<Long, DeadLetter> found = new HashMap<>();
        long back = reader.position(partition);
        try {
            for (Entry entry : entries.stream().sorted(Comparator.comparingLong(Entry::offset)).toList()) {
                if (found.containsKey(entry.offset)) {
                    continue;
                }
                reader.seek(partition, entry.offset);
                for (int attempts = 0; !found.containsKey(entry.offset); attempts++) {
                    reader.poll(POLL).forEach(record -> {
                        if (record.value() != null && DeadLetterRecords.isLetter(record.headers())) {
                            found.put(record.offset(), DeadLetterRecords.letter(record.headers(), record.value()));
                        }
                    });
                    if (attempts > 1_000) {
                        throw new SpoolException("The dead letter " + entry.letter.id() + " cannot be read");
                    }
                }
            }
        } finally {
            reader.seek(partition, back);
        }
        return entries.stream().map(entry -> found.get(entry.offset)).toList();
    }

    @Override
    public void close() {
        if (reader != null) {
            reader.close(Duration.ZERO);
        }
    }
}

package io.insightsrelay.kafka;

import static io.insightsrelay.kafka.DeadLetterRecords.HANDLED;
import static io.insightsrelay.kafka.DeadLetterRecords.LETTER;
import static io.insightsrelay.kafka.DeadLetterRecords.OPENING;
import static io.insightsrelay.kafka.DeadLetterRecords.REPLAY;

import io.insightsrelay.deadletter.DeadLetter;
import io.insightsrelay.deadletter.DeadLetterStore;
import io.insightsrelay.event.Event;
import io.insightsrelay.kafka.DeadLetterIndex.Entry;
import io.insightsrelay.kafka.KafkaEngine.Handled;
import io.insightsrelay.kafka.KafkaEngine.Opening;
import io.insightsrelay.spool.Ledger;
import io.insightsrelay.spool.SpoolException;
import io.insightsrelay.spool.Transaction;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.Predicate;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.springframework.lang.Nullable;

/**
 * The dead letters in a compacted topic of one partition, as {@link DeadLetterRecords} says.
 *
 * <p>Every relay and the command line read all of it, but for the envelopes, into memory when they first need it, and the news before each
 * answer ({@link DeadLetterIndex}). Changes are made in transactions of one transactional id: whoever begins one fences the others, who look again and
 * try again. So each letter is replayed or deleted once, whoever asks. Thread-safe.
 */
final class KafkaDeadLetters implements DeadLetterStore, AutoCloseable {

    private static final int MOST_ATTEMPTS = 10;
    private static final Selection EVERY = new Selection(null, null);

    /** What a change writes. */
    private final class Change {
        private final KafkaProducer<byte[], byte[]> writing;
        private final Map<String, Handled> counted = new HashMap<>();

        Change(KafkaProducer<byte[], byte[]> writing) {
            this.writing = writing;
        }

        void send(ProducerRecord<byte[], byte[]> record) {
            writing.send(record, engine.ends());
        }

        void put(String kind, String destination, @Nullable String id, @Nullable byte[] value) {
            send(DeadLetterRecords.record(topic, kind, destination, id, value));
        }

        void put(String kind, Entry entry, @Nullable byte[] value) {
            put(kind, entry.letter().destination(), entry.letter().id(), value);
        }

        void remove(Entry entry) {
            put(LETTER, entry, null);
            if (entry.replayRequested()) {
                put(REPLAY, entry, null);
            }
        }

        void count(String destination, Handled more) {
            counted.merge(destination, more, Handled::plus);
        }

        void writeCounts() {
            counted.forEach((destination, more) -> put(HANDLED, destination, null, DeadLetterRecords.json(index.handled().getOrDefault(destination, Handled.NOTHING).plus(more))));
        }
    }

    private interface Work<T> {
        T run(Change change);
    }

    private final KafkaEngine engine;
    private final String topic;
    private final DeadLetterIndex index;
    private KafkaProducer<byte[], byte[]> producer;

    KafkaDeadLetters(KafkaEngine engine) {
        this.engine = engine;
        this.topic = engine.topics().deadLetters();
        this.index = new DeadLetterIndex(engine);
    }

    @Override
    public CompletableFuture<Void> keep(DeadLetter letter) {
        change(change -> {
            change.send(DeadLetterRecords.letter(topic, letter));
            return null;
        });
        return CompletableFuture.completedFuture(null);
    }

    @Override
    public void keep(DeadLetter letter, Transaction transaction) {
        ((KafkaTransaction) transaction).add(DeadLetterRecords.letter(topic, letter));
    }

    @Override
    public synchronized List<Listed> list(Selection selection, @Nullable String afterId, int limit) {
        index.catchUp();
        return index.selected(selection, entry -> afterId == null || entry.letter().id().compareTo(afterId) > 0, limit).stream().map(Entry::listed).toList();
    }

    @Override
    public synchronized Optional<Listed> find(Selection selection) {
        index.catchUp();
        return index.selected(selection, entry -> true, 1).stream().findFirst()
                .map(entry -> new Listed(index.withEnvelopes(List.of(entry)).get(0), entry.replayRequested()));
    }

    @Override
    public synchronized long count(Selection selection) {
        index.catchUp();
        return index.selected(selection, entry -> true, Integer.MAX_VALUE).size();
    }

    @Override
    public synchronized long countReplaying() {
        index.catchUp();
        return index.selected(EVERY, Entry::replayRequested, Integer.MAX_VALUE).size();
    }

    /** What was done with dead letters, by destination. */
    synchronized Map<String, Handled> handled() {
        index.catchUp();
        return Map.copyOf(index.handled());
    }

    /** What the destination was given from elsewhere, as of the latest look. */
    synchronized Opening opening(String destination) {
        return index.openings(destination).values().stream().reduce(Opening.NOTHING, Opening::plus);
    }

    @Override
    public int requestReplay(Selection selection, int most) {
        return change(change -> {
            List<Entry> entries = index.selected(selection, entry -> !entry.replayRequested(), most);
            entries.forEach(entry -> change.put(REPLAY, entry, String.valueOf(System.currentTimeMillis()).getBytes(StandardCharsets.US_ASCII)));
            return entries.size();
        });
    }

    @Override
    public int withdrawReplay(Selection selection) {
        return change(change -> {
            List<Entry> entries = index.selected(selection, Entry::replayRequested, Integer.MAX_VALUE);
            entries.forEach(entry -> change.put(REPLAY, entry, null));
            return entries.size();
        });
    }

    @Override
    public int replayRequested(int most) {
        List<String> destinations;
        synchronized (this) {
            index.catchUp();
            destinations = index.selected(EVERY, Entry::replayRequested, Integer.MAX_VALUE).stream().map(entry -> entry.letter().destination()).distinct().filter(engine::looksAfter).toList();
        }
        if (destinations.isEmpty()) {
            return 0;
        }
        Map<String, Ledger> ledgers = engine.ledgers();
        return destinations.stream().mapToInt(destination -> {
            Ledger ledger = ledgers.get(destination);
            // what waits in the retries, and what is waiting anyway: a destination that is behind gets nothing on top
            long waiting = ledger == null ? 0 : ledger.waiting();
            return replay(destination, (int) Math.max(0, most - waiting));
        }).sum();
    }

    private int replay(String destination, int most) {
        if (most == 0) {
            return 0;
        }
        return change(change -> {
            List<Entry> entries = index.selected(new Selection(null, destination), Entry::replayRequested, most);
            for (DeadLetter letter : index.withEnvelopes(entries)) {
                byte[] envelope = replayable(letter);
                change.send(new ProducerRecord<>(engine.topics().retriesOf(destination), StoringProducer.keyOf(envelope), envelope));
            }
            entries.forEach(change::remove);
            change.count(destination, new Handled(0, 0, entries.size()));
            return entries.size();
        });
    }

    @Override
    public int delete(Selection selection, int most) {
        return change(change -> {
            List<Entry> entries = index.selected(selection, entry -> true, most);
            entries.forEach(entry -> {
                change.remove(entry);
                change.count(entry.letter().destination(), new Handled(1, 0, 0));
            });
            return entries.size();
        });
    }

    @Override
    public int expire(Instant before) {
        Predicate<Entry> isOld = entry -> entry.letter().died().isBefore(before) && !entry.replayRequested() && engine.looksAfter(entry.letter().destination());
        synchronized (this) {
            index.catchUp();
            if (index.selected(EVERY, isOld, 1).isEmpty()) {
                return 0;
            }
        }
        return change(change -> {
            List<Entry> entries = index.selected(EVERY, isOld, Integer.MAX_VALUE);
            entries.forEach(entry -> {
                change.remove(entry);
                change.count(entry.letter().destination(), new Handled(0, 1, 0));
            });
            return entries.size();
        });
    }

    /** Begins the counts of the destination anew. */
    void forget(String destination) {
        change(change -> {
            index.openings(destination).keySet().forEach(move -> change.put(OPENING, destination, move, null));
            change.put(HANDLED, destination, null, null);
            return null;
        });
    }

    private synchronized <T> T change(Work<T> work) {
        for (int attempts = 1;; attempts++) {
            try {
                if (producer == null) {
                    producer = engine.shared("dead-letters");
                }
                index.catchUp();
                producer.beginTransaction();
                Change change = new Change(producer);
                T result = work.run(change);
                change.writeCounts();
                producer.commitTransaction();
                return result;
            } catch (KafkaException | IllegalStateException e) {
                // another relay was faster, or the brokers are away; what was begun is undone
                if (producer != null) {
                    producer.close(Duration.ZERO);
                    producer = null;
                }
                if (attempts == MOST_ATTEMPTS) {
                    throw new SpoolException("The dead letters cannot be changed now: " + e.getMessage(), e);
                }
            }
        }
    }

    @Override
    public synchronized void close() {
        if (producer != null) {
            producer.close(Duration.ZERO);
        }
        index.close();
    }

    private static byte[] replayable(DeadLetter letter) {
        try {
            return Event.fromEnvelope(letter.envelope()).envelopeForReplay();
        } catch (IllegalArgumentException e) {
            // unreadable when it died and still so; delivery will say that again
            return letter.envelope();
        }
    }
}

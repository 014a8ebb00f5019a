package io.insightsrelay.kafka;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.insightsrelay.deadletter.DeadLetter;
import io.insightsrelay.deadletter.DeadLetterStore;
import io.insightsrelay.event.Event;
import io.insightsrelay.kafka.KafkaEngine.Handled;
import io.insightsrelay.kafka.KafkaEngine.Opening;
import io.insightsrelay.spool.Ledger;
import io.insightsrelay.spool.SpoolException;
import io.insightsrelay.spool.Transaction;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.springframework.lang.Nullable;

/**
 * The dead letters in a compacted topic of one partition. A letter's record has its envelope as value and the other fields as headers; records
 * beside it ask for its replay and count, for each destination, what became of letters:
 *
 * <pre>
 * letter/&lt;destination&gt;/&lt;id&gt;   the letter
 * replay/&lt;destination&gt;/&lt;id&gt;   it waits for its replay
 * handled/&lt;destination&gt;       {"deleted","expired","replayed"}
 * opening/&lt;destination&gt;/&lt;id&gt;  {"waiting","deadLetters"}: what came from the spool of a relay, by the id of the move
 * </pre>
 *
 * <p>Every relay and the command line read all of it, but for the envelopes, into memory when they first need it, and the news before each
 * answer. Changes are made in transactions of one transactional id: whoever begins one fences the others, who look again and try again. So each
 * letter is replayed or deleted once, whoever asks.
 */
final class KafkaDeadLetters implements DeadLetterStore, AutoCloseable {

    private static final String LETTER = "letter";
    private static final String REPLAY = "replay";
    private static final String HANDLED = "handled";
    private static final String OPENING = "opening";
    private static final int MOST_ATTEMPTS = 10;
    private static final Duration POLL = Duration.ofMillis(50);
    private static final long CAUGHT_UP_SECONDS = 60;
    private static final long OPEN_TRANSACTION_MILLIS = 2_000;
    private static final JsonMapper JSON = new JsonMapper();

    /** A letter without its envelope, which is at that offset. */
    private record Entry(DeadLetter letter, long offset, boolean replayRequested) {

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

    /** What a change writes. */
    private final class Change {
        private final KafkaProducer<byte[], byte[]> writing;
        private final Map<String, Handled> counted = new HashMap<>();

        Change(KafkaProducer<byte[], byte[]> writing) {
            this.writing = writing;
        }

        void put(String kind, Key key, @Nullable byte[] value) {
            writing.send(new ProducerRecord<>(partition.topic(), 0, key(kind, key.destination, key.id), value), this::written);
        }

        private void written(@Nullable RecordMetadata metadata, @Nullable Exception failure) {
            if (metadata != null) {
                own = Math.max(own, metadata.offset());
            }
        }

        void remove(Entry entry) {
            Key key = new Key(entry.letter.id(), entry.letter.destination());
            put(LETTER, key, null);
            if (entry.replayRequested) {
                put(REPLAY, key, null);
            }
        }

        void count(String destination, Handled more) {
            counted.merge(destination, more, Handled::plus);
        }

        void writeCounts() {
            counted.forEach((destination, more) -> writing.send(new ProducerRecord<>(partition.topic(), 0, key(HANDLED, destination, null),
                    json(handled.getOrDefault(destination, Handled.NOTHING).plus(more))), this::written));
        }
    }

    private interface Work<T> {
        T run(Change change);
    }

    private final KafkaEngine engine;
    private final TopicPartition partition;
    private final NavigableMap<Key, Entry> letters = new TreeMap<>();
    private final Map<String, Handled> handled = new HashMap<>();
    private final Map<Key, Opening> openings = new HashMap<>();
    private KafkaConsumer<byte[], byte[]> reader;
    private KafkaProducer<byte[], byte[]> producer;
    private volatile long own = -1;

    KafkaDeadLetters(KafkaEngine engine) {
        this.engine = engine;
        this.partition = new TopicPartition(engine.topics().deadLetters(), 0);
    }

    @Override
    public CompletableFuture<Void> keep(DeadLetter letter) {
        change(change -> change.writing.send(record(letter), change::written));
        return CompletableFuture.completedFuture(null);
    }

    @Override
    public void keep(DeadLetter letter, Transaction transaction) {
        ((KafkaTransaction) transaction).add(record(letter));
    }

    @Override
    public synchronized List<Listed> list(Selection selection, @Nullable String afterId, int limit) {
        catchUp();
        return selected(selection, entry -> afterId == null || entry.letter.id().compareTo(afterId) > 0, limit).stream().map(Entry::listed).toList();
    }

    @Override
    public synchronized Optional<Listed> find(Selection selection) {
        catchUp();
        return selected(selection, entry -> true, 1).stream().findFirst()
                .map(entry -> new Listed(withEnvelopes(List.of(entry)).get(0), entry.replayRequested));
    }

    @Override
    public synchronized long count(Selection selection) {
        catchUp();
        return selected(selection, entry -> true, Integer.MAX_VALUE).size();
    }

    @Override
    public synchronized long countReplaying() {
        catchUp();
        return letters.values().stream().filter(Entry::replayRequested).count();
    }

    /** What was done with dead letters, by destination. */
    synchronized Map<String, Handled> handled() {
        catchUp();
        return Map.copyOf(handled);
    }

    /** What the destination was given from elsewhere, as of the latest look. */
    synchronized Opening opening(String destination) {
        return openings.entrySet().stream().filter(entry -> entry.getKey().destination.equals(destination)).map(Map.Entry::getValue).reduce(Opening.NOTHING, Opening::plus);
    }

    /** The record that says so, in place of an earlier one of the same move. */
    ProducerRecord<byte[], byte[]> record(String destination, String move, Opening opening) {
        return new ProducerRecord<>(partition.topic(), 0, key(OPENING, destination, move), json(opening));
    }

    @Override
    public int requestReplay(Selection selection, int most) {
        return change(change -> {
            List<Entry> entries = selected(selection, entry -> !entry.replayRequested, most);
            entries.forEach(entry -> change.put(REPLAY, new Key(entry.letter.id(), entry.letter.destination()), String.valueOf(System.currentTimeMillis()).getBytes(StandardCharsets.US_ASCII)));
            return entries.size();
        });
    }

    @Override
    public int withdrawReplay(Selection selection) {
        return change(change -> {
            List<Entry> entries = selected(selection, Entry::replayRequested, Integer.MAX_VALUE);
            entries.forEach(entry -> change.put(REPLAY, new Key(entry.letter.id(), entry.letter.destination()), null));
            return entries.size();
        });
    }

    @Override
    public int replayRequested(int most) {
        List<String> destinations;
        synchronized (this) {
            catchUp();
            destinations = letters.values().stream().filter(Entry::replayRequested).map(entry -> entry.letter.destination()).distinct().filter(engine::looksAfter).toList();
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
            List<Entry> entries = selected(new Selection(null, destination), Entry::replayRequested, most);
            for (DeadLetter letter : withEnvelopes(entries)) {
                byte[] envelope = replayable(letter);
                change.writing.send(new ProducerRecord<>(engine.topics().retriesOf(destination), keyOf(envelope), envelope));
            }
            entries.forEach(change::remove);
            change.count(destination, new Handled(0, 0, entries.size()));
            return entries.size();
        });
    }

    @Override
    public int delete(Selection selection, int most) {
        return change(change -> {
            List<Entry> entries = selected(selection, entry -> true, most);
            entries.forEach(entry -> {
                change.remove(entry);
                change.count(entry.letter.destination(), new Handled(1, 0, 0));
            });
            return entries.size();
        });
    }

    @Override
    public int expire(Instant before) {
        Predicate<Entry> isOld = entry -> entry.letter.died().isBefore(before) && !entry.replayRequested && engine.looksAfter(entry.letter.destination());
        synchronized (this) {
            catchUp();
            if (letters.values().stream().noneMatch(isOld)) {
                return 0;
            }
        }
        return change(change -> {
            List<Entry> entries = selected(new Selection(null, null), isOld, Integer.MAX_VALUE);
            entries.forEach(entry -> {
                change.remove(entry);
                change.count(entry.letter.destination(), new Handled(0, 1, 0));
            });
            return entries.size();
        });
    }

    /** Begins the counts of the destination anew. */
    void forget(String destination) {
        change(change -> {
            openings.keySet().stream().filter(key -> key.destination.equals(destination)).forEach(key -> change.put(OPENING, key, null));
            return change.writing.send(new ProducerRecord<>(partition.topic(), 0, key(HANDLED, destination, null), null), change::written);
        });
    }

    private List<Entry> selected(Selection selection, Predicate<Entry> which, int most) {
        return letters.values().stream().filter(entry -> selection.includes(entry.letter.id(), entry.letter.destination()) && which.test(entry)).limit(most).toList();
    }

    private synchronized <T> T change(Work<T> work) {
        for (int attempts = 1;; attempts++) {
            try {
                if (producer == null) {
                    producer = engine.shared("dead-letters");
                }
                catchUp();
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

    /** Reads on to where the topic ended at the call, own changes and those of batches that are being committed included. */
    private void catchUp() {
        try {
            if (reader == null) {
                Map<String, Object> settings = new HashMap<>(engine.properties().clientProperties());
                settings.put("isolation.level", "read_committed");
                settings.put("enable.auto.commit", false);
                settings.put("max.poll.records", 5_000);
                reader = new KafkaConsumer<>(settings, new ByteArrayDeserializer(), new ByteArrayDeserializer());
                reader.assign(List.of(partition));
                reader.seekToBeginning(List.of(partition));
            }
            long end = Math.max(own + 1, engine.ends(List.of(partition)).get(partition));
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
        if (parts[0].equals(HANDLED)) {
            if (record.value() == null) {
                handled.remove(parts[1]);
            } else {
                handled.put(parts[1], read(record.value(), Handled.class));
            }
            return;
        }
        Key key = new Key(parts[2], parts[1]);
        if (parts[0].equals(LETTER)) {
            if (record.value() == null) {
                letters.remove(key);
            } else {
                letters.put(key, new Entry(letter(record.headers(), new byte[0]), record.offset(), false));
            }
        } else if (parts[0].equals(OPENING)) {
            if (record.value() == null) {
                openings.remove(key);
            } else {
                openings.put(key, read(record.value(), Opening.class));
            }
        } else if (parts[0].equals(REPLAY)) {
            letters.computeIfPresent(key, (same, entry) -> new Entry(entry.letter, entry.offset, record.value() != null));
        }
    }

    /** The letters in the order of the entries. */
    private List<DeadLetter> withEnvelopes(List<Entry> entries) {
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
                        if (record.value() != null && record.headers().lastHeader("id") != null) {
                            found.put(record.offset(), letter(record.headers(), record.value()));
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

    /** The record of a letter. */
    ProducerRecord<byte[], byte[]> record(DeadLetter letter) {
        Headers headers = new RecordHeaders();
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("id", letter.id());
        fields.put("destination", letter.destination());
        fields.put("reason", letter.reason());
        fields.put("status", letter.status());
        fields.put("attempts", letter.attempts());
        fields.put("received", letter.received());
        fields.put("died", letter.died());
        fields.forEach((name, value) -> {
            if (value != null) {
                headers.add(name, value.toString().getBytes(StandardCharsets.UTF_8));
            }
        });
        return new ProducerRecord<>(partition.topic(), 0, key(LETTER, letter.destination(), letter.id()), letter.envelope(), headers);
    }

    /** The record that asks for a letter's replay. */
    ProducerRecord<byte[], byte[]> replay(DeadLetter letter, byte[] why) {
        return new ProducerRecord<>(partition.topic(), 0, key(REPLAY, letter.destination(), letter.id()), why);
    }

    private static DeadLetter letter(Headers headers, byte[] envelope) {
        String status = text(headers, "status");
        return new DeadLetter(text(headers, "id"), text(headers, "destination"), text(headers, "reason"), status == null ? null : Integer.valueOf(status),
                Integer.parseInt(text(headers, "attempts")), Instant.parse(text(headers, "received")), Instant.parse(text(headers, "died")), envelope);
    }

    @Nullable
    private static String text(Headers headers, String name) {
        Header header = headers.lastHeader(name);
        return header == null ? null : new String(header.value(), StandardCharsets.UTF_8);
    }

    private static byte[] key(String kind, String destination, @Nullable String id) {
        return (kind + "/" + destination + (id == null ? "" : "/" + id)).getBytes(StandardCharsets.UTF_8);
    }

    private static byte[] replayable(DeadLetter letter) {
        try {
            return Event.fromEnvelope(letter.envelope()).envelopeForReplay();
        } catch (IllegalArgumentException e) {
            // unreadable when it died and still so; delivery will say that again
            return letter.envelope();
        }
    }

    /** Null, for any partition, also where nobody can read the envelope. */
    @Nullable
    static byte[] keyOf(byte[] envelope) {
        try {
            return StoringProducer.key(envelope);
        } catch (IllegalArgumentException e) {
            return null;
        }
    }

    private static byte[] json(Object counts) {
        try {
            return JSON.writeValueAsBytes(counts);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }

    private static <T> T read(byte[] json, Class<T> type) {
        try {
            return JSON.readValue(json, type);
        } catch (IOException e) {
            throw new SpoolException("The counts of dead letters cannot be read: " + e.getMessage(), e);
        }
    }

    @Override
    public synchronized void close() {
        if (producer != null) {
            producer.close(Duration.ZERO);
        }
        if (reader != null) {
            reader.close(Duration.ZERO);
        }
    }
}

package io.insightsrelay.kafka;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.insightsrelay.deadletter.DeadLetter;
import io.insightsrelay.deadletter.DeadLetterDrain;
import io.insightsrelay.deadletter.DeadLetterStore.Listed;
import io.insightsrelay.kafka.KafkaEngine.Opening;
import io.insightsrelay.spool.SpoolDrain;
import io.insightsrelay.spool.SpoolException;
import io.insightsrelay.spool.SpoolLog;
import io.insightsrelay.spool.SpoolStore;
import io.insightsrelay.spool.SpoolStore.Work;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.springframework.lang.Nullable;

/**
 * Moves what waits in a spool into the topics, step by step. What all destinations lack goes into the topic of the log; what only some lack,
 * because they have different cursors, into the retries of each of those, so that the consumer groups get what their destinations lack and nothing
 * else, whether they are new or run already. A step is sent, acknowledged by all replicas in sync, and then committed in the spool.
 *
 * <p>After a kill at most one step is sent and not committed. The next run looks for its records in the topics, from the offsets that the latest
 * commit has noted, and sends only those that are not there.
 */
final class Drain {

    private static final JsonMapper JSON = new JsonMapper();
    /** Names the move in the header of each record. */
    private static final String HEADER = "drain";
    private static final int DELIVERY_MILLIS = 120_000;
    private static final Duration POLL = Duration.ofMillis(200);
    private static final long READ_BACK_SECONDS = 60;
    private static final long TOLD_EVERY_NANOS = TimeUnit.SECONDS.toNanos(1);

    /**
     * How far a move is, as noted in the spool.
     *
     * @param id       of the move
     * @param cluster  id of the cluster
     * @param prefix   of the topics
     * @param openings what destinations were given, by name
     * @param offsets  by topic and partition: what is sent and not committed begins there
     */
    private record State(String id, String cluster, String prefix, Map<String, Opening> openings, Map<String, Map<Integer, Long>> offsets) {
    }

    /** What makes a record the same as one that was sent before. */
    private record Identity(String topic, @Nullable ByteBuffer key, ByteBuffer value) {

        static Identity of(String topic, @Nullable byte[] key, byte[] value) {
            return new Identity(topic, key == null ? null : ByteBuffer.wrap(key), ByteBuffer.wrap(value));
        }
    }

    private final SpoolDrain spool;
    private final DeadLetterDrain letters;
    private final KafkaEngine engine;
    private final Consumer<String> progress;
    private final Map<String, Long> moved = new TreeMap<>();
    private final Set<Identity> there = new HashSet<>();
    private long lost;
    private long toldAt = System.nanoTime();
    private State state;

    /** @param progress is told, about once a second, how far it is */
    Drain(SpoolStore store, KafkaEngine engine, Consumer<String> progress) {
        this.spool = new SpoolDrain(store);
        this.letters = new DeadLetterDrain(store);
        this.engine = engine;
        this.progress = progress;
    }

    /**
     * Returns once nothing waits in the spool any more; gives a summary for an operator to read.
     *
     * @throws SpoolException if it cannot go on; what is moved by then stays moved
     */
    List<String> run() {
        Set<String> topics = new TreeSet<>(List.of(engine.topics().events(), engine.topics().deadLetters()));
        spool.logs().forEach(log -> topics.add(topicOf(log)));
        spool.consumers().forEach(consumer -> topics.add(engine.topics().retriesOf(consumer)));
        engine.topics().ensure(topics);
        try (KafkaProducer<byte[], byte[]> producer = producer()) {
            begin(topics, producer);
            for (String log : spool.logs()) {
                for (Optional<SpoolDrain.Step> step = spool.next(log); step.isPresent(); step = spool.next(log)) {
                    move(step.get(), producer);
                }
            }
            for (List<Listed> some = letters.next(); !some.isEmpty(); some = letters.next()) {
                move(some, producer);
            }
        } catch (KafkaException e) {
            throw failed(e);
        }
        spool.commit(List.of(spool.noting(null)));
        return summary();
    }

    private void begin(Set<String> topics, KafkaProducer<byte[], byte[]> producer) {
        String cluster = Topics.answer(engine.admin().describeCluster().clusterId(), "the cluster", engine.properties());
        String note = spool.note();
        if (note == null) {
            Map<String, Map<Integer, Long>> offsets = new TreeMap<>();
            engine.ends().of(topics.stream().flatMap(topic -> producer.partitionsFor(topic).stream()).map(partition -> new TopicPartition(partition.topic(), partition.partition()))
                    .toList()).forEach((partition, end) -> offsets.computeIfAbsent(partition.topic(), topic -> new TreeMap<>()).put(partition.partition(), end));
            state = new State(UUID.randomUUID().toString(), cluster, engine.properties().prefix(), new TreeMap<>(), offsets);
            spool.commit(List.of(noting(state)));
            return;
        }
        state = read(note);
        if (!state.cluster.equals(cluster) || !state.prefix.equals(engine.properties().prefix())) {
            throw new SpoolException("This spool is on its way to the Kafka cluster " + state.cluster + " with kafka.prefix " + state.prefix
                    + ", and that is not done; finish it there first (this is " + cluster + " with " + engine.properties().prefix() + ")");
        }
        readBack();
        progress.accept("An earlier run was interrupted; " + there.size() + " records that it had sent and not noted are found, and not sent again");
    }

    /** Finds what was sent after the latest commit. */
    private void readBack() {
        Map<TopicPartition, Long> from = new HashMap<>();
        state.offsets.forEach((topic, partitions) -> partitions.forEach((partition, offset) -> from.put(new TopicPartition(topic, partition), offset)));
        Map<String, Object> settings = new HashMap<>(engine.properties().clientProperties());
        settings.put("enable.auto.commit", false);
        settings.put("auto.offset.reset", "earliest");
        try (KafkaConsumer<byte[], byte[]> consumer = new KafkaConsumer<>(settings, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            consumer.assign(from.keySet());
            from.forEach(consumer::seek);
            Map<TopicPartition, Long> ends = engine.ends().of(from.keySet());
            long moved = System.nanoTime();
            while (ends.entrySet().stream().anyMatch(end -> consumer.position(end.getKey()) < end.getValue())) {
                for (ConsumerRecord<byte[], byte[]> record : consumer.poll(POLL)) {
                    moved = System.nanoTime();
                    Header header = record.headers().lastHeader(HEADER);
                    if (header != null && record.value() != null && state.id.equals(new String(header.value(), StandardCharsets.UTF_8))) {
                        there.add(Identity.of(record.topic(), record.key(), record.value()));
                    }
                }
                if (System.nanoTime() - moved > TimeUnit.SECONDS.toNanos(READ_BACK_SECONDS)) {
                    throw new SpoolException("What an earlier run has sent cannot be read: Kafka gave nothing for " + READ_BACK_SECONDS + " s");
                }
            }
        }
    }

    private void move(SpoolDrain.Step step, KafkaProducer<byte[], byte[]> producer) {
        List<ProducerRecord<byte[], byte[]>> records = new ArrayList<>();
        Map<String, Opening> openings = new TreeMap<>();
        String topic = topicOf(step.log().name());
        String retries = SpoolLog.retriesOf("");
        for (SpoolDrain.Waiting event : step.events()) {
            byte[] key = StoringProducer.keyOf(event.envelope());
            if (event.shared()) {
                records.add(new ProducerRecord<>(topic, key, event.envelope()));
                if (step.log().name().startsWith(retries)) {
                    openings.merge(step.log().name().substring(retries.length()), new Opening(1, 0), Opening::plus);
                }
            }
            for (String consumer : event.alone()) {
                records.add(new ProducerRecord<>(engine.topics().retriesOf(consumer), key, event.envelope()));
                openings.merge(consumer, new Opening(1, 0), Opening::plus);
            }
        }
        records.forEach(record -> moved.merge(record.topic(), 1L, Long::sum));
        lost += step.lost();
        send(records, openings, spool.taken(step), producer);
    }

    private void move(List<Listed> some, KafkaProducer<byte[], byte[]> producer) {
        List<ProducerRecord<byte[], byte[]>> records = new ArrayList<>();
        Map<String, Opening> openings = new TreeMap<>();
        for (Listed listed : some) {
            DeadLetter letter = listed.letter();
            records.add(DeadLetterRecords.letter(engine.topics().deadLetters(), letter));
            if (listed.replayRequested()) {
                records.add(DeadLetterRecords.record(engine.topics().deadLetters(), DeadLetterRecords.REPLAY, letter.destination(), letter.id(), HEADER.getBytes(StandardCharsets.UTF_8)));
            }
            openings.merge(letter.destination(), new Opening(0, 1), Opening::plus);
        }
        moved.merge(engine.topics().deadLetters(), (long) some.size(), Long::sum);
        send(records, openings, letters.taken(some), producer);
    }

    private void send(List<ProducerRecord<byte[], byte[]>> records, Map<String, Opening> openings, Work<Void> taken, KafkaProducer<byte[], byte[]> producer) {
        State next = new State(state.id, state.cluster, state.prefix, new TreeMap<>(state.openings), new TreeMap<>(state.offsets));
        openings.forEach((consumer, more) -> next.openings.merge(consumer, more, Opening::plus));
        Map<TopicPartition, Long> reached = new HashMap<>();
        AtomicReference<Exception> failure = new AtomicReference<>();
        List<ProducerRecord<byte[], byte[]>> all = new ArrayList<>(records);
        openings.keySet().forEach(consumer -> all.add(DeadLetterRecords.opening(engine.topics().deadLetters(), consumer, state.id, next.openings.get(consumer))));
        for (ProducerRecord<byte[], byte[]> record : all) {
            if (there.remove(Identity.of(record.topic(), record.key(), record.value()))) {
                continue;
            }
            record.headers().add(HEADER, state.id.getBytes(StandardCharsets.UTF_8));
            producer.send(record, (metadata, failed) -> {
                if (failed != null) {
                    failure.compareAndSet(null, failed);
                } else {
                    synchronized (reached) {
                        reached.merge(new TopicPartition(metadata.topic(), metadata.partition()), metadata.offset() + 1, Math::max);
                    }
                }
            });
        }
        producer.flush();
        if (failure.get() != null) {
            throw failed(failure.get());
        }
        synchronized (reached) {
            reached.forEach((partition, offset) -> next.offsets.compute(partition.topic(), (topic, partitions) -> new TreeMap<>(partitions)).put(partition.partition(), offset));
        }
        spool.commit(List.of(taken, noting(next)));
        state = next;
        if (System.nanoTime() - toldAt > TOLD_EVERY_NANOS) {
            toldAt = System.nanoTime();
            progress.accept(total() + " moved");
        }
    }

    private KafkaProducer<byte[], byte[]> producer() {
        Map<String, Object> settings = new HashMap<>(engine.properties().clientProperties());
        settings.put("acks", "all");
        settings.put("enable.idempotence", true);
        settings.put("compression.type", "lz4");
        settings.put("linger.ms", 20);
        settings.put("batch.size", 1 << 18);
        // what is too large is for the topic to say
        settings.put("max.request.size", 32 << 20);
        settings.put("delivery.timeout.ms", DELIVERY_MILLIS);
        settings.put("request.timeout.ms", KafkaEngine.ANSWER_MILLIS);
        return new KafkaProducer<>(settings, new ByteArraySerializer(), new ByteArraySerializer());
    }

    private String topicOf(String log) {
        return engine.properties().prefix() + log;
    }

    private Work<Void> noting(State next) {
        try {
            return spool.noting(JSON.writeValueAsString(next));
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }

    private static State read(String note) {
        try {
            return JSON.readValue(note, State.class);
        } catch (JsonProcessingException e) {
            throw new SpoolException("The note of an earlier run in the spool cannot be read: " + e.getOriginalMessage(), e);
        }
    }

    private static SpoolException failed(Exception cause) {
        return new SpoolException("Kafka did not take everything: " + cause.getMessage() + ". What it has taken is noted; run the command again", cause);
    }

    private long total() {
        return moved.values().stream().mapToLong(count -> count).sum();
    }

    private List<String> summary() {
        List<String> lines = moved.entrySet().stream().map(entry -> entry.getValue() + " records in " + entry.getKey()).collect(Collectors.toCollection(ArrayList::new));
        if (lost > 0) {
            lines.add(lost + " events cannot be read and are counted as lost in the spool");
        }
        return lines;
    }
}

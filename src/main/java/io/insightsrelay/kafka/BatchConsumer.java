package io.insightsrelay.kafka;

import io.insightsrelay.spool.SpoolException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Collectors;
import org.apache.camel.Route;
import org.apache.camel.ServiceStatus;
import org.apache.camel.spi.ShutdownStrategy;
import org.apache.camel.support.service.BaseService;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.WakeupException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.lang.Nullable;

/**
 * The Kafka consumer below a {@code kafka:} endpoint with {@code batching=true}. {@link #poll} cuts batches by count, bytes and
 * linger. The route hands each on to another thread ({@link #take}) and comes back at once, so polling goes on, with its partitions
 * paused, however long a batch takes: the group keeps the member. Offsets are committed with the outcomes, {@link #commit}; what a
 * batch leaves without outcome is fetched again. Before partitions go to another member the batches under way end.
 *
 * <p>As with any Kafka consumer one thread polls; {@link #commit}, {@link #ended} and {@link #assigned} may be called by others.
 */
final class BatchConsumer extends KafkaConsumer<byte[], byte[]> {

    private static final Logger LOG = LoggerFactory.getLogger(BatchConsumer.class);
    private static final ThreadLocal<BatchConsumer> CURRENT = new ThreadLocal<>();
    private static final long IDLE_MILLIS = 200;
    private static final long FIRST_BACKOFF_MILLIS = 200;
    private static final long LONGEST_BACKOFF_MILLIS = 30_000;
    private static final long LAST_WAIT_NANOS = TimeUnit.SECONDS.toNanos(1);

    private final KafkaEngine engine;
    private final String group;
    private final BatchBuffer.Cut cut;
    private final OutcomeWriter writer;
    private final ExecutorService workers;
    private final Map<TopicPartition, PartitionProgress> progress = new ConcurrentHashMap<>();
    private final Map<TopicPartition, Long> resting = new HashMap<>();
    private final BatchBuffer buffer;
    /** Returned by the last poll, and to be taken by the route. */
    private List<ConsumerRecord<byte[], byte[]>> handed = List.of();
    private final List<KafkaBatch> underWay = new ArrayList<>();
    private final Object commits = new Object();
    private final AtomicBoolean woken = new AtomicBoolean();
    private volatile ConsumerGroupMetadata member;
    /** That takes what was polled; null before the first batch. */
    private volatile Route route;
    private volatile boolean leaving;
    private volatile long failures;
    private volatile long resumeAt;
    private volatile long stopSeenAt;

    BatchConsumer(Properties properties, BatchBuffer.Cut cut, KafkaEngine engine) {
        super(properties, new ByteArrayDeserializer(), new ByteArrayDeserializer());
        this.engine = engine;
        this.cut = cut;
        this.buffer = new BatchBuffer(cut);
        this.group = properties.getProperty("group.id");
        this.writer = new OutcomeWriter(engine, group);
        this.member = new ConsumerGroupMetadata(group);
        this.workers = Executors.newFixedThreadPool(cut.batchesAtOnce(), work -> new Thread(work, "kafka:" + group + "-batch"));
        engine.opened(this);
    }

    /** The consumer whose records the calling thread has just polled. */
    static BatchConsumer current() {
        BatchConsumer current = CURRENT.get();
        if (current == null) {
            throw new IllegalStateException("this is for the step after a kafka: consumer with batching=true and kafkaClientFactory=#relayKafka");
        }
        return current;
    }

    String group() {
        return group;
    }

    /** Whether the partition of one of its topics is this member's now. */
    boolean assigned(TopicPartition partition) {
        return progress.containsKey(partition);
    }

    @Override
    public void subscribe(Collection<String> topics, ConsumerRebalanceListener listener) {
        engine.topics().ensure(topics);
        // ends what an earlier life left open, for which offsets and retries would have to wait
        writer.open();
        super.subscribe(topics, new Shares(listener));
    }

    @Override
    public ConsumerRecords<byte[], byte[]> poll(Duration timeout) {
        CURRENT.set(this);
        if (!handed.isEmpty()) {
            // Camel hands a batch that is not full on when a poll brings nothing within its time
            sleep(timeout.toMillis() + 1);
            return ConsumerRecords.empty();
        }
        long until = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(IDLE_MILLIS);
        do {
            rewind();
            pauseOrResume();
            fetch(until);
            if (mayHandOut() && buffer.nanosUntilReady() <= 0) {
                return handOut();
            }
        } while (System.nanoTime() - until < 0);
        return ConsumerRecords.empty();
    }

    private void fetch(long until) {
        long left = until - System.nanoTime();
        if (mayHandOut()) {
            left = Math.min(left, buffer.nanosUntilReady());
        }
        ConsumerRecords<byte[], byte[]> records;
        try {
            records = super.poll(Duration.ofNanos(Math.max(0, left)));
        } catch (WakeupException e) {
            if (!woken.getAndSet(false)) {
                throw e;
            }
            records = ConsumerRecords.empty();
        }
        member = groupMetadata();
        long now = System.currentTimeMillis();
        for (TopicPartition partition : records.partitions()) {
            for (ConsumerRecord<byte[], byte[]> record : records.records(partition)) {
                long rests = record.timestamp() + cut.delay().toMillis() - now;
                // a record from the future has seen another clock; it has rested long enough
                if (rests > 0 && record.timestamp() <= now) {
                    seek(partition, record.offset());
                    resting.put(partition, now + rests);
                    break;
                }
                if (progress.get(partition).take(record.offset())) {
                    buffer.add(record);
                }
            }
        }
    }

    private ConsumerRecords<byte[], byte[]> handOut() {
        handed = buffer.cut();
        return new ConsumerRecords<>(handed.stream().collect(Collectors.groupingBy(record -> new TopicPartition(record.topic(), record.partition()))));
    }

    /**
     * Takes what the last poll returned, as a batch that is to be worked on in {@link #workers()}.
     *
     * @param by the route
     */
    KafkaBatch take(Route by) {
        route = by;
        synchronized (underWay) {
            KafkaBatch previous = underWay.isEmpty() ? null : underWay.get(underWay.size() - 1);
            KafkaBatch batch = new KafkaBatch(this, handed, this::isStopping, previous);
            handed = List.of();
            underWay.add(batch);
            return batch;
        }
    }

    /** Where batches are worked on: as many at once as may be, in their order. */
    ExecutorService workers() {
        return workers;
    }

    /** Says that the work at a batch is over. @param failure why it is left; null: all of it has outcomes */
    void ended(KafkaBatch batch, @Nullable Throwable failure) {
        Throwable cause = failure;
        if (cause == null) {
            try {
                batch.finish();
                failures = 0;
            } catch (RuntimeException e) {
                cause = e;
            }
        }
        if (cause != null) {
            boolean stopping = isStopping();
            leaving = true;
            if (!stopping) {
                long most = Math.min(LONGEST_BACKOFF_MILLIS, FIRST_BACKOFF_MILLIS << Math.min(failures++, 16));
                long millis = ThreadLocalRandom.current().nextLong(most / 2, most + 1);
                resumeAt = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(millis);
                LOG.warn("A batch of {} failed and comes again in {} ms: {}", group, millis, cause.toString());
            }
        }
        synchronized (underWay) {
            underWay.remove(batch);
            underWay.notifyAll();
        }
        woken.set(true);
        wakeup();
    }

    /**
     * Commits outcomes and records in one transaction, and returns when the brokers have it.
     *
     * @throws SpoolException if it cannot be written, or some of the events are another member's now; nothing of it is written then
     */
    void commit(KafkaBatch batch, List<ConsumerRecord<byte[], byte[]>> delivered, List<ConsumerRecord<byte[], byte[]>> setAside,
                List<ConsumerRecord<byte[], byte[]>> dead, List<ProducerRecord<byte[], byte[]>> records) {
        synchronized (commits) {
            Map<TopicPartition, PartitionProgress.Outcomes> outcomes = new HashMap<>();
            collect(delivered, outcomes, PartitionProgress.Outcomes::delivered);
            collect(setAside, outcomes, PartitionProgress.Outcomes::setAside);
            collect(dead, outcomes, PartitionProgress.Outcomes::dead);
            Map<TopicPartition, PartitionProgress> of = new HashMap<>();
            outcomes.keySet().forEach(partition -> of.put(partition, progress.get(partition)));
            if (of.containsValue(null)) {
                throw new SpoolException("a part of the batch is another relay's now");
            }
            writer.commit(() -> {
                Map<TopicPartition, OffsetAndMetadata> offsets = new HashMap<>();
                outcomes.forEach((partition, of1) -> offsets.put(partition, of.get(partition).after(of1)));
                return offsets;
            }, records, () -> of.entrySet().stream().allMatch(entry -> progress.get(entry.getKey()) == entry.getValue()) ? member : null);
            outcomes.forEach((partition, what) -> of.get(partition).settle(what));
        }
    }

    private static void collect(List<ConsumerRecord<byte[], byte[]>> records, Map<TopicPartition, PartitionProgress.Outcomes> outcomes,
                                java.util.function.Function<PartitionProgress.Outcomes, Collection<Long>> kind) {
        records.forEach(record -> kind.apply(outcomes.computeIfAbsent(new TopicPartition(record.topic(), record.partition()),
                partition -> new PartitionProgress.Outcomes(new ArrayList<>(), new ArrayList<>(), new ArrayList<>()))).add(record.offset()));
    }

    private boolean isStopping() {
        return leaving || routeStops();
    }

    private boolean routeStops() {
        if (route == null) {
            return false;
        }
        ServiceStatus status = ((BaseService) route.getConsumer()).getStatus();
        boolean stops = status.isStopping() || status.isStopped() || status.isSuspending() || status.isSuspended();
        if (!stops) {
            stopSeenAt = 0;
        } else if (stopSeenAt == 0) {
            stopSeenAt = System.nanoTime();
        }
        return stops;
    }

    private boolean mayHandOut() {
        synchronized (underWay) {
            return underWay.size() < cut.batchesAtOnce() && !isStopping() && System.nanoTime() - resumeAt >= 0;
        }
    }

    /** A full buffer waits for its turn: nothing more is fetched, but polling goes on. */
    private void pauseOrResume() {
        long now = System.currentTimeMillis();
        resting.values().removeIf(until -> until <= now);
        boolean full = buffer.isFull() || isStopping() || System.nanoTime() - resumeAt < 0;
        Set<TopicPartition> pause = full ? assignment() : assignment().stream().filter(resting::containsKey).collect(Collectors.toSet());
        pause(pause);
        resume(assignment().stream().filter(partition -> !pause.contains(partition)).toList());
    }

    /** Goes back to what was left without outcome, once nothing is under way any more. */
    private void rewind() {
        synchronized (underWay) {
            if (!leaving || !underWay.isEmpty() || routeStops()) {
                return;
            }
        }
        buffer.clear();
        progress.forEach((partition, of) -> {
            of.rewind();
            seek(partition, of.position());
        });
        leaving = false;
    }

    /** Lets the batches under way end: those that get through at once are finished, the others leave what they have not done. */
    private void leave() {
        leaving = true;
        long most = engine.properties().consumer().rebalanceWait().toNanos();
        boolean ends = route != null && route.getCamelContext().isStopping();
        if (ends) {
            // the batches have had camel.main.shutdownTimeout, or what is left of it where partitions go first
            ShutdownStrategy strategy = route.getCamelContext().getShutdownStrategy();
            long had = routeStops() ? System.nanoTime() - stopSeenAt : 0;
            most = Math.max(LAST_WAIT_NANOS, Math.min(most, strategy.getTimeUnit().toNanos(strategy.getTimeout()) - had));
        }
        boolean ended = awaitEnd(most);
        if (!ended && ends) {
            workers.shutdownNow();
            ended = awaitEnd(LAST_WAIT_NANOS);
        }
        if (!ended) {
            LOG.warn("A batch of {} did not end within {} s and comes again where its partitions go", group, TimeUnit.NANOSECONDS.toSeconds(most));
        }
    }

    /** Whether no batch is under way any more. */
    private boolean awaitEnd(long nanos) {
        long until = System.nanoTime() + nanos;
        synchronized (underWay) {
            long left;
            while (!underWay.isEmpty() && (left = TimeUnit.NANOSECONDS.toMillis(until - System.nanoTime())) > 0) {
                try {
                    underWay.wait(left);
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                    break;
                }
            }
            return underWay.isEmpty();
        }
    }

    @Override
    public void close(Duration timeout) {
        leave();
        workers.shutdown();
        try {
            super.close(timeout);
        } finally {
            writer.close();
            engine.closed(this);
        }
    }

    @Override
    public void close() {
        close(Duration.ofSeconds(30));
    }

    private static void sleep(long millis) {
        try {
            Thread.sleep(millis);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** What happens when the group shares out its partitions anew; on the polling thread. */
    private final class Shares implements ConsumerRebalanceListener {

        private final ConsumerRebalanceListener camel;

        Shares(ConsumerRebalanceListener camel) {
            this.camel = camel;
        }

        @Override
        public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
            member = groupMetadata();
            if (!partitions.isEmpty()) {
                Map<TopicPartition, OffsetAndMetadata> committed = committed(Set.copyOf(partitions));
                Map<TopicPartition, Long> first = beginningOffsets(partitions);
                Map<TopicPartition, OffsetAndMetadata> begun = new HashMap<>();
                for (TopicPartition partition : partitions) {
                    PartitionProgress of = PartitionProgress.read(committed.get(partition), first.get(partition));
                    progress.put(partition, of);
                    seek(partition, of.position());
                    if (committed.get(partition) == null) {
                        begun.put(partition, of.after(new PartitionProgress.Outcomes(List.of(), List.of(), List.of())));
                    }
                }
                if (!begun.isEmpty()) {
                    // from here on events count as this group's
                    commitSync(begun);
                }
                LOG.info("{} has partitions {}", group, progress.keySet().stream().map(TopicPartition::partition).sorted().toList());
            }
            camel.onPartitionsAssigned(partitions);
        }

        @Override
        public void onPartitionsRevoked(Collection<TopicPartition> partitions) {
            member = groupMetadata();
            if (!partitions.isEmpty()) {
                leave();
                drop(partitions);
            }
            camel.onPartitionsRevoked(partitions);
        }

        @Override
        public void onPartitionsLost(Collection<TopicPartition> partitions) {
            leaving = true;
            drop(partitions);
            camel.onPartitionsLost(partitions);
        }

        private void drop(Collection<TopicPartition> partitions) {
            partitions.forEach(progress::remove);
            partitions.forEach(resting::remove);
            buffer.drop(partitions);
        }
    }
}

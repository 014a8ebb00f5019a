package io.insightsrelay.kafka;

import io.insightsrelay.spool.Ledger;
import io.insightsrelay.spool.Spool;
import io.insightsrelay.spool.SpoolException;
import io.insightsrelay.spool.SpoolLog;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ConsumerGroupListing;
import org.apache.kafka.clients.admin.ListConsumerGroupOffsetsSpec;
import org.apache.kafka.clients.admin.ListOffsetsResult.ListOffsetsResultInfo;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.QuorumInfo;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.TopicPartitionInfo;
import org.apache.kafka.common.errors.AuthorizationException;
import org.apache.kafka.common.errors.GroupIdNotFoundException;
import org.apache.kafka.common.errors.GroupNotEmptyException;
import org.apache.kafka.common.errors.UnsupportedVersionException;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.springframework.lang.Nullable;

/** The cluster as the log between receiving and delivering: its state, its counts, and the clients that write outcomes. Thread-safe. */
final class KafkaEngine implements Spool, AutoCloseable {

    /** The state of health is asked for this often at most. */
    private static final long FRESH_NANOS = TimeUnit.SECONDS.toNanos(2);
    private static final int TRANSACTION_MILLIS = 15_000;
    /** A client whose broker says nothing for so long looks who leads its partitions by now; Kafka's own 30 s would hold up their events. */
    static final int ANSWER_MILLIS = 10_000;
    /** A broker that hung has heard by then whom it lost its partitions to. */
    private static final Duration BACK_AGAIN = Duration.ofSeconds(10);

    /** What somebody did with the dead letters of a destination. */
    record Handled(long deleted, long expired, long replayed) {

        static final Handled NOTHING = new Handled(0, 0, 0);

        Handled plus(Handled more) {
            return new Handled(deleted + more.deleted, expired + more.expired, replayed + more.replayed);
        }
    }

    /** What a destination was given from elsewhere: into its retries, and dead letters. */
    record Opening(long waiting, long deadLetters) {

        static final Opening NOTHING = new Opening(0, 0);

        Opening plus(Opening more) {
            return new Opening(waiting + more.waiting, deadLetters + more.deadLetters);
        }
    }

    private final KafkaProperties properties;
    private final Admin admin;
    private final Topics topics;
    private final LogEnds ends;
    private final String member;
    private final KafkaDeadLetters deadLetters;
    private final Set<BatchConsumer> consumers = ConcurrentHashMap.newKeySet();
    private volatile Consumer<String> newConsumer = consumer -> { };
    private volatile String trouble;
    private volatile long size;
    private volatile long checkedAt = System.nanoTime() - FRESH_NANOS;

    KafkaEngine(KafkaProperties properties) {
        this.properties = properties;
        this.member = properties.instanceId().isEmpty() ? UUID.randomUUID().toString() : properties.instanceId();
        Map<String, Object> settings = new HashMap<>(properties.clientProperties());
        settings.put("default.api.timeout.ms", 10_000);
        settings.put("request.timeout.ms", 5_000);
        this.admin = Admin.create(settings);
        this.topics = new Topics(admin, properties);
        this.ends = new LogEnds(partitions -> Topics.known(() -> admin.listOffsets(partitions.stream()
                .collect(Collectors.toMap(partition -> partition, partition -> OffsetSpec.latest()))).all(), "the ends of topics", properties), BACK_AGAIN);
        this.deadLetters = new KafkaDeadLetters(this);
    }

    KafkaProperties properties() {
        return properties;
    }

    Topics topics() {
        return topics;
    }

    Admin admin() {
        return admin;
    }

    LogEnds ends() {
        return ends;
    }

    KafkaDeadLetters deadLetters() {
        return deadLetters;
    }

    /** A producer for transactions that belong together, ready for the first. It fences an earlier one of the same name. */
    KafkaProducer<byte[], byte[]> transactional(String group) {
        return begun(group + "-" + member);
    }

    /** The same, with an id that relays share: whoever asks last has it, and those before fail at their next step. */
    KafkaProducer<byte[], byte[]> shared(String name) {
        return begun(properties.prefix() + name);
    }

    private KafkaProducer<byte[], byte[]> begun(String transactionalId) {
        Map<String, Object> settings = new HashMap<>(properties.clientProperties());
        settings.put("transactional.id", transactionalId);
        settings.put("transaction.timeout.ms", TRANSACTION_MILLIS);
        settings.put("delivery.timeout.ms", TRANSACTION_MILLIS);
        settings.put("request.timeout.ms", TRANSACTION_MILLIS / 3);
        settings.put("max.block.ms", TRANSACTION_MILLIS);
        settings.put("acks", "all");
        settings.put("linger.ms", 0);
        KafkaProducer<byte[], byte[]> producer = new KafkaProducer<>(settings, new ByteArraySerializer(), new ByteArraySerializer());
        try {
            producer.initTransactions();
            return producer;
        } catch (RuntimeException e) {
            producer.close(Duration.ZERO);
            throw e;
        }
    }

    void opened(BatchConsumer consumer) {
        consumers.add(consumer);
        newConsumer.accept(consumerOf(consumer.group()));
    }

    void closed(BatchConsumer consumer) {
        consumers.remove(consumer);
    }

    /** Whether it is for this relay, of all that share the cluster, to look after the dead letters of the destination. */
    boolean looksAfter(String destination) {
        TopicPartition first = new TopicPartition(topics.retriesOf(destination), 0);
        return consumers.stream().anyMatch(consumer -> consumer.assigned(first));
    }

    private boolean isRetries(String group) {
        return new LogState(group.substring(properties.prefix().length()), 0, Map.of()).isRetries();
    }

    private String consumerOf(String group) {
        String name = group.substring(properties.prefix().length());
        return isRetries(group) ? name.substring(SpoolLog.retriesOf("").length()) : name;
    }

    private List<String> groups() {
        return answer(admin.listConsumerGroups().all(), "consumer groups").stream().map(ConsumerGroupListing::groupId)
                .filter(group -> group.startsWith(properties.prefix())).sorted().toList();
    }

    /** What a group has committed. */
    Map<TopicPartition, OffsetAndMetadata> committed(String group) {
        return committed(List.of(group)).get(group);
    }

    private Map<String, Map<TopicPartition, OffsetAndMetadata>> committed(Collection<String> groups) {
        if (groups.isEmpty()) {
            return Map.of();
        }
        Map<String, Map<TopicPartition, OffsetAndMetadata>> committed = answer(admin.listConsumerGroupOffsets(
                groups.stream().collect(Collectors.toMap(group -> group, group -> new ListConsumerGroupOffsetsSpec()))).all(), "committed offsets");
        committed.values().forEach(ofGroup -> ofGroup.values().removeIf(Objects::isNull));
        return committed;
    }

    private <T> T answer(KafkaFuture<T> future, String what) {
        return Topics.answer(future, what, properties);
    }

    private Map<String, TopicDescription> describe() {
        Set<String> names = answer(admin.listTopics().names(), "topics").stream().filter(name -> name.startsWith(properties.prefix())).collect(Collectors.toSet());
        return new TreeMap<>(Topics.known(() -> admin.describeTopics(names).allTopicNames(), "topics", properties));
    }

    private static List<TopicPartition> partitions(TopicDescription topic) {
        return topic.partitions().stream().map(partition -> new TopicPartition(topic.name(), partition.partition())).toList();
    }

    /** Of all replicas. Never waits: as of the latest check, see {@link #trouble()}. */
    @Override
    public long size() {
        check();
        return size;
    }

    /** Never waits: gives the result of the latest check, and has the next one made where that is not fresh. */
    @Override
    @Nullable
    public String trouble() {
        check();
        return trouble;
    }

    private void check() {
        if (System.nanoTime() - checkedAt < FRESH_NANOS) {
            return;
        }
        checkedAt = System.nanoTime();
        KafkaFuture<QuorumInfo> quorum = admin.describeMetadataQuorum().quorumInfo();
        admin.describeTopics(List.of(topics.events())).allTopicNames().whenComplete((described, failure) -> quorum.whenComplete((controllers, noQuorum) ->
                trouble = failure != null ? "Kafka at " + properties.bootstrapServers() + " does not answer: " + failure.getMessage()
                        : isAway(noQuorum) ? "Kafka at " + properties.bootstrapServers() + " has no controller: " + noQuorum.getMessage()
                        : trouble(described.get(topics.events()))));
        admin.describeCluster().nodes().whenComplete((nodes, failure) -> {
            if (failure == null) {
                admin.describeLogDirs(nodes.stream().map(Node::id).toList()).allDescriptions().whenComplete((folders, unknown) -> {
                    if (unknown == null) {
                        size = folders.values().stream().flatMap(ofBroker -> ofBroker.values().stream()).flatMap(folder -> folder.replicaInfos().entrySet().stream())
                                .filter(replica -> replica.getKey().topic().startsWith(properties.prefix())).mapToLong(replica -> replica.getValue().size()).sum();
                    }
                });
            }
        });
    }

    /** Without a controller the brokers that are left go on saying what was true when it went. Old clusters, and those that do not let the relay ask, cannot tell. */
    private static boolean isAway(@Nullable Throwable noQuorum) {
        return noQuorum != null && !(noQuorum instanceof UnsupportedVersionException) && !(noQuorum instanceof AuthorizationException);
    }

    @Nullable
    private String trouble(TopicDescription events) {
        for (TopicPartitionInfo partition : events.partitions()) {
            if (partition.leader() == null || partition.isr().size() < properties.topics().minInsyncReplicas()) {
                return "partition " + partition.partition() + " of " + events.name() + " has " + partition.isr().size() + " replicas in sync; it takes events with at least "
                        + properties.topics().minInsyncReplicas();
            }
        }
        return null;
    }

    @Override
    public List<LogState> logStates() {
        Map<String, Map<TopicPartition, OffsetAndMetadata>> committed = committed(groups());
        return describe().values().stream().map(topic -> {
            long last = ends.of(partitions(topic)).values().stream().mapToLong(end -> end).sum();
            Map<String, Spool.Progress> cursors = new TreeMap<>();
            committed.forEach((group, offsets) -> {
                List<PartitionProgress> of = of(offsets, topic.name());
                if (!of.isEmpty()) {
                    cursors.put(consumerOf(group), new Spool.Progress(of.stream().mapToLong(PartitionProgress::position).sum(), of.stream().mapToLong(PartitionProgress::settledBeyond).sum(), null));
                }
            });
            return new LogState(topic.name().substring(properties.prefix().length()), last, cursors);
        }).toList();
    }

    @Override
    public boolean isRunning(String log, String consumer) {
        String group = properties.prefix() + (log.equals(SpoolLog.retriesOf(consumer)) ? log : consumer);
        return !answer(admin.describeConsumerGroups(List.of(group)).all(), "consumer groups").get(group).members().isEmpty();
    }

    @Override
    @Nullable
    public Instant oldest(String log) {
        TopicDescription topic = describe().get(properties.prefix() + log);
        return topic == null ? null : Topics.known(() -> admin.listOffsets(partitions(topic).stream().collect(Collectors.toMap(partition -> partition, partition -> OffsetSpec.forTimestamp(0)))).all(),
                "the beginnings of topics", properties).values().stream().filter(found -> found.offset() >= 0).map(ListOffsetsResultInfo::timestamp)
                .min(Long::compare).map(Instant::ofEpochMilli).orElse(null);
    }

    private static List<PartitionProgress> of(Map<TopicPartition, OffsetAndMetadata> offsets, String topic) {
        return offsets.entrySet().stream().filter(entry -> entry.getKey().topic().equals(topic)).map(entry -> PartitionProgress.read(entry.getValue(), 0)).toList();
    }

    /**
     * From what the groups have committed, read against the stream, so that what moves meanwhile is counted as waiting. What waits
     * in the retries is what came there less what left: the offsets of transactions count there too.
     */
    @Override
    public Map<String, Ledger> ledgers() {
        List<String> groups = groups();
        Map<String, Map<TopicPartition, OffsetAndMetadata>> retries = committed(groups.stream().filter(this::isRetries).toList());
        Map<String, Handled> handled = deadLetters.handled();
        Map<String, Map<TopicPartition, OffsetAndMetadata>> events = committed(groups.stream().filter(group -> !isRetries(group)).toList());
        Set<TopicPartition> partitions = events.values().stream().flatMap(offsets -> offsets.keySet().stream())
                .filter(partition -> partition.topic().equals(topics.events())).collect(Collectors.toSet());
        Map<TopicPartition, Long> last = ends.of(partitions);
        Map<String, Ledger> ledgers = new TreeMap<>();
        events.forEach((group, offsets) -> {
            String consumer = consumerOf(group);
            Counts first = new Counts();
            offsets.forEach((partition, offset) -> {
                if (partition.topic().equals(topics.events())) {
                    first.add(PartitionProgress.read(offset, 0), last.get(partition));
                }
            });
            Counts again = new Counts();
            of(retries.getOrDefault(properties.prefix() + SpoolLog.retriesOf(consumer), Map.of()), topics.retriesOf(consumer)).forEach(progress -> again.add(progress, 0));
            if (!offsets.isEmpty()) {
                ledgers.put(consumer, first.ledger(again, handled.getOrDefault(consumer, Handled.NOTHING), deadLetters.opening(consumer)));
            }
        });
        return ledgers;
    }

    /** Sums over the partitions of one group. */
    private static final class Counts {
        private long received;
        private long waiting;
        private long passed;
        private long delivered;
        private long setAside;
        private long dead;

        void add(PartitionProgress progress, long end) {
            received += end - progress.start();
            waiting += end - progress.position() - progress.settledBeyond();
            passed += progress.position() - progress.start() + progress.settledBeyond();
            delivered += progress.delivered();
            setAside += progress.setAside();
            dead += progress.dead();
        }

        Ledger ledger(Counts again, Handled handled, Opening opening) {
            long died = dead + again.dead;
            return new Ledger(received + opening.waiting + opening.deadLetters, delivered + again.delivered,
                    died + opening.deadLetters - handled.deleted - handled.expired - handled.replayed,
                    handled.deleted, handled.expired, passed - delivered - setAside - dead,
                    waiting + opening.waiting + setAside + handled.replayed - again.delivered - again.dead,
                    died, setAside + again.setAside, handled.replayed);
        }
    }

    @Override
    public void eachConsumer(Consumer<String> callback) {
        newConsumer = callback;
        consumers.stream().map(consumer -> consumerOf(consumer.group())).distinct().forEach(callback);
    }

    @Override
    public boolean forget(String consumer) {
        boolean known = false;
        for (String name : List.of(consumer, SpoolLog.retriesOf(consumer))) {
            try {
                admin.deleteConsumerGroups(List.of(properties.prefix() + name)).all().get(30, TimeUnit.SECONDS);
                known = true;
            } catch (ExecutionException e) {
                if (e.getCause() instanceof GroupNotEmptyException) {
                    throw new IllegalStateException("the consumer " + consumer + " is running; take its route out of the routes folder of every relay first", e);
                }
                if (!(e.getCause() instanceof GroupIdNotFoundException)) {
                    throw new SpoolException("The consumer " + consumer + " cannot be forgotten: " + e.getCause().getMessage(), e.getCause());
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new SpoolException("interrupted", e);
            } catch (java.util.concurrent.TimeoutException e) {
                throw new SpoolException("The consumer " + consumer + " cannot be forgotten: Kafka does not answer", e);
            }
        }
        if (known) {
            deadLetters.forget(consumer);
            admin.deleteTopics(List.of(topics.retriesOf(consumer)));
        }
        return known;
    }

    /** Whether a relay is there that takes what is replayed. */
    boolean isRunning() {
        List<String> retries = groups().stream().filter(this::isRetries).toList();
        return answer(admin.describeConsumerGroups(retries).all(), "consumer groups").values().stream().anyMatch(group -> !group.members().isEmpty());
    }

    @Override
    public void close() {
        deadLetters.close();
        admin.close(Duration.ofSeconds(2));
    }
}

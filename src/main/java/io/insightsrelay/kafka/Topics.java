package io.insightsrelay.kafka;

import io.insightsrelay.spool.SpoolException;
import io.insightsrelay.spool.SpoolLog;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.Config;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.config.TopicConfig;
import org.apache.kafka.common.errors.TopicExistsException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The names of the relay's topics, and that they are there and keep what the relay promises. Thread-safe. */
final class Topics {

    private static final Logger LOG = LoggerFactory.getLogger(Topics.class);
    private static final long ANSWER_SECONDS = 30;

    private final Admin admin;
    private final KafkaProperties properties;

    Topics(Admin admin, KafkaProperties properties) {
        this.admin = admin;
        this.properties = properties;
    }

    /** The topic that ingest writes to. */
    String events() {
        return properties.prefix() + "events";
    }

    /** The topic of one partition that holds the dead letters of all destinations. */
    String deadLetters() {
        return properties.prefix() + "dead-letters";
    }

    /** The topic of what the destination has to try again by itself. */
    String retriesOf(String destination) {
        return properties.prefix() + SpoolLog.retriesOf(destination);
    }

    /**
     * Creates those that are missing, where that is allowed, and checks the others.
     *
     * @throws SpoolException if one cannot be created, or does not fit; the message says what would be right
     */
    void ensure(Collection<String> names) {
        for (String name : names) {
            if (name.startsWith(properties.prefix())) {
                TopicDescription known = describe(name).orElseGet(() -> create(name));
                List<String> faults = faults(known, configuration(name));
                if (!faults.isEmpty()) {
                    throw new SpoolException("The Kafka topic " + name + " does not fit: " + String.join("; ", faults)
                            + ". Change the topic (kafka-topics.sh, kafka-configs.sh) or what kafka.topics asks for");
                }
            }
        }
    }

    private Config configuration(String name) {
        ConfigResource topic = new ConfigResource(ConfigResource.Type.TOPIC, name);
        return known(() -> admin.describeConfigs(List.of(topic)).values().get(topic), "the configuration of " + name, properties);
    }

    private Optional<TopicDescription> describe(String name) {
        try {
            return Optional.of(admin.describeTopics(List.of(name)).topicNameValues().get(name).get(ANSWER_SECONDS, TimeUnit.SECONDS));
        } catch (ExecutionException e) {
            if (e.getCause() instanceof UnknownTopicOrPartitionException) {
                return Optional.empty();
            }
            throw failed("the topic " + name, e.getCause());
        } catch (Exception e) {
            throw failed("the topic " + name, e);
        }
    }

    private TopicDescription create(String name) {
        KafkaProperties.Topics wanted = properties.topics();
        if (!wanted.create()) {
            throw new SpoolException("The Kafka topic " + name + " is missing, and kafka.topics.create is false: create it, or let the relay do it");
        }
        boolean letters = name.equals(deadLetters());
        Map<String, String> configs = new HashMap<>();
        configs.put(TopicConfig.MIN_IN_SYNC_REPLICAS_CONFIG, String.valueOf(wanted.minInsyncReplicas()));
        configs.put(TopicConfig.UNCLEAN_LEADER_ELECTION_ENABLE_CONFIG, "false");
        configs.put(TopicConfig.CLEANUP_POLICY_CONFIG, letters ? TopicConfig.CLEANUP_POLICY_COMPACT : TopicConfig.CLEANUP_POLICY_DELETE);
        if (!letters) {
            configs.put(TopicConfig.RETENTION_MS_CONFIG, String.valueOf(wanted.retention().toMillis()));
        }
        NewTopic topic = new NewTopic(name, letters ? 1 : wanted.partitions(), wanted.replicationFactor()).configs(configs);
        try {
            admin.createTopics(List.of(topic)).all().get(ANSWER_SECONDS, TimeUnit.SECONDS);
            LOG.info("The Kafka topic {} is created: {} partitions, {} replicas", name, topic.numPartitions(), topic.replicationFactor());
        } catch (ExecutionException e) {
            // another relay that starts at the same time was faster
            if (!(e.getCause() instanceof TopicExistsException)) {
                throw new SpoolException("The Kafka topic " + name + " cannot be created with " + topic.numPartitions() + " partitions and "
                        + topic.replicationFactor() + " replicas (kafka.topics): " + e.getCause().getMessage(), e.getCause());
            }
        } catch (Exception e) {
            throw failed("the topic " + name, e);
        }
        // the news has to get round
        for (long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(ANSWER_SECONDS); System.nanoTime() < until;) {
            Optional<TopicDescription> created = describe(name);
            if (created.isPresent() && created.get().partitions().stream().allMatch(partition -> partition.leader() != null)) {
                return created.get();
            }
        }
        throw new SpoolException("The Kafka topic " + name + " was created and cannot be found");
    }

    private List<String> faults(TopicDescription topic, Config config) {
        KafkaProperties.Topics wanted = properties.topics();
        boolean letters = topic.name().equals(deadLetters());
        List<String> faults = new ArrayList<>();
        int partitions = topic.partitions().size();
        if (letters && partitions != 1) {
            faults.add("it has " + partitions + " partitions and has to have 1");
        } else if (!letters && partitions < wanted.partitions()) {
            faults.add("it has " + partitions + " partitions, kafka.topics.partitions asks for " + wanted.partitions());
        }
        int replicas = topic.partitions().stream().mapToInt(partition -> partition.replicas().size()).min().orElse(0);
        if (replicas < wanted.replicationFactor()) {
            faults.add("it has " + replicas + " replicas, kafka.topics.replicationFactor asks for " + wanted.replicationFactor());
        }
        long inSync = Long.parseLong(config.get(TopicConfig.MIN_IN_SYNC_REPLICAS_CONFIG).value());
        if (inSync < wanted.minInsyncReplicas()) {
            faults.add("its min.insync.replicas is " + inSync + ", kafka.topics.minInsyncReplicas asks for " + wanted.minInsyncReplicas());
        }
        String policy = config.get(TopicConfig.CLEANUP_POLICY_CONFIG).value();
        String expected = letters ? TopicConfig.CLEANUP_POLICY_COMPACT : TopicConfig.CLEANUP_POLICY_DELETE;
        if (!policy.equals(expected)) {
            faults.add("its cleanup.policy is " + policy + " and has to be " + expected);
        }
        long retention = Long.parseLong(config.get(TopicConfig.RETENTION_MS_CONFIG).value());
        if (!letters && retention >= 0 && retention < wanted.retention().toMillis()) {
            faults.add("its retention.ms is " + retention + ", kafka.topics.retention asks for " + wanted.retention().toMillis());
        }
        return faults;
    }

    /** What the brokers answer about a topic that may be so new that not all of them have heard of it: these are asked again. @throws SpoolException if they do not, in time */
    static <T> T known(Supplier<KafkaFuture<T>> question, String what, KafkaProperties properties) {
        long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(ANSWER_SECONDS);
        while (true) {
            try {
                return answer(question.get(), what, properties);
            } catch (SpoolException e) {
                if (!(e.getCause() instanceof UnknownTopicOrPartitionException) || System.nanoTime() - until > 0) {
                    throw e;
                }
                LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(50));
            }
        }
    }

    /** What the brokers answer. @throws SpoolException if they do not, in time */
    static <T> T answer(KafkaFuture<T> future, String what, KafkaProperties properties) {
        try {
            return future.get(ANSWER_SECONDS, TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            throw failed(what, e.getCause(), properties);
        } catch (Exception e) {
            throw failed(what, e, properties);
        }
    }

    private SpoolException failed(String what, Throwable cause) {
        return failed(what, cause, properties);
    }

    private static SpoolException failed(String what, Throwable cause, KafkaProperties properties) {
        if (cause instanceof InterruptedException) {
            Thread.currentThread().interrupt();
        }
        return new SpoolException("Kafka at " + properties.bootstrapServers() + " (kafka.bootstrapServers, KAFKA_BOOTSTRAP_SERVERS) did not answer about " + what + ": "
                + (cause.getMessage() == null ? cause.getClass().getSimpleName() : cause.getMessage()), cause);
    }
}

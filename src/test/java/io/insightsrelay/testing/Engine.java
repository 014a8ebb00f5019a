package io.insightsrelay.testing;

import java.util.UUID;

/** The log that a relay under test keeps its events in. What it promises is the same. */
public enum Engine {

    /** SQLite in the data folder. */
    EMBEDDED,
    /** Kafka: the shared cluster, with topics of its own for each installation. */
    KAFKA;

    /** Points the relay at this engine, as a relay that has it for its own. */
    void use(RelayProcess relay) {
        if (this == KAFKA) {
            relay.with("RELAY_ENGINE", "kafka").with("KAFKA_BOOTSTRAP_SERVERS", KafkaCluster.shared().bootstrapServers())
                    .with("KAFKA_PREFIX", "test-" + UUID.randomUUID().toString().substring(0, 8) + ".").with("KAFKA_INSTANCE_ID", "relay-1")
                    .with("KAFKA_TOPICS_PARTITIONS", 3).with("KAFKA_CONSUMER_SESSIONTIMEOUT", "6s");
        }
    }
}

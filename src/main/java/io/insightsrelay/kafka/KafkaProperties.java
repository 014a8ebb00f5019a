package io.insightsrelay.kafka;

import io.insightsrelay.config.SettingsSection;
import jakarta.validation.Valid;
import jakarta.validation.constraints.Max;
import jakarta.validation.constraints.Min;
import jakarta.validation.constraints.NotNull;
import jakarta.validation.constraints.Pattern;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import org.hibernate.validator.constraints.time.DurationMax;
import org.hibernate.validator.constraints.time.DurationMin;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.util.unit.DataSize;

/**
 * The {@code kafka} section of application.yaml.
 *
 * @param bootstrapServers brokers to begin with, host:port, separated by commas
 * @param prefix           of the names of topics, consumer groups and transactional ids
 * @param instanceId       what makes this relay a static member of its groups; empty: it is a dynamic one
 * @param client           Kafka's own properties, for every client: security.protocol, sasl.*, ssl.* and the like
 * @param topics           what topics have to be
 * @param producer         how ingest writes
 * @param consumer         how groups are kept
 */
@ConfigurationProperties("kafka")
record KafkaProperties(
        @NotNull String bootstrapServers,
        @NotNull @Pattern(regexp = "[a-zA-Z0-9._-]{0,100}", message = "may hold only a-z A-Z 0-9 . _ -, at most 100 of them") String prefix,
        @NotNull @Pattern(regexp = "[a-zA-Z0-9._-]{0,100}", message = "may hold only a-z A-Z 0-9 . _ -, at most 100 of them") String instanceId,
        @DefaultValue Map<String, String> client,
        @NotNull @Valid Topics topics,
        @NotNull @Valid Producer producer,
        @NotNull @Valid Consumer consumer) implements SettingsSection {

    /**
     * @param create            whether topics that are missing are created; otherwise they have to be there
     * @param partitions        of events and retries, at least
     * @param replicationFactor at least
     * @param minInsyncReplicas at least
     * @param retention         how long events are kept at least; delivered ones too
     */
    record Topics(boolean create, @Min(1) @Max(10_000) int partitions, @Min(1) @Max(100) short replicationFactor,
                  @Min(1) @Max(100) int minInsyncReplicas, @NotNull @DurationMin(minutes = 1) Duration retention) {
    }

    /**
     * @param linger          how long an event waits for others to share a request with
     * @param bufferSize      most that may wait in memory for the brokers; beyond it events are refused with 429
     * @param deliveryTimeout how long an event may wait for the brokers' acknowledgement before it is refused with 503
     */
    record Producer(@NotNull @DurationMin(millis = 0) @DurationMax(seconds = 10) Duration linger, @NotNull DataSize bufferSize,
                    @NotNull @DurationMin(seconds = 1) @DurationMax(minutes = 10) Duration deliveryTimeout) {
    }

    /**
     * @param sessionTimeout how long after a member's last sign of life its partitions go to others
     * @param rebalanceWait  how long a partition that is to go to another relay waits for the batch under way
     */
    record Consumer(@NotNull @DurationMin(seconds = 1) @DurationMax(minutes = 30) Duration sessionTimeout,
                    @NotNull @DurationMin(millis = 0) @DurationMax(minutes = 4) Duration rebalanceWait) {
    }

    /** The properties of every client. What is empty is left out. */
    Map<String, Object> clientProperties() {
        Map<String, Object> properties = new HashMap<>();
        client.forEach((name, value) -> {
            if (value != null && !value.isBlank()) {
                properties.put(name, value);
            }
        });
        properties.put("bootstrap.servers", bootstrapServers);
        return properties;
    }

    /** Shows no client property: some are secrets. */
    @Override
    public String toString() {
        return "KafkaProperties[bootstrapServers=" + bootstrapServers + ", prefix=" + prefix + ", instanceId=" + instanceId + "]";
    }
}

package io.insightsrelay.kafka;

import io.insightsrelay.spool.SpoolProperties;
import java.time.Duration;
import java.util.HashSet;
import java.util.Properties;
import org.apache.camel.component.kafka.KafkaClientFactory;
import org.apache.camel.component.kafka.KafkaConfiguration;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.producer.Producer;
import org.springframework.boot.convert.DurationStyle;

/**
 * The clients below the {@code kafka:} endpoints of routes/engine/kafka, which name it as {@code kafkaClientFactory}: what the routes say, the
 * {@code kafka} section of application.yaml, and what the relay promises whatever anybody says. Options of its own in the
 * endpoints' {@code additionalProperties}: relay.maxBytes, relay.linger, relay.delay, relay.batchesAtOnce.
 */
final class KafkaClients implements KafkaClientFactory {

    private static final String OWN = "relay.";
    /** The topic is known for good once it is known: without it a first event after a quiet time would have to wait. */
    private static final long NEVER_IDLE_MILLIS = Long.MAX_VALUE / 2;

    private final KafkaEngine engine;
    private final KafkaProperties properties;
    private final SpoolProperties spool;

    KafkaClients(KafkaEngine engine, SpoolProperties spool) {
        this.engine = engine;
        this.properties = engine.properties();
        this.spool = spool;
    }

    @Override
    public String getBrokers(KafkaConfiguration configuration) {
        return properties.bootstrapServers();
    }

    @Override
    @SuppressWarnings("rawtypes")
    public Producer getProducer(Properties ofRoute) {
        KafkaProperties.Producer producer = properties.producer();
        Properties all = settings(ofRoute);
        all.put("acks", "all");
        all.put("enable.idempotence", true);
        all.put("max.block.ms", 0);
        all.put("metadata.max.idle.ms", NEVER_IDLE_MILLIS);
        all.put("buffer.memory", producer.bufferSize().toBytes());
        all.put("linger.ms", producer.linger().toMillis());
        all.put("delivery.timeout.ms", (int) producer.deliveryTimeout().toMillis());
        all.put("request.timeout.ms", (int) Math.max(1, Math.min(5_000, producer.deliveryTimeout().minus(producer.linger()).toMillis())));
        return new StoringProducer(all, engine.topics().events(), spool.fullRetryAfter(), engine.ends());
    }

    @Override
    @SuppressWarnings("rawtypes")
    public Consumer getConsumer(Properties ofRoute) {
        Properties all = settings(ofRoute);
        all.put("enable.auto.commit", false);
        all.put("auto.offset.reset", "earliest");
        all.put("isolation.level", "read_committed");
        all.put("request.timeout.ms", properties.clientProperties().getOrDefault("request.timeout.ms", KafkaEngine.ANSWER_MILLIS));
        all.put("session.timeout.ms", (int) properties.consumer().sessionTimeout().toMillis());
        all.put("heartbeat.interval.ms", (int) Math.min(3_000, properties.consumer().sessionTimeout().toMillis() / 3));
        if (!properties.instanceId().isEmpty()) {
            all.put("group.instance.id", properties.instanceId());
        }
        BatchBuffer.Cut cut = new BatchBuffer.Cut(Integer.parseInt(String.valueOf(all.get("max.poll.records"))),
                Long.parseLong(ofRoute.getOrDefault(OWN + "maxBytes", 8L << 20).toString()), duration(ofRoute, "linger"), duration(ofRoute, "delay"),
                Integer.parseInt(ofRoute.getOrDefault(OWN + "batchesAtOnce", 1).toString()));
        return new BatchConsumer(all, cut, engine);
    }

    private static Duration duration(Properties ofRoute, String name) {
        return DurationStyle.detectAndParse(ofRoute.getOrDefault(OWN + name, "0").toString());
    }

    private Properties settings(Properties ofRoute) {
        Properties all = new Properties();
        all.putAll(ofRoute);
        new HashSet<>(all.keySet()).stream().filter(name -> name.toString().startsWith(OWN)).forEach(all::remove);
        all.putAll(properties.clientProperties());
        return all;
    }
}

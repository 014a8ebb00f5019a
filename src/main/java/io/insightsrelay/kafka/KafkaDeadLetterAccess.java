package io.insightsrelay.kafka;

import io.insightsrelay.deadletter.DeadLetterAccess;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.boot.context.properties.EnableConfigurationProperties;

/** Straight from Kafka: the dead letters are there whether relays run or not. */
@ConditionalOnProperty(name = "relay.engine", havingValue = "kafka")
@EnableConfigurationProperties(KafkaProperties.class)
final class KafkaDeadLetterAccess implements DeadLetterAccess {

    private final KafkaProperties properties;

    KafkaDeadLetterAccess(KafkaProperties properties) {
        this.properties = properties;
    }

    @Override
    public Opened open() {
        KafkaEngine engine = new KafkaEngine(properties);
        return new Opened(engine.deadLetters(), engine.isRunning(), engine::close);
    }
}

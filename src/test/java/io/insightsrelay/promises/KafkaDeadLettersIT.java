package io.insightsrelay.promises;

import io.insightsrelay.testing.Engine;

/** dead-letters-come-back, with Kafka. */
class KafkaDeadLettersIT extends DeadLettersIT {

    @Override
    Engine engine() {
        return Engine.KAFKA;
    }
}

package io.insightsrelay.promises;

import io.insightsrelay.testing.Engine;

/** shutdown-drains, with Kafka. */
class KafkaShutdownIT extends ShutdownIT {

    @Override
    Engine engine() {
        return Engine.KAFKA;
    }
}

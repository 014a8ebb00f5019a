package io.insightsrelay.promises;

import io.insightsrelay.testing.Engine;

/** one-poison-event-blocks-nobody, with Kafka. */
class KafkaPoisonIT extends PoisonIT {

    @Override
    Engine engine() {
        return Engine.KAFKA;
    }
}

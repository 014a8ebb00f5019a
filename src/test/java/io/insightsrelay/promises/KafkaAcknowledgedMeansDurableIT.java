package io.insightsrelay.promises;

import io.insightsrelay.testing.Engine;

/** acknowledged-means-durable and every-event-is-counted, with Kafka. */
class KafkaAcknowledgedMeansDurableIT extends AcknowledgedMeansDurableIT {

    @Override
    Engine engine() {
        return Engine.KAFKA;
    }
}

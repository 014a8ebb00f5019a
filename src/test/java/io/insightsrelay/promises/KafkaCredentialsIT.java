package io.insightsrelay.promises;

import io.insightsrelay.testing.Engine;

/** credentials-pause-not-drop, with Kafka. */
class KafkaCredentialsIT extends CredentialsIT {

    @Override
    Engine engine() {
        return Engine.KAFKA;
    }
}

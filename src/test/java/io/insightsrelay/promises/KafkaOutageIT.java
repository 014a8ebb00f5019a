package io.insightsrelay.promises;

import io.insightsrelay.testing.Engine;

/** outage-is-waiting and slow-catalog-never-blocks-forever, with Kafka. */
class KafkaOutageIT extends OutageIT {

    @Override
    Engine engine() {
        return Engine.KAFKA;
    }
}

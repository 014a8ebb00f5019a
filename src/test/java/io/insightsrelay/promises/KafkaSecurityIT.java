package io.insightsrelay.promises;

import static org.assertj.core.api.Assertions.assertThat;

import io.insightsrelay.testing.Engine;
import io.insightsrelay.testing.Installation;
import io.insightsrelay.testing.KafkaCluster;
import io.insightsrelay.testing.Tools;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A broker that speaks TLS only and asks for a name and a password (SASL PLAIN). */
class KafkaSecurityIT {

    private static final String LOGIN = "org.apache.kafka.common.security.plain.PlainLoginModule required ";

    @TempDir
    Path folder;

    @Test
    void eventsGoOverTlsToABrokerThatAsksForAPassword() {
        Path store = folder.resolve("broker.p12");
        assertThat(Tools.run(Path.of(System.getProperty("java.home"), "bin", "keytool").toString(), "-genkeypair", "-alias", "broker", "-keyalg", "EC", "-dname", "CN=broker",
                "-ext", "san=ip:127.0.0.1", "-validity", "2", "-storetype", "PKCS12", "-keystore", store.toString(), "-storepass", "store-secret")).isZero();
        Map<String, String> client = Map.of("security.protocol", "SASL_SSL", "sasl.mechanism", "PLAIN",
                "sasl.jaas.config", LOGIN + "username=\"relay\" password=\"relay-secret\";",
                "ssl.truststore.type", "PKCS12", "ssl.truststore.location", store.toString(), "ssl.truststore.password", "store-secret");
        String server = """
                sasl.enabled.mechanisms=PLAIN
                sasl.mechanism.inter.broker.protocol=PLAIN
                listener.name.sasl_ssl.plain.sasl.jaas.config=%susername="broker" password="broker-secret" user_broker="broker-secret" user_relay="relay-secret";
                ssl.keystore.type=PKCS12
                ssl.keystore.location=%s
                ssl.keystore.password=store-secret
                ssl.truststore.type=PKCS12
                ssl.truststore.location=%2$s
                ssl.truststore.password=store-secret
                """.formatted(LOGIN, store);
        try (KafkaCluster cluster = new KafkaCluster(1, "SASL_SSL", server, client); Installation installation = new Installation(folder, Engine.KAFKA)) {
            installation.relay.with("KAFKA_BOOTSTRAP_SERVERS", cluster.bootstrapServers()).with("KAFKA_TOPICS_REPLICATIONFACTOR", 1).with("KAFKA_TOPICS_MININSYNCREPLICAS", 1);
            client.forEach((name, value) -> installation.relay.with("KAFKA_" + name.toUpperCase(java.util.Locale.ROOT).replace('.', '_'), value));
            installation.start();
            installation.post(1_000);
            installation.awaitDrained(Duration.ofSeconds(60));
            assertThat(installation.check()).isZero();
            assertThat(installation.relay.stop()).isZero();

            installation.relay.with("KAFKA_SASL_JAAS_CONFIG", LOGIN + "username=\"relay\" password=\"another\";");
            installation.relay.launch(installation.arguments());
            assertThat(installation.relay.awaitExit()).isEqualTo(1);
            assertThat(installation.relay.log()).contains("Authentication failed").doesNotContain("relay-secret", "another\"", "store-secret", "\tat ");
        }
    }
}

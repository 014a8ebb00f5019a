package io.insightsrelay.promises;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.insightsrelay.testing.Installation;
import io.insightsrelay.testing.TestServer;
import io.insightsrelay.testing.Tools;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** backpressure-is-honest and disk-full. */
class BackpressureIT {

    @TempDir
    Path folder;
    private Installation installation;

    @BeforeEach
    void prepare() {
        installation = new Installation(folder);
    }

    @AfterEach
    void close() {
        installation.close();
    }

    private HttpResponse<String> probe() {
        return installation.relay.post("/api/backstage-insights/events/app", "{\"action\":\"click\",\"subject\":\"probe\"}");
    }

    @Test
    void atTheLimitSendersAreToldToComeBackAndAcceptanceResumesByItself() {
        installation.faults(number -> TestServer.status(503));
        installation.start("--spool.maxSize=6MB", "--spool.cleanUpInterval=200ms");
        int status = 202;
        while (status == 202) {
            status = installation.tryBatch(500);
        }
        assertThat(status).isEqualTo(429);
        await().until(() -> probe().statusCode() == 429);
        HttpResponse<String> refused = probe();
        assertThat(Integer.parseInt(refused.headers().firstValue("Retry-After").orElseThrow())).isPositive();
        assertThat(refused.body()).contains("spool.maxSize");
        await().untilAsserted(() -> {
            HttpResponse<String> readiness = installation.relay.manage("GET", "/actuator/health/readiness");
            assertThat(readiness.statusCode()).isEqualTo(503);
            assertThat(readiness.body()).contains("spool.maxSize");
        });
        assertThat(installation.relay.manage("GET", "/actuator/health/liveness").statusCode()).isEqualTo(200);
        installation.faults(number -> number % 50 == 3 ? TestServer.status(400) : null);
        // a full spool still sets aside and buries, or one bad event would keep it full
        await().atMost(Duration.ofSeconds(60)).until(() -> installation.relay.manage("GET", "/actuator/health/readiness").statusCode() == 200);
        installation.post(1);
        installation.awaitDrained(Duration.ofSeconds(60));
        assertThat(installation.check()).isZero();
        assertThat(installation.dead()).isNotEmpty();
        System.out.printf("spool limit: %d accepted before 429, 0 lost, 0 repeated%n", installation.acknowledged() - 1);
    }

    @Test
    void aFullDiskRefusesEventsDamagesNothingAndIsGotOver() throws Exception {
        Path disk = Files.createDirectory(folder.resolve("disk"));
        try (AutoCloseable mounted = Tools.tmpfs(disk, "24m")) {
            installation.faults(number -> TestServer.status(503));
            installation.relay.with("RELAY_DATA_DIR", disk.resolve("data"));
            installation.start();
            Path ballast = disk.resolve("ballast");
            Files.write(ballast, new byte[12 << 20]);
            int status = 202;
            while (status == 202) {
                status = installation.tryBatch(500);
            }
            assertThat(status).isEqualTo(503);
            HttpResponse<String> refused = probe();
            await().until(() -> probe().statusCode() == 503);
            assertThat(probe().headers().firstValue("Retry-After")).isPresent();
            assertThat(refused.body()).doesNotContain("sqlite", "SQLITE");
            assertThat(installation.json("/actuator/health/readiness").toString()).contains("full");
            int accepted = installation.acknowledged();
            // deliveries go on although what becomes of them cannot be written; they are not repeated meanwhile
            installation.faults(number -> null);
            await().atMost(Duration.ofSeconds(20)).until(() -> installation.delivered() > 0);
            Files.delete(ballast);
            await().atMost(Duration.ofSeconds(60)).until(() -> installation.relay.manage("GET", "/actuator/health/readiness").statusCode() == 200);
            installation.post(1_000);
            installation.awaitDrained(Duration.ofSeconds(60));
            assertThat(installation.check()).isZero();
            // and what is on the disk is sound
            installation.relay.kill();
            installation.start();
            assertThat(installation.books().path("lost").asInt()).isZero();
            assertThat(installation.relay.log()).doesNotContain("damaged");
            System.out.printf("disk full: %d accepted before 503, 0 lost, 0 repeated%n", accepted);
            installation.relay.stop();
        }
    }
}

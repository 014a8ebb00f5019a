package io.insightsrelay.promises;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import io.insightsrelay.testing.Installation;
import io.insightsrelay.testing.TestServer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.util.FileSystemUtils;

/** Operators edit application.yaml of the running jar, under load, and cannot break it. */
class SettingsReloadIT {

    private static final Duration SOON = Duration.ofSeconds(60);

    @TempDir
    Path folder;
    private Path file;
    private Installation installation;

    @BeforeEach
    void prepare() {
        file = folder.resolve("application.yaml");
        installation = new Installation(folder);
        installation.relay.with("RELAY_RELOADINTERVAL", "100ms").with("SPRING_CONFIG_ADDITIONALLOCATION", "file:" + file).without("DELIVER_RETRY_MAXBACKOFF")
                .without("DELIVER_RETRY_FIRSTBACKOFF");
        installation.portal.add("component:default/c1", """
                {'kind':'Component','metadata':{'namespace':'default','name':'c1','annotations':{'example.com/badge':'EMP-123456'}},'spec':{'type':'service'},'relations':[]}""");
    }

    @AfterEach
    void close() {
        installation.close();
    }

    private void write(String yaml) throws IOException {
        Path fresh = Files.writeString(folder.resolve(".new"), yaml);
        Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE);
    }

    private JsonNode routes() {
        return installation.json("/management/routes");
    }

    private long reloads(String result) {
        return installation.relay.manage("GET", "/actuator/prometheus").body().lines().filter(line -> line.startsWith("relay_routes_reloads_total{result=\"" + result + "\"}"))
                .mapToLong(line -> (long) Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1))).sum();
    }

    private void accept(String yaml) throws IOException {
        long before = reloads("accepted");
        write(yaml);
        await().atMost(SOON).pollInterval(Duration.ofMillis(50)).until(() -> reloads("accepted") > before && routes().path("rejected").isNull());
    }

    private void reject(String yaml, String... told) throws IOException {
        long before = reloads("rejected");
        write(yaml);
        await().atMost(SOON).pollInterval(Duration.ofMillis(50)).until(() -> reloads("rejected") > before);
        assertThat(routes().path("rejected").path("problems").toString()).contains(told);
        assertThat(installation.json("/actuator/health").at("/components/routes/status").asText()).isEqualTo("WARNING");
        assertThat(installation.relay.manage("GET", "/actuator/health/readiness").statusCode()).isEqualTo(200);
    }

    private String loaded(String id) {
        for (JsonNode route : routes().path("routes")) {
            if (route.path("id").asText().equals(id)) {
                return route.path("loaded").asText();
            }
        }
        throw new AssertionError("no route " + id);
    }

    @Test
    void editsUnderLoadTakeEffectOrAreRejected() throws Exception {
        Map<String, Boolean> seen = new ConcurrentHashMap<>();
        installation.authorize(request -> {
            for (String text : new String[] {"EMP-123456", "badge%3A", "taken-out"}) {
                if (request.text().contains(text)) {
                    seen.put(text, true);
                }
            }
            return null;
        });
        String enrich = "enrich.entityFields: [kind, metadata.annotations.example.com/badge]\n";
        write(enrich);
        installation.start();
        Map<Integer, Integer> answers = new ConcurrentHashMap<>();
        try (AutoCloseable load = installation.load(4, answers)) {
            await().atMost(SOON).until(() -> seen.containsKey("EMP-123456"));
            // a redaction rule
            String redact = enrich + "redact:\n  patterns: [\"EMP-[0-9]{6}\"]\n  replacement: taken-out\n";
            accept(redact);
            await().atMost(SOON).until(() -> seen.containsKey("taken-out"));
            await().atMost(SOON).until(() -> {
                seen.clear();
                int until = installation.delivered() + 200;
                await().atMost(SOON).until(() -> installation.delivered() > until);
                return !seen.containsKey("EMP-123456");
            });
            // a placeholder of two routes, which no other route notices
            String processing = loaded("process-events");
            accept(redact + "deliver.batch.size: 7\n");
            assertThat(installation.relay.log()).contains("Settings: deliver.batch.size");
            assertThat(loaded("process-events")).isEqualTo(processing);
            // broken ones
            String good = redact + "deliver.batch.size: 7\n";
            reject(good + "auth: [unclosed\n", "application.yaml", "no YAML");
            reject(good + "deliver.concurrency: many\n", file.toString(), "\"line\":6", "deliver.concurrency is 'many'", "whole number");
            reject(good + "catalog.maxEntities: 0\n", "catalog.maxEntities is 0", "greater than or equal to 1");
            reject(good + "redact.regions: Atlantis\n", "redact.regions");
            reject(good + "deliver.spotify.apiToken: two words\n", "deliver.spotify.apiToken", "no token of Spotify");
            assertThat(installation.relay.log()).doesNotContain("two words");
            reject(good + "backstageInsights.debug: perhaps\n", "backstageInsights.debug is perhaps");
            reject(good + "deliver.spotify.appPath: \"\"\n", "deliver.spotify.appPath");
            reject(good + "spool.maxSize: lots\n", "spool.maxSize is 'lots'", "a size such as");
            reject(good + "spring.config.import: nowhere.yaml\n", "nowhere.yaml");
            reject(good + "deliver.batch.linger: 20m\n", "deliver.batch.linger");
            // a restart
            accept(good + "spool.maxSize: 9GB\ningest.cors.origins: [\"https://portal.example.com\"]\n");
            assertThat(routes().path("restartNeeded").toString()).isEqualTo("[\"ingest.cors.origins\",\"spool.maxSize\"]");
            assertThat(installation.relay.log()).contains("take effect at the next restart: ingest.cors.origins, spool.maxSize");
            accept(good);
            assertThat(routes().path("restartNeeded").isEmpty()).isTrue();
            // the environment wins
            accept(good + "deliver.retry.maxAttempts: 99\n");
            assertThat(installation.relay.log().lines().reduce((first, last) -> last).orElseThrow()).endsWith("Settings: none differs");
        }
        installation.awaitDrained(Duration.ofMinutes(2));
        System.out.printf("editsUnderLoadTakeEffectOrAreRejected: %d accepted, %d rejected, answers %s%n", reloads("accepted"), reloads("rejected"), answers);
        assertThat(answers.keySet()).containsExactly(202);
        assertThat(installation.check()).as("events that came twice").isZero();
        assertThat(installation.deadLetters()).isEmpty();
    }

    @Test
    void aRetryIsMadeSoonerForBatchesThatWaitAlready() throws Exception {
        write("deliver.retry: {firstBackoff: 1h, maxBackoff: 1h}\n");
        installation.faults(number -> TestServer.status(503));
        installation.start();
        installation.post();
        await().atMost(SOON).until(() -> installation.requests() > 0);
        int before = installation.requests();
        accept("deliver.retry: {firstBackoff: 50ms, maxBackoff: 100ms}\n");
        installation.faults(number -> null);
        installation.awaitDrained(SOON);
        assertThat(installation.requests()).isGreaterThan(before);
        assertThat(installation.delivered()).isEqualTo(1);
    }

    @Test
    void oneConfigMapWithRoutesAndSettingsIsOneChange() throws Exception {
        // as Kubernetes mounts it: links to ..data, itself a link that is exchanged
        Path mounted = folder.resolve("mounted");
        for (String version : new String[] {"..1", "..2"}) {
            FileSystemUtils.copyRecursively(Path.of("routes"), mounted.resolve(version).resolve("routes"));
            Files.writeString(mounted.resolve(version).resolve("application.yaml"), "my.step: first\n");
        }
        Files.createSymbolicLink(mounted.resolve("..data"), Path.of("..1"));
        Files.createSymbolicLink(mounted.resolve("routes"), Path.of("..data/routes"));
        Files.createSymbolicLink(mounted.resolve("application.yaml"), Path.of("..data/application.yaml"));
        Path process = mounted.resolve("..2/routes/process.camel.yaml");
        // neither of the two is in order without the other
        Files.writeString(process, Files.readString(process).replace("ref: redactEvents", "ref: \"{{my.redactor}}\"").replace("id: redact\n", "id: redact-by-name\n"));
        Files.writeString(mounted.resolve("..2/application.yaml"), "my.redactor: redactEvents\n");
        installation.relay.with("RELAY_ROUTES_DIR", mounted.resolve("routes")).with("SPRING_CONFIG_ADDITIONALLOCATION", "file:" + mounted.resolve("application.yaml"));
        installation.start();
        Map<Integer, Integer> answers = new ConcurrentHashMap<>();
        try (AutoCloseable load = installation.load(4, answers)) {
            long accepted = reloads("accepted");
            Files.createSymbolicLink(mounted.resolve("..data_tmp"), Path.of("..2"));
            Files.move(mounted.resolve("..data_tmp"), mounted.resolve("..data"), StandardCopyOption.ATOMIC_MOVE);
            await().atMost(SOON).until(() -> reloads("accepted") > accepted);
            assertThat(reloads("rejected")).isZero();
            // what the new route refers to must stay
            long rejected = reloads("rejected");
            Files.writeString(mounted.resolve("..2/application.yaml"), "my.redactor: nobody\n");
            await().atMost(SOON).until(() -> reloads("rejected") > rejected);
            assertThat(routes().path("rejected").toString()).contains("process.camel.yaml", "nobody");
            int until = installation.delivered() + 100;
            await().atMost(SOON).until(() -> installation.delivered() > until);
        }
        installation.awaitDrained(Duration.ofMinutes(2));
        assertThat(answers.keySet()).containsExactly(202);
        assertThat(installation.check()).isZero();
        assertThat(installation.deadLetters()).isEmpty();
    }

    @Test
    void validateReportsSettingsWithoutAStackTrace() throws Exception {
        write("deliver.batch: {size: many}\n");
        assertThat(installation.relay.launchBeside("validate").waitFor()).isEqualTo(1);
        assertThat(installation.relay.log()).startsWith(file + ":1:").contains("deliver.batch.size is 'many'").contains("1 problem").doesNotContain("\tat ");
        write("deliver:\n  batch: [size\n");
        assertThat(installation.relay.launchBeside("validate", "--json").waitFor()).isEqualTo(1);
        assertThat(installation.relay.log()).contains("\"valid\" : false", "\"file\" : \"" + file + "\"", "\"line\" : 3", "no YAML").doesNotContain("\tat ");
        write("redact.regions: Atlantis\n");
        assertThat(installation.relay.launchBeside("validate").waitFor()).isEqualTo(1);
        assertThat(installation.relay.log()).contains("redact.regions").doesNotContain("\tat ", "APPLICATION FAILED");
        write("deliver.batch.size: 7\n");
        assertThat(installation.relay.launchBeside("validate").waitFor()).isZero();
    }
}

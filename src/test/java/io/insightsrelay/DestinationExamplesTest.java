package io.insightsrelay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.insightsrelay.spool.SpoolLog;
import io.insightsrelay.spool.SpoolStore;
import io.insightsrelay.testing.Portal;
import io.insightsrelay.testing.TestServer;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;
import org.apache.camel.CamelContext;
import org.apache.camel.test.spring.junit5.CamelSpringBootTest;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.web.client.TestRestTemplate;
import org.springframework.http.HttpMethod;
import org.springframework.http.ResponseEntity;
import org.springframework.test.context.DynamicPropertyRegistry;
import org.springframework.test.context.DynamicPropertySource;
import org.springframework.util.FileSystemUtils;

/** The examples of routes/destinations/, switched on as their first lines say, with Spotify down all the while. */
@CamelSpringBootTest
// something has to be configured before the dynamic properties are there, or else this is sandbox mode
@SpringBootTest(webEnvironment = SpringBootTest.WebEnvironment.RANDOM_PORT, properties = {"backstage.baseUrl=http://localhost", "relay.stopDelay=0s"})
class DestinationExamplesTest {

    private static final Portal PORTAL = new Portal();
    private static final TestServer SPOTIFY = new TestServer();
    private static final TestServer OWN = new TestServer();
    private static final ObjectMapper MAPPER = new ObjectMapper();

    @TempDir
    static Path folder;

    @Autowired
    private SpoolStore store;
    @Autowired
    private CamelContext context;
    @Autowired
    private TestRestTemplate http;

    @DynamicPropertySource
    static void configure(DynamicPropertyRegistry properties) throws IOException {
        SPOTIFY.behave(request -> TestServer.status(503));
        PORTAL.add("component:default/petstore",
                "{'kind':'Component','metadata':{'namespace':'default','name':'petstore'},'spec':{'type':'service','owner':'group:default/payments'}}");
        Path routes = folder.resolve("routes");
        FileSystemUtils.copyRecursively(Path.of("routes"), routes);
        for (String example : List.of("http-batch", "file")) {
            Path file = routes.resolve(example + ".camel.yaml");
            String text = Files.readString(routes.resolve("destinations").resolve(example + ".camel.yaml"));
            // a test cannot set the environment of its own process: what the variables stand for is put in their place
            Files.writeString(file, text.replaceAll("\\{\\{env:EVENTS_URL:[^}]*}}", OWN.url() + "/events")
                    .replaceAll("\\{\\{env:EVENTS_DIR:[^}]*}}", folder.resolve("events").toString()));
        }
        properties.add("relay.port", TestServer::freePort);
        properties.add("relay.dataDir", () -> folder.resolve("data"));
        properties.add("relay.routesDir", routes::toString);
        properties.add("backstage.baseUrl", PORTAL::url);
        properties.add("backstage.token", () -> "catalog-token");
        properties.add("deliver.spotify.baseUrl", SPOTIFY::url);
        properties.add("deliver.spotify.apiToken", () -> "spotify-token");
        properties.add("deliver.batch.linger", () -> "50ms");
        properties.add("deliver.retry.firstBackoff", () -> "20ms");
        properties.add("deliver.retry.delay", () -> "100ms");
    }

    @AfterAll
    static void close() {
        PORTAL.close();
        SPOTIFY.close();
        OWN.close();
    }

    private void post(List<String> subjects) {
        SpoolLog log = store.log("events");
        store.append(log, subjects.stream().map(subject -> ("{\"id\":\"id-" + subject + "\",\"received\":\"" + Instant.now() + "\",\"kind\":\"agent\",\"event\":"
                + "{\"action\":\"x\",\"subject\":\"" + subject + "\",\"context\":{\"entityRef\":\"component:default/petstore\"}}}").getBytes(StandardCharsets.UTF_8)).toList()).join();
    }

    /** The subjects that a request brings, in order. */
    private static List<String> subjects(TestServer.Request request) {
        try (GZIPInputStream body = new GZIPInputStream(new ByteArrayInputStream(request.body()))) {
            List<String> subjects = new ArrayList<>();
            MAPPER.readTree(body.readAllBytes()).forEach(event -> subjects.add(event.at("/event/subject").asText()));
            return subjects;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static List<JsonNode> lines() {
        try (Stream<Path> files = Files.list(folder.resolve("events"))) {
            List<JsonNode> lines = new ArrayList<>();
            for (Path file : files.toList()) {
                for (String line : Files.readAllLines(file)) {
                    lines.add(MAPPER.readTree(line));
                }
            }
            return lines;
        } catch (IOException e) {
            return List.of();
        }
    }

    @Test
    void wholeBatchesArriveCompressedTheRefusedEventIsFoundAndNobodyWaitsForSpotify() {
        List<String> taken = new ArrayList<>();
        OWN.behave(request -> {
            List<String> subjects = subjects(request);
            boolean bad = subjects.contains("e13");
            if (!bad) {
                taken.addAll(subjects);
            }
            return TestServer.status(bad ? 422 : 200);
        });
        List<String> all = IntStream.range(0, 40).mapToObj(i -> "e" + i).toList();
        post(all);

        await().until(() -> taken.size() >= 39);
        assertThat(taken).doesNotContain("e13").doesNotHaveDuplicates().hasSize(39);
        assertThat(OWN.requests().size()).isLessThan(15);
        TestServer.Request first = OWN.requests().get(0);
        assertThat(first.header("Content-Type")).isEqualTo("application/json");
        assertThat(first.header("Content-Encoding")).isEqualTo("gzip");
        await().until(() -> store.read((connection, appender) -> {
            try (var rows = connection.createStatement().executeQuery("SELECT id FROM dead_letter WHERE destination = 'http-batch'")) {
                return rows.next() && rows.getString(1).equals("id-e13");
            }
        }));

        await().until(() -> lines().size() == 40);
        assertThat(lines()).allSatisfy(line -> {
            assertThat(line.at("/event/context/entity.spec.owner").asText()).isEqualTo("group:default/payments");
            assertThat(line.path("id").asText()).isEqualTo("id-" + line.at("/event/subject").asText());
            assertThat(line.path("kind").asText()).isEqualTo("agent");
        });
    }

    @Test
    void aDestinationThatWasSwitchedOffCanBeForgotten() throws Exception {
        SpoolLog log = store.log("events");
        assertThat(delete("file")).contains("409", "the consumer file is running", "take its route out");
        assertThat(delete("nobody")).contains("404", "there is no consumer nobody");
        context.getRouteController().stopRoute("take-batches-for-file");
        context.getRouteController().stopRoute("take-retries-for-file");
        assertThat(delete("file")).contains("200", "{\"forgotten\":\"file\"}");
        assertThat(store.logStates()).filteredOn(state -> state.name().equals(log.name())).allSatisfy(state -> assertThat(state.cursors()).doesNotContainKey("file"));
        context.getRouteController().startRoute("take-batches-for-file");
        context.getRouteController().startRoute("take-retries-for-file");
        await().until(() -> store.logStates().stream().anyMatch(state -> state.cursors().containsKey("file")));
    }

    private String delete(String consumer) {
        ResponseEntity<String> answer = http.exchange("/management/spool/consumers/" + consumer, HttpMethod.DELETE, null, String.class);
        return answer.getStatusCode() + " " + answer.getBody();
    }
}

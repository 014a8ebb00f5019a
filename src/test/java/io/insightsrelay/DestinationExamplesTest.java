package io.insightsrelay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.insightsrelay.spool.SpoolLog;
import io.insightsrelay.spool.SpoolStore;
import io.insightsrelay.testing.KafkaCluster;
import io.insightsrelay.testing.Neighbours;
import io.insightsrelay.testing.TestServer;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.regex.Matcher;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;
import org.apache.camel.CamelContext;
import org.apache.camel.test.spring.junit5.CamelSpringBootTest;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.web.client.TestRestTemplate;
import org.springframework.http.HttpMethod;
import org.springframework.http.ResponseEntity;
import org.springframework.test.context.DynamicPropertyRegistry;
import org.springframework.test.context.DynamicPropertySource;

/** The examples of routes/destinations/, all switched on as their first lines say, beside Spotify. */
@CamelSpringBootTest
// something has to be configured before the dynamic properties are there, or else this is sandbox mode
@SpringBootTest(webEnvironment = SpringBootTest.WebEnvironment.RANDOM_PORT, properties = {"backstage.baseUrl=http://localhost", "relay.stopDelay=0s",
        "deliver.retry.firstBackoff=20ms", "deliver.retry.maxBackoff=300ms", "deliver.retry.delay=100ms", "deliver.responseTimeout=5000"})
class DestinationExamplesTest {

    private static final Neighbours NEIGHBOURS = new Neighbours();
    private static final TestServer OWN = new TestServer();
    private static final ObjectMapper MAPPER = new ObjectMapper();
    private static final List<String> EXAMPLES = List.of("http-batch", "file", "kafka", "postgresql");
    private static final Duration PATIENCE = Duration.ofSeconds(120);
    private static final List<String> TAKEN_BY_OWN = new CopyOnWriteArrayList<>();
    private static final List<String> TAKEN_BY_SPOTIFY = new CopyOnWriteArrayList<>();

    @TempDir
    static Path folder;
    private static KafkaCluster broker;
    private static EmbeddedPostgres database;

    @Autowired
    private SpoolStore store;
    @Autowired
    private CamelContext context;
    @Autowired
    private TestRestTemplate http;

    @DynamicPropertySource
    static void configure(DynamicPropertyRegistry properties) throws Exception {
        NEIGHBOURS.configure(properties, folder);
        broker = new KafkaCluster(1, "PLAINTEXT", "auto.create.topics.enable=true", Map.of());
        database = database(TestServer.freePort());
        Map<String, String> environment = Map.of("EVENTS_URL", OWN.url() + "/events", "EVENTS_DIR", folder.resolve("events").toString(),
                "EVENTS_KAFKA", broker.bootstrapServers(), "EVENTS_TOPIC", "insights", "EVENTS_DB", database.getJdbcUrl("postgres", "postgres"),
                "EVENTS_DB_USER", "postgres", "EVENTS_DB_PASSWORD", "");
        for (String example : EXAMPLES) {
            String text = Files.readString(Path.of("routes/destinations", example + ".camel.yaml"));
            if (example.equals("postgresql")) {
                sql(text.lines().filter(line -> line.startsWith("#   ")).map(line -> line.substring(1)).collect(Collectors.joining()));
            }
            // a test cannot set the environment of its own process: what the variables stand for is put in their place
            for (Map.Entry<String, String> variable : environment.entrySet()) {
                text = text.replaceAll("\\{\\{env:" + variable.getKey() + ":[^}]*}}", Matcher.quoteReplacement(variable.getValue()));
            }
            Files.writeString(folder.resolve("routes").resolve(example + ".camel.yaml"), text);
        }
    }

    /** Keeps its data from one start to the next. */
    private static EmbeddedPostgres database(int port) throws IOException {
        return EmbeddedPostgres.builder().setPort(port).setDataDirectory(folder.resolve("postgresql")).setCleanDataDirectory(false).start();
    }

    private static List<String> sql(String statement) {
        try (Connection connection = database.getPostgresDatabase().getConnection(); Statement run = connection.createStatement()) {
            List<String> firsts = new ArrayList<>();
            if (run.execute(statement)) {
                for (ResultSet rows = run.getResultSet(); rows.next();) {
                    firsts.add(rows.getString(1));
                }
            }
            return firsts;
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    @BeforeEach
    void letEveryoneTakeEverything() {
        OWN.behave(request -> {
            List<String> subjects = subjects(request);
            boolean bad = subjects.contains("e13");
            if (!bad) {
                TAKEN_BY_OWN.addAll(subjects);
            }
            return TestServer.status(bad ? 422 : 200);
        });
        NEIGHBOURS.spotify.behave(request -> {
            TAKEN_BY_SPOTIFY.add(read(request.body()).path("subject").asText());
            return TestServer.status(200);
        });
    }

    @AfterAll
    static void close() throws IOException {
        NEIGHBOURS.close();
        OWN.close();
        broker.close();
        database.close();
    }

    private static String id(String subject) {
        return UUID.nameUUIDFromBytes(subject.getBytes(StandardCharsets.UTF_8)).toString();
    }

    private void post(List<String> subjects) {
        store.append(store.log("events"), subjects.stream().map(subject -> ("{\"id\":\"" + id(subject) + "\",\"received\":\"" + Instant.now()
                + "\",\"kind\":\"agent\",\"user\":\"user:default/jane\",\"event\":{\"action\":\"x\",\"subject\":\"" + subject
                + "\",\"context\":{\"entityRef\":\"component:default/petstore\"}}}").getBytes(StandardCharsets.UTF_8)).toList()).join();
    }

    private static List<String> numbered(String prefix, int count) {
        return IntStream.range(0, count).mapToObj(i -> prefix + i).toList();
    }

    private static JsonNode read(byte[] json) {
        try {
            return MAPPER.readTree(json);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The subjects that a request brings, in order. */
    private static List<String> subjects(TestServer.Request request) {
        try (GZIPInputStream body = new GZIPInputStream(new ByteArrayInputStream(request.body()))) {
            List<String> subjects = new ArrayList<>();
            read(body.readAllBytes()).forEach(event -> subjects.add(event.at("/event/subject").asText()));
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

    private static List<ConsumerRecord<String, byte[]>> records() {
        Properties settings = new Properties();
        settings.put("bootstrap.servers", broker.bootstrapServers());
        settings.put("default.api.timeout.ms", "20000");
        List<ConsumerRecord<String, byte[]>> records = new ArrayList<>();
        try (KafkaConsumer<String, byte[]> consumer = new KafkaConsumer<>(settings, new StringDeserializer(), new ByteArrayDeserializer())) {
            TopicPartition partition = new TopicPartition("insights", 0);
            consumer.assign(List.of(partition));
            consumer.seekToBeginning(List.of(partition));
            long end = consumer.endOffsets(List.of(partition)).get(partition);
            while (consumer.position(partition) < end) {
                consumer.poll(Duration.ofMillis(200)).forEach(records::add);
            }
            return records;
        }
    }

    /** The subjects that arrived there. */
    private static List<String> arrived(String destination) {
        return switch (destination) {
            case "spotify" -> TAKEN_BY_SPOTIFY;
            case "http-batch" -> TAKEN_BY_OWN;
            case "file" -> lines().stream().map(line -> line.at("/event/subject").asText()).toList();
            case "kafka" -> records().stream().map(entry -> read(entry.value()).at("/event/subject").asText()).toList();
            default -> sql("select event->>'subject' from insights_events");
        };
    }

    private List<String> dead(String destination) {
        return store.read((connection, appender) -> {
            List<String> ids = new ArrayList<>();
            try (ResultSet rows = connection.createStatement().executeQuery("SELECT id FROM dead_letter WHERE destination = '" + destination + "'")) {
                while (rows.next()) {
                    ids.add(rows.getString(1));
                }
            }
            return ids;
        });
    }

    private static void takeDown(String destination) throws IOException {
        switch (destination) {
            case "spotify" -> NEIGHBOURS.spotify.behave(request -> TestServer.status(503));
            case "http-batch" -> OWN.refuseConnections();
            case "file" -> {
                Files.createDirectories(folder.resolve("events"));
                Files.move(folder.resolve("events"), folder.resolve("events-kept"));
                Files.writeString(folder.resolve("events"), "a file where a folder has to be");
            }
            case "kafka" -> broker.kill(0);
            default -> database.close();
        }
    }

    private void bringBack(String destination) throws IOException {
        switch (destination) {
            case "spotify" -> letEveryoneTakeEverything();
            case "http-batch" -> OWN.acceptConnections();
            case "file" -> {
                Files.delete(folder.resolve("events"));
                Files.move(folder.resolve("events-kept"), folder.resolve("events"));
            }
            case "kafka" -> broker.start(0);
            default -> database = database(database.getPort());
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"spotify", "http-batch", "file", "kafka", "postgresql"})
    void oneThatIsDownHoldsUpNoneOfTheOthersAndGetsEverythingOnceItIsBack(String down) throws IOException {
        List<String> before = numbered(down + "-before-", 5);
        List<String> meanwhile = numbered(down + "-meanwhile-", 40);
        List<String> all = Stream.concat(Stream.of("spotify"), EXAMPLES.stream()).toList();
        post(before);
        all.forEach(destination -> await(destination).atMost(PATIENCE).untilAsserted(() -> assertThat(arrived(destination)).containsAll(before)));
        takeDown(down);
        try {
            post(meanwhile);
            all.stream().filter(destination -> !destination.equals(down)).forEach(destination ->
                    await(destination).atMost(PATIENCE).untilAsserted(() -> assertThat(arrived(destination)).containsAll(meanwhile)));
            assertThat(store.ledgers().get(down).waiting()).isEqualTo(meanwhile.size());
        } finally {
            bringBack(down);
        }
        await().atMost(PATIENCE).untilAsserted(() -> assertThat(arrived(down)).containsAll(meanwhile));
        await().atMost(PATIENCE).until(() -> store.ledgers().get(down).waiting() == 0);
        assertThat(dead(down)).doesNotContainAnyElementsOf(meanwhile.stream().map(DestinationExamplesTest::id).toList());
    }

    @Test
    void wholeBatchesArriveCompressedAndTheRefusedEventIsFound() {
        int before = OWN.requests().size();
        post(numbered("e", 40));
        await().atMost(PATIENCE).untilAsserted(() -> assertThat(TAKEN_BY_OWN).filteredOn(subject -> subject.matches("e\\d+")).hasSize(39).doesNotContain("e13").doesNotHaveDuplicates());
        assertThat(OWN.requests().size() - before).isLessThan(15);
        TestServer.Request first = OWN.requests().get(before);
        assertThat(first.header("Content-Type")).isEqualTo("application/json");
        assertThat(first.header("Content-Encoding")).isEqualTo("gzip");
        await().atMost(PATIENCE).untilAsserted(() -> assertThat(dead("http-batch")).containsExactly(id("e13")));
        await().atMost(PATIENCE).untilAsserted(() -> assertThat(arrived("file")).containsAll(numbered("e", 40)));
        assertThat(lines()).filteredOn(line -> line.at("/event/subject").asText().matches("e\\d+")).allSatisfy(line -> {
            assertThat(line.at("/event/context/entity.spec.owner").asText()).isEqualTo("group:default/payments");
            assertThat(line.path("id").asText()).isEqualTo(id(line.at("/event/subject").asText()));
            assertThat(line.path("kind").asText()).isEqualTo("agent");
        });
    }

    @Test
    void recordsOfKafkaHaveTheUserAsKeyAndTheIdAsHeader() {
        post(numbered("k", 30));
        await().atMost(PATIENCE).untilAsserted(() -> assertThat(arrived("kafka")).containsAll(numbered("k", 30)));
        assertThat(records()).filteredOn(entry -> read(entry.value()).at("/event/subject").asText().matches("k\\d+")).hasSize(30).allSatisfy(entry -> {
            JsonNode event = read(entry.value());
            assertThat(entry.key()).isEqualTo("user:default/jane");
            assertThat(new String(entry.headers().lastHeader("id").value(), StandardCharsets.UTF_8)).isEqualTo(event.path("id").asText()).isEqualTo(id(event.at("/event/subject").asText()));
            assertThat(event.at("/event/context/entity.spec.owner").asText()).isEqualTo("group:default/payments");
        });
    }

    @Test
    void whatATableCannotHoldIsDeadAloneAndWhatComesTwiceIsThereOnce() {
        List<String> subjects = new ArrayList<>(numbered("p", 30));
        subjects.set(11, "p\\u000011");
        post(subjects);
        post(numbered("p", 5));
        List<String> stored = numbered("p", 30).stream().filter(subject -> !subject.equals("p11")).toList();
        await().atMost(PATIENCE).untilAsserted(() -> assertThat(arrived("postgresql")).containsAll(stored));
        await().atMost(PATIENCE).until(() -> store.ledgers().get("postgresql").waiting() == 0);
        assertThat(arrived("postgresql")).doesNotHaveDuplicates();
        assertThat(dead("postgresql")).containsExactly(id("p\\u000011"));
        assertThat(sql("select event#>>'{context,entity.spec.owner}' from insights_events where event->>'subject' = 'p3'")).containsExactly("group:default/payments");
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

package io.insightsrelay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.insightsrelay.routes.RouteReload;
import io.insightsrelay.spool.SpoolStore;
import io.insightsrelay.testing.Neighbours;
import io.insightsrelay.testing.TestServer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.PreparedStatement;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.stream.IntStream;
import org.apache.camel.CamelContext;
import org.apache.camel.test.spring.junit5.CamelSpringBootTest;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.test.context.DynamicPropertyRegistry;
import org.springframework.test.context.DynamicPropertySource;
import org.springframework.web.client.RestClient;

/** The recipe that replays a day: what Spotify had days ago goes to a new destination, put into a running relay as an operator would. */
@CamelSpringBootTest
@SpringBootTest(webEnvironment = SpringBootTest.WebEnvironment.RANDOM_PORT,
        properties = {"backstage.baseUrl=http://localhost", "relay.stopDelay=0s", "relay.reloadInterval=50ms", "spool.keep=4d", "spool.cleanUpInterval=100ms"})
class ReplayDayTest {

    private static final Neighbours NEIGHBOURS = new Neighbours();
    private static final TestServer OWN = new TestServer();
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    @TempDir
    static Path folder;
    @Autowired
    private SpoolStore store;
    @Autowired
    private RouteReload reload;
    @Autowired
    private CamelContext context;
    @Value("${local.server.port}")
    private int management;

    @DynamicPropertySource
    static void configure(DynamicPropertyRegistry properties) {
        NEIGHBOURS.configure(properties, folder);
    }

    @AfterAll
    static void close() {
        NEIGHBOURS.close();
        OWN.close();
    }

    /** Events as if they had come on that day; they reach Spotify now. */
    private void onDay(LocalDate day, List<String> subjects) {
        Instant noon = day.atTime(LocalTime.NOON).toInstant(ZoneOffset.UTC);
        long before = store.logStates().stream().filter(log -> log.name().equals("events")).findFirst().orElseThrow().lastPosition();
        store.append(store.log("events"), subjects.stream().map(subject -> ("{\"id\":\"" + UUID.randomUUID() + "\",\"received\":\"" + noon
                + "\",\"kind\":\"agent\",\"event\":{\"action\":\"click\",\"subject\":\"" + subject + "\",\"context\":{}}}").getBytes(StandardCharsets.UTF_8)).toList()).join();
        storedAt(before, noon);
        await().atMost(PATIENCE).until(() -> store.ledgers().get("spotify").waiting() == 0);
    }

    private void storedAt(long beyond, Instant time) {
        store.write((connection, appender) -> {
            try (PreparedStatement update = connection.prepareStatement("UPDATE log_events SET stored_at = ? WHERE position > ?")) {
                update.setLong(1, time.toEpochMilli());
                update.setLong(2, beyond);
                return update.executeUpdate();
            }
        }).join();
    }

    private static List<String> subjects(String day, int count) {
        return IntStream.range(0, count).mapToObj(i -> day + "-" + i).toList();
    }

    private static List<String> arrived(TestServer server) throws IOException {
        List<String> subjects = new ArrayList<>();
        for (TestServer.Request request : server.requests()) {
            new ObjectMapper().readTree(request.body()).findValues("subject").forEach(subject -> subjects.add(subject.asText()));
        }
        return subjects;
    }

    private long oldest() {
        return store.read((connection, appender) -> {
            try (Statement statement = connection.createStatement()) {
                return statement.executeQuery("SELECT min(position) FROM log_events").getLong(1);
            }
        });
    }

    @Test
    void replayADay() throws Exception {
        LocalDate today = LocalDate.now(ZoneOffset.UTC);
        onDay(today.minusDays(3), subjects("before", 700));
        onDay(today.minusDays(2), subjects("day", 1_300));
        onDay(today.minusDays(1), subjects("after", 700));
        assertThat(arrived(NEIGHBOURS.spotify)).hasSize(2_700);
        assertThat(OWN.requests()).isEmpty();

        Path recipe = folder.resolve("routes/replay-a-day.camel.yaml");
        Files.writeString(recipe, Files.readString(Path.of("docs/cookbook/replay-a-day.camel.yaml"))
                .replaceAll("from: \".*\"", "from: \"" + today.minusDays(2) + "T00:00:00Z\"").replaceAll("until: \".*\"", "until: \"" + today.minusDays(1) + "T00:00:00Z\"")
                .replaceAll("\\{\\{env:EVENTS_URL:[^}]*}}", OWN.url() + "/events"));
        await().atMost(PATIENCE).until(() -> {
            assertThat(reload.rejected()).isNull();
            return store.ledgers().containsKey("replay");
        });
        onDay(today, subjects("meanwhile", 100));
        await().atMost(PATIENCE).until(() -> management("/management/spool").contains("\"ended\":true"));
        assertThat(arrived(OWN)).isEqualTo(subjects("day", 1_300));
        assertThat(store.ledgers().get("replay")).satisfies(books -> {
            assertThat(books.received()).isEqualTo(1_300);
            assertThat(books.delivered()).isEqualTo(1_300);
            assertThat(books.waiting()).isZero();
        });
        assertThat(arrived(NEIGHBOURS.spotify)).as("once each, and what came meanwhile").hasSize(2_800).doesNotHaveDuplicates();

        Files.delete(recipe);
        await().atMost(PATIENCE).until(() -> context.getRoute("take-batches-for-replay") == null);
        assertThat(oldest()).as("all of it is still kept").isLessThan(200);
        // two days and a half later
        store.write((connection, appender) -> {
            try (Statement statement = connection.createStatement()) {
                return statement.executeUpdate("UPDATE log_events SET stored_at = stored_at - " + Duration.ofHours(60).toMillis());
            }
        }).join();
        await().atMost(PATIENCE).until(() -> oldest() > 2_000);
        assertThat(oldest()).as("the day after is still kept").isLessThan(2_200);
        assertThat(store.forget("replay")).isTrue();
        onDay(today, List.of("later"));
        assertThat(arrived(NEIGHBOURS.spotify)).hasSize(2_801);
        assertThat(arrived(OWN)).hasSize(1_300);
    }

    private String management(String path) {
        return RestClient.create().get().uri("http://localhost:" + management + path).retrieve().body(String.class);
    }
}

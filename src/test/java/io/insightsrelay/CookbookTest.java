package io.insightsrelay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.insightsrelay.routes.RouteReload;
import io.insightsrelay.spool.SpoolStore;
import io.insightsrelay.testing.Portal;
import io.insightsrelay.testing.TestServer;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.MessageDigest;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;
import org.apache.camel.CamelContext;
import org.apache.camel.test.spring.junit5.CamelSpringBootTest;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.test.context.DynamicPropertyRegistry;
import org.springframework.test.context.DynamicPropertySource;
import org.springframework.util.FileSystemUtils;

/** Every recipe of docs/cookbook, put into the routes folder of a running relay as an operator would. */
@CamelSpringBootTest
@SpringBootTest(webEnvironment = SpringBootTest.WebEnvironment.RANDOM_PORT,
        properties = {"backstage.baseUrl=http://localhost", "relay.stopDelay=0s", "relay.reloadInterval=50ms", "cookbook.userSalt=pepper"})
class CookbookTest {

    private static final Path RECIPES = Path.of("docs/cookbook");
    private static final Portal PORTAL = new Portal();
    private static final TestServer SPOTIFY = new TestServer();
    private static final ObjectMapper MAPPER = new ObjectMapper();
    private static final AtomicInteger MARKS = new AtomicInteger();
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    @TempDir
    static Path folder;
    @Autowired
    private SpoolStore store;
    @Autowired
    private RouteReload reload;
    @Autowired
    private CamelContext context;

    @DynamicPropertySource
    static void configure(DynamicPropertyRegistry properties) throws IOException {
        Path routes = folder.resolve("routes");
        FileSystemUtils.copyRecursively(Path.of("routes"), routes);
        PORTAL.add("component:default/petstore",
                "{'kind':'Component','metadata':{'namespace':'default','name':'petstore'},'spec':{'type':'service','owner':'group:default/payments'}}");
        properties.add("relay.port", TestServer::freePort);
        properties.add("relay.dataDir", () -> folder.resolve("data"));
        properties.add("relay.routesDir", routes::toString);
        properties.add("backstage.baseUrl", PORTAL::url);
        properties.add("backstage.token", () -> "catalog-token");
        properties.add("deliver.spotify.baseUrl", SPOTIFY::url);
        properties.add("deliver.spotify.apiToken", () -> "spotify-token");
        properties.add("deliver.batch.linger", () -> "50ms");
    }

    @AfterAll
    static void close() {
        PORTAL.close();
        SPOTIFY.close();
    }

    /** Puts the recipe in place of process.camel.yaml, and waits until it runs. */
    private void cook(String recipe) throws IOException {
        Instant before = reload.loadedAt("process-events");
        Path fresh = Files.copy(RECIPES.resolve(recipe + ".camel.yaml"), folder.resolve("fresh"), StandardCopyOption.REPLACE_EXISTING);
        Files.move(fresh, folder.resolve("routes/process.camel.yaml"), StandardCopyOption.ATOMIC_MOVE);
        await().atMost(PATIENCE).until(() -> {
            assertThat(reload.rejected()).isNull();
            return reload.loadedAt("process-events").isAfter(before);
        });
    }

    /** Has the relay take events, each given by the members of its envelope with single quotes; gives what arrives until the last does, by subject. */
    private Map<String, JsonNode> through(Map<String, String> eventsBySubject) {
        String mark = "mark-" + MARKS.incrementAndGet();
        List<byte[]> envelopes = new ArrayList<>();
        eventsBySubject.forEach((subject, members) -> envelopes.add(envelope(UUID.randomUUID().toString(), subject, members)));
        // one that every recipe lets through
        envelopes.add(envelope("01a20bc5-ebe6-777b-8070-2376b7d2b6e0", mark, "'event':{'action':'navigate','subject':'" + mark + "','context':{}}"));
        int before = SPOTIFY.requests().size();
        store.append(store.log("events"), envelopes).join();
        Map<String, JsonNode> arrived = new LinkedHashMap<>();
        await().atMost(PATIENCE).until(() -> {
            arrived.clear();
            SPOTIFY.requests().stream().skip(before).forEach(request -> arrived.put(read(request).path("subject").asText(), read(request)));
            return arrived.containsKey(mark) && store.ledgers().get("spotify").waiting() == 0;
        });
        arrived.remove(mark);
        return arrived;
    }

    private static byte[] envelope(String id, String subject, String members) {
        return ("{\"id\":\"" + id + "\",\"received\":\"" + Instant.now() + "\",\"kind\":\"agent\"," + members.replace('\'', '"').replace("SUBJECT", subject) + "}")
                .getBytes(StandardCharsets.UTF_8);
    }

    private static JsonNode read(TestServer.Request request) {
        try {
            return MAPPER.readTree(request.body());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void dropByPluginOrAction() throws IOException {
        cook("drop-by-plugin-or-action");
        Map<String, JsonNode> arrived = through(Map.of(
                "hovered", "'event':{'action':'hover','subject':'SUBJECT','context':{'pluginId':'catalog'}}",
                "unwanted", "'event':{'action':'click','subject':'SUBJECT','context':{'pluginId':'scaffolder-backend-test'}}",
                "wanted", "'event':{'action':'click','subject':'SUBJECT','context':{'pluginId':'catalog','entityRef':'component:default/petstore'}}"));
        assertThat(arrived).containsOnlyKeys("wanted");
        assertThat(arrived.get("wanted").at("/context/entity.spec.owner").asText()).as("what follows the recipe's step").isEqualTo("group:default/payments");
    }

    @Test
    void sample() throws IOException {
        cook("sample");
        Map<String, String> events = new LinkedHashMap<>();
        for (int i = 0; i < 400; i++) {
            events.put("s" + i, "'event':{'action':'click','subject':'SUBJECT','context':{}}");
        }
        // a quarter of 400; seven standard deviations either way
        assertThat(through(events).size()).isBetween(40, 160);
    }

    @Test
    void dropBots() throws IOException {
        cook("drop-bots");
        String event = ",'event':{'action':'click','subject':'SUBJECT','context':{}}";
        assertThat(through(Map.of(
                "synthetic", "'user':'user:default/synthetic-7'" + event,
                "crawler", "'headers':{'user-agent':'Mozilla/5.0 (compatible; Googlebot/2.1)'}" + event,
                "person", "'user':'user:default/jane','headers':{'user-agent':'Mozilla/5.0 (X11)'}" + event,
                "nobody", "'headers':{}" + event))).containsOnlyKeys("person", "nobody");
    }

    @Test
    void addAttribute() throws IOException {
        cook("add-attribute");
        Map<String, JsonNode> arrived = through(Map.of(
                "without", "'event':{'action':'click','subject':'SUBJECT','context':{}}",
                "with", "'event':{'action':'click','subject':'SUBJECT','attributes':{'a':1},'context':{}}"));
        assertThat(arrived.get("without").path("attributes").toString()).isEqualTo("{\"portal\":\"north\"}");
        assertThat(arrived.get("with").path("attributes").toString()).isEqualTo("{\"a\":1,\"portal\":\"north\"}");
    }

    @Test
    void renameField() throws IOException {
        cook("rename-field");
        Map<String, JsonNode> arrived = through(Map.of(
                "search", "'event':{'action':'search','subject':'SUBJECT','attributes':{'query':'it''s, (a) b','n':2},'context':{}}".replace("''", "\\u0027"),
                "other", "'event':{'action':'click','subject':'SUBJECT','context':{}}"));
        assertThat(arrived.get("search").path("attributes").toString()).isEqualTo("{\"n\":2,\"searchTerm\":\"it's, (a) b\"}");
        assertThat(arrived.get("other").has("attributes")).isFalse();
    }

    @Test
    void hashUser() throws Exception {
        cook("hash-user");
        String event = "'event':{'action':'click','subject':'SUBJECT','context':{}}";
        Map<String, JsonNode> arrived = through(Map.of("jane", "'user':'user:default/jane'," + event, "nobody", event));
        String hash = HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest("pepperuser:default/jane".getBytes(StandardCharsets.UTF_8)));
        assertThat(arrived.get("jane").at("/context/userHash").asText()).isEqualTo(hash);
        assertThat(arrived.get("nobody").at("/context").has("userHash")).isFalse();
    }

    @Test
    void routeByOrigin() throws IOException {
        try (TestServer own = new TestServer()) {
            cook("route-by-origin");
            Path destination = folder.resolve("routes/http-batch.camel.yaml");
            Files.writeString(destination, Files.readString(Path.of("routes/destinations/http-batch.camel.yaml")).replaceAll("\\{\\{env:EVENTS_URL:[^}]*}}", own.url() + "/events"));
            await().atMost(PATIENCE).until(() -> store.ledgers().containsKey("http-batch"));
            Map<String, JsonNode> arrived = through(Map.of(
                    "north", "'event':{'action':'click','subject':'SUBJECT','context':{'_origin':'https://north.example.com'}}",
                    "south", "'event':{'action':'click','subject':'SUBJECT','context':{'_origin':'https://south.example.com'}}",
                    "nowhere", "'event':{'action':'click','subject':'SUBJECT','context':{}}"));
            assertThat(arrived).containsOnlyKeys("south", "nowhere");
            await().atMost(PATIENCE).until(() -> !own.requests().isEmpty() && store.ledgers().get("http-batch").waiting() == 0);
            assertThat(own.requests()).hasSize(1).allSatisfy(request -> {
                JsonNode batch = MAPPER.readTree(new GZIPInputStream(new ByteArrayInputStream(request.body())));
                assertThat(batch).hasSize(1);
                assertThat(batch.at("/0/event/subject").asText()).isEqualTo("north");
            });
            Files.delete(destination);
            await().atMost(PATIENCE).until(() -> reload.rejected() == null && context.getRoute("take-batches-for-http-batch") == null);
        }
    }

    @Test
    void everyRecipeIsTestedAndInTheBook() throws IOException {
        String book = Files.readString(Path.of("docs/cookbook.md"));
        List<String> tests = Stream.of(CookbookTest.class.getDeclaredMethods()).map(method -> method.getName().toLowerCase(java.util.Locale.ROOT)).toList();
        try (Stream<Path> recipes = Files.list(RECIPES)) {
            assertThat(recipes.toList()).isNotEmpty().allSatisfy(recipe -> {
                String name = recipe.getFileName().toString().replace(".camel.yaml", "");
                assertThat(tests).contains(name.replace("-", ""));
                assertThat(book).contains("cookbook/" + name + ".camel.yaml");
            });
        }
    }
}

package io.insightsrelay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.insightsrelay.routes.RouteReload;
import io.insightsrelay.spool.SpoolStore;
import io.insightsrelay.testing.Neighbours;
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

/** Every recipe of docs/cookbook, put into the routes folder of a running relay as an operator would. */
@CamelSpringBootTest
@SpringBootTest(webEnvironment = SpringBootTest.WebEnvironment.RANDOM_PORT,
        properties = {"backstage.baseUrl=http://localhost", "relay.stopDelay=0s", "relay.reloadInterval=50ms", "cookbook.userSalt=pepper"})
class CookbookTest {

    private static final Path RECIPES = Path.of("docs/cookbook");
    private static final Neighbours NEIGHBOURS = new Neighbours();
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
    static void configure(DynamicPropertyRegistry properties) {
        NEIGHBOURS.portal.add("component:default/hr", "{'kind':'Component','metadata':{'namespace':'default','name':'hr','tags':['people','java']},"
                + "'spec':{'type':'EMP-123456','lifecycle':'jane@example.com','system':'payroll'}}");
        NEIGHBOURS.portal.add("user:default/jane", "{'kind':'User','metadata':{'namespace':'default','name':'jane','annotations':{'example.com/site':'Oslo'}}}");
        NEIGHBOURS.configure(properties, folder);
    }

    @AfterAll
    static void close() {
        NEIGHBOURS.close();
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
        int before = NEIGHBOURS.spotify.requests().size();
        store.append(store.log("events"), envelopes).join();
        Map<String, JsonNode> arrived = new LinkedHashMap<>();
        await().atMost(PATIENCE).until(() -> {
            arrived.clear();
            NEIGHBOURS.spotify.requests().stream().skip(before).forEach(request -> arrived.put(read(request).path("subject").asText(), read(request)));
            return arrived.containsKey(mark) && store.ledgers().get("spotify").waiting() == 0;
        });
        arrived.remove(mark);
        return arrived;
    }

    private static byte[] envelope(String id, String subject, String members) {
        return ("{\"id\":\"" + id + (members.contains("'received'") ? "" : "\",\"received\":\"" + Instant.now()) + "\",\"kind\":\"agent\"," + members.replace('\'', '"').replace("SUBJECT", subject) + "}")
                .getBytes(StandardCharsets.UTF_8);
    }

    private static JsonNode read(TestServer.Request request) {
        try {
            return MAPPER.readTree(request.body());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static JsonNode batch(TestServer.Request request) throws IOException {
        return MAPPER.readTree(new GZIPInputStream(new ByteArrayInputStream(request.body())));
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
    void debounceSearch() throws IOException {
        cook("debounce-search");
        Map<String, String> events = new LinkedHashMap<>();
        String search = "'event':{'action':'search','subject':'SUBJECT','context':{}}";
        String jane = "'user':'user:default/jane',";
        events.put("a", "'received':'" + Instant.now().minusSeconds(60) + "'," + jane + search);
        events.put("ap", jane + search);
        events.put("p", jane + search);
        events.put("pet", jane + search);
        events.put("pets", "'user':'user:default/joe'," + search);
        events.put("petst", jane + search.replace("search", "click"));
        events.put("petsto", jane + search);
        events.put("petstore", jane + search);
        events.put("zebra", jane + search);
        events.put("n", search);
        events.put("no", search);
        events.put("s", search.replace("{}", "{'sessionId':'one'}"));
        events.put("se", search.replace("{}", "{'sessionId':'two'}"));
        events.put("sea", search.replace("{}", "{'sessionId':'one'}"));
        // long ago, somebody else's or another session's, no search, no longer the same, of nobody
        assertThat(through(events)).containsOnlyKeys("a", "ap", "pets", "petst", "petstore", "zebra", "n", "no", "se", "sea");
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
            Path destination = switchOnHttpBatch(own);
            Map<String, JsonNode> arrived = through(Map.of(
                    "north", "'event':{'action':'click','subject':'SUBJECT','context':{'_origin':'https://north.example.com'}}",
                    "south", "'event':{'action':'click','subject':'SUBJECT','context':{'_origin':'https://south.example.com'}}",
                    "nowhere", "'event':{'action':'click','subject':'SUBJECT','context':{}}"));
            assertThat(arrived).containsOnlyKeys("south", "nowhere");
            await().atMost(PATIENCE).until(() -> !own.requests().isEmpty() && store.ledgers().get("http-batch").waiting() == 0);
            assertThat(own.requests()).hasSize(1).allSatisfy(request -> {
                JsonNode batch = batch(request);
                assertThat(batch).hasSize(1);
                assertThat(batch.at("/0/event/subject").asText()).isEqualTo("north");
            });
            switchOff(destination);
        }
    }

    private Path switchOnHttpBatch(TestServer receiver) throws IOException {
        Path destination = folder.resolve("routes/http-batch.camel.yaml");
        Files.writeString(destination, Files.readString(Path.of("routes/destinations/http-batch.camel.yaml"))
                .replaceAll("\\{\\{env:EVENTS_URL:[^}]*}}", receiver.url() + "/events"));
        await().atMost(PATIENCE).until(() -> context.getRoute("take-batches-for-http-batch") != null && store.ledgers().containsKey("http-batch"));
        return destination;
    }

    private void switchOff(Path destination) throws IOException {
        Files.delete(destination);
        await().atMost(PATIENCE).until(() -> reload.rejected() == null && context.getRoute("take-batches-for-http-batch") == null);
    }

    @Test
    void captureEntityField() throws IOException {
        String event = "'user':'user:default/jane','event':{'action':'click','subject':'SUBJECT','context':{'entityRef':'component:default/hr'}}";
        // the catalog's answer is remembered without the further fields
        assertThat(through(Map.of("before", event)).get("before").path("context").has("entity.spec.system")).isFalse();
        cook("capture-entity-field");
        JsonNode context = through(Map.of("after", event)).get("after").path("context");
        assertThat(context.path("entity.metadata.tags.1").asText()).isEqualTo("java");
        assertThat(context.path("entity.spec.system").asText()).isEqualTo("payroll");
        assertThat(context.path("user.metadata.annotations.example.com/site").asText()).isEqualTo("Oslo");
        assertThat(context.path("entity.kind").asText()).as("what application.yaml captures").isEqualTo("Component");
    }

    @Test
    void swapRedactionRules() throws IOException {
        try (TestServer own = new TestServer()) {
            cook("swap-redaction-rules");
            Path destination = switchOnHttpBatch(own);
            JsonNode spotify = through(Map.of("person", "'event':{'action':'click','subject':'SUBJECT','context':{'entityRef':'component:default/hr'}}")).get("person");
            assertThat(spotify.at("/context/entity.spec.type").asText()).isEqualTo("EMP-123456");
            assertThat(spotify.at("/context/entity.spec.lifecycle").asText()).isEqualTo("[redacted]");
            await().atMost(PATIENCE).untilAsserted(() -> assertThat(own.requests()).anySatisfy(request -> assertThat(batch(request)).anySatisfy(event -> {
                assertThat(event.at("/event/subject").asText()).isEqualTo("person");
                assertThat(event.at("/event/context/entity.spec.type").asText()).isEqualTo("***");
                assertThat(event.at("/event/context/entity.spec.lifecycle").asText()).isEqualTo("jane@example.com");
            })));
            switchOff(destination);
        }
    }

    @Test
    void everyRecipeIsTestedAndInTheBook() throws IOException {
        String book = Files.readString(Path.of("docs/cookbook.md"));
        List<String> tests = Stream.of(CookbookTest.class, ReplayDayTest.class).flatMap(type -> Stream.of(type.getDeclaredMethods()))
                .map(method -> method.getName().toLowerCase(java.util.Locale.ROOT)).toList();
        try (Stream<Path> recipes = Files.list(RECIPES)) {
            assertThat(recipes.toList()).isNotEmpty().allSatisfy(recipe -> {
                String name = recipe.getFileName().toString().replace(".camel.yaml", "");
                assertThat(tests).contains(name.replace("-", ""));
                assertThat(book).contains("cookbook/" + name + ".camel.yaml");
            });
        }
    }
}

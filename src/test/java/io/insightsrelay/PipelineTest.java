package io.insightsrelay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.insightsrelay.spool.SpoolStore;
import io.insightsrelay.testing.Portal;
import io.insightsrelay.testing.TestServer;
import io.micrometer.core.instrument.MeterRegistry;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.zip.GZIPOutputStream;
import org.apache.camel.test.spring.junit5.CamelSpringBootTest;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.test.context.DynamicPropertyRegistry;
import org.springframework.test.context.DynamicPropertySource;

/** The routes as they ship, over real HTTP on both sides and a real spool on disk. */
@CamelSpringBootTest
// something has to be configured before the dynamic properties are there, or else this is sandbox mode
@SpringBootTest(webEnvironment = SpringBootTest.WebEnvironment.DEFINED_PORT, properties = {"backstage.baseUrl=http://localhost", "relay.stopDelay=0s"})
class PipelineTest {

    @TempDir
    static Path data;
    private static final int PORT = TestServer.freePort();
    private static final int MANAGEMENT_PORT = TestServer.freePort();
    private static final Portal PORTAL = new Portal();
    private static final TestServer SPOTIFY = new TestServer();
    private static final ObjectMapper MAPPER = new ObjectMapper();
    private static final HttpClient HTTP = HttpClient.newHttpClient();

    @Autowired
    private SpoolStore store;
    @Autowired
    private MeterRegistry metrics;

    @DynamicPropertySource
    static void configure(DynamicPropertyRegistry properties) {
        PORTAL.add("component:default/petstore", """
                {'kind':'Component','metadata':{'namespace':'default','name':'PetStore','annotations':{
                 'example.com/cost':'x','example.com/cost.center':'cc-7','example.com/contact':'jane.doe@example.com'}},
                 'spec':{'type':'service','lifecycle':'production','owner':'group:default/payments'},'relations':[]}""");
        PORTAL.add("user:default/jane.doe", """
                {'kind':'User','metadata':{'namespace':'default','name':'Jane.Doe'},
                 'spec':{'profile':{'displayName':'Jane Doe','email':'jane.doe@example.com','picture':'https://example.com/jane.png'}},
                 'relations':[{'type':'memberOf','targetRef':'group:default/squad'}]}""");
        PORTAL.add("group:default/squad", """
                {'kind':'Group','metadata':{'namespace':'default','name':'squad'},'spec':{'type':'squad'},
                 'relations':[{'type':'childOf','targetRef':'group:default/payments'}]}""");
        PORTAL.add("group:default/payments", """
                {'kind':'Group','metadata':{'namespace':'default','name':'payments','annotations':{'example.com/insights':'true'}},
                 'spec':{'type':'team'},'relations':[]}""");
        properties.add("relay.port", () -> PORT);
        properties.add("server.port", () -> MANAGEMENT_PORT);
        properties.add("relay.dataDir", () -> data.resolve("data"));
        properties.add("backstage.baseUrl", PORTAL::url);
        properties.add("backstage.token", () -> "catalog-token");
        properties.add("deliver.spotify.baseUrl", () -> SPOTIFY.url() + "/insights");
        properties.add("deliver.spotify.apiToken", () -> "spotify-token");
        properties.add("deliver.batch.linger", () -> "20ms");
        properties.add("deliver.retry.firstBackoff", () -> "20ms");
        properties.add("deliver.retry.maxBackoff", () -> "100ms");
        properties.add("deliver.retry.delay", () -> "200ms");
        properties.add("deliver.retry.pause", () -> "200ms");
        properties.add("deliver.retry.maxAttempts", () -> "2");
        properties.add("backstageInsights.captureEntityFields", () -> "metadata.annotations.example.com/cost.center");
        properties.add("backstageInsights.captureIdentityFields", () -> "spec.profile");
        properties.add("backstageInsights.captureIdentityGroupsFilter.metadata.annotations.example.com/insights", () -> true);
        properties.add("redact.sent.salt", () -> "pepper");
        properties.add("auth.staticTokens[0].token", () -> "static-ingest-token");
        properties.add("auth.staticTokens[0].subject", () -> "service:default/importer");
    }

    @BeforeEach
    void allIsWell() {
        SPOTIFY.behave(request -> TestServer.status(200));
        PORTAL.catalogTrouble(request -> null);
    }

    @AfterAll
    static void close() {
        PORTAL.close();
        SPOTIFY.close();
    }

    private static HttpRequest.Builder post(String path, byte[] body) {
        return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + PORT + path)).header("Content-Type", "application/json")
                .POST(BodyPublishers.ofByteArray(body)).timeout(Duration.ofSeconds(20));
    }

    private static HttpRequest.Builder post(String path, String body) {
        return post(path, body.getBytes(StandardCharsets.UTF_8));
    }

    private static HttpResponse<String> send(HttpRequest.Builder request) {
        try {
            return HTTP.send(request.build(), BodyHandlers.ofString());
        } catch (IOException e) {
            throw new IllegalStateException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    private static JsonNode manage(String method, String path) {
        HttpResponse<String> answer = send(HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + MANAGEMENT_PORT + path))
                .method(method, BodyPublishers.noBody()));
        assertThat(answer.statusCode()).as(answer.body()).isLessThan(300);
        try {
            return MAPPER.readTree(answer.body());
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    /** What Spotify got with that mark in it. */
    private static List<TestServer.Request> received(String mark) {
        return SPOTIFY.requests().stream().filter(request -> request.text().contains(mark)).toList();
    }

    private static TestServer.Request awaitReceived(String mark) {
        await().atMost(Duration.ofSeconds(20)).until(() -> !received(mark).isEmpty());
        return received(mark).get(0);
    }

    private static String mark() {
        return "mark" + UUID.randomUUID().toString().replace("-", "");
    }

    private static String event(String mark) {
        return "{\"action\":\"click\",\"subject\":\"" + mark + "\"}";
    }

    @Test
    void anEventOfAUserArrivesEnrichedFilteredAndRedacted() {
        String mark = mark();
        HttpResponse<String> answer = send(post("/api/backstage-insights/events/app", """
                {"action":"navigate","subject":"%s","value":1.50,"attributes":{"to":["a","b & c"],"none":null},"unknown":true,
                 "context":{"pluginId":"catalog","entityRef":"Component:default/PetStore","_origin":"https://portal.example.com"}}""".formatted(mark))
                .header("Authorization", "Bearer " + PORTAL.userToken("user:default/Jane.Doe"))
                .header("User-Agent", "Firefox").header("Accept-Language", "de-CH").header("Cookie", "session=secret").header("CamelHttpPath", "/evil"));
        assertThat(answer.statusCode()).isEqualTo(202);
        assertThat(answer.body()).isEqualTo("{\"accepted\":1}");
        assertThat(answer.headers().map()).doesNotContainKeys("authorization", "cookie", "user-agent");

        TestServer.Request sent = awaitReceived(mark);
        assertThat(sent.method()).isEqualTo("POST");
        assertThat(sent.path()).isEqualTo("/insights/v1/capture/app");
        assertThat(sent.header("Content-Type")).isEqualTo("application/x-www-form-urlencoded");
        assertThat(sent.header("Authorization")).isEqualTo("Bearer spotify-token");
        assertThat(sent.header("User-Agent")).isEqualTo("Firefox");
        assertThat(sent.header("Accept-Language")).isEqualTo("de-CH");
        assertThat(sent.header("Referer")).isEqualTo("https://portal.example.com");
        assertThat(sent.headers()).doesNotContainKeys("Cookie", "Camelhttppath");
        assertThat(sent.form()).containsEntry("action", "navigate").containsEntry("subject", mark).containsEntry("value", "1.50")
                .containsEntry("attributes[to][0]", "a").containsEntry("attributes[to][1]", "b & c").containsEntry("attributes[none]", "")
                .containsEntry("unknown", "true").containsEntry("context[entityRef]", "Component:default/PetStore")
                .containsEntry("context[entity.kind]", "Component").containsEntry("context[entity.metadata.namespace]", "default")
                .containsEntry("context[entity.spec.type]", "service").containsEntry("context[entity.spec.lifecycle]", "production")
                .containsEntry("context[entity.spec.owner]", "group:default/payments")
                .containsEntry("context[entity.metadata.annotations.example.com/cost.center]", "cc-7")
                .containsEntry("context[user.metadata.namespace]", "default")
                .containsEntry("context[user.spec.memberOf.0]", "group:default/payments")
                .doesNotContainKeys("context[_origin]", "context[user.spec.memberOf.1]");
        assertThat(sent.text()).doesNotContainIgnoringCase("jane").doesNotContain("Doe", "%40example.com");
    }

    @Test
    void anAnonymousEventAboutAnUnknownEntityGoesOnWithoutThem() {
        String mark = mark();
        assertThat(send(post("/api/backstage-insights/events/app",
                "{\"action\":\"x\",\"subject\":\"" + mark + "\",\"context\":{\"entityRef\":\"component:default/nobody-knows\"}}")).statusCode()).isEqualTo(202);
        assertThat(awaitReceived(mark).form()).containsOnlyKeys("action", "subject", "context[entityRef]");
    }

    @Test
    void agentEventsGoOutAsJson() throws Exception {
        String mark = mark();
        assertThat(send(post("/api/backstage-insights/events/agent", "{\"tool\":\"" + mark + "\",\"context\":{\"a\":\"b\"}}")
                .header("Authorization", "Bearer static-ingest-token")).statusCode()).isEqualTo(202);
        TestServer.Request sent = awaitReceived(mark);
        assertThat(sent.path()).isEqualTo("/insights/v1/capture/agent");
        assertThat(sent.header("Content-Type")).isEqualTo("application/json");
        assertThat(MAPPER.readTree(sent.text())).isEqualTo(MAPPER.readTree("{\"tool\":\"" + mark + "\",\"context\":{\"a\":\"b\"}}"));
    }

    @Test
    void agentEventsKeepTheirNumbersAndTheHalfOfACutEmoji() {
        String mark = mark();
        String event = "{\"tool\":\"" + mark + "\",\"n\":12345678901234567890.10,\"title\":\"\\ud83d\"}";
        send(post("/api/backstage-insights/events/agent", event).header("Authorization", "Bearer static-ingest-token"));
        assertThat(awaitReceived(mark).text()).isEqualToIgnoringCase(event);
    }

    @Test
    void batchesAreTakenAsAnArrayAsLinesAndZipped() throws Exception {
        String[] marks = {mark(), mark(), mark(), mark()};
        assertThat(send(post("/v1/events", "[" + event(marks[0]) + "," + event(marks[1]) + "]").header("Authorization", "Bearer static-ingest-token")).body())
                .isEqualTo("{\"accepted\":2}");
        assertThat(send(post("/v1/events", event(marks[2]) + "\n").setHeader("Content-Type", "application/x-ndjson")
                .header("Authorization", "Bearer static-ingest-token")).body()).isEqualTo("{\"accepted\":1}");
        ByteArrayOutputStream zipped = new ByteArrayOutputStream();
        try (OutputStream gzip = new GZIPOutputStream(zipped)) {
            gzip.write(event(marks[3]).getBytes(StandardCharsets.UTF_8));
        }
        assertThat(send(post("/v1/events", zipped.toByteArray()).header("Content-Encoding", "gzip")
                .header("Authorization", "Bearer static-ingest-token")).body()).isEqualTo("{\"accepted\":1}");
        for (String mark : marks) {
            awaitReceived(mark);
        }
    }

    @Test
    void everyClientsEventArrivesInBackstagesShape() {
        String[] marks = {mark(), mark(), mark()};
        String envelope = """
                [{"event":{"action":"click","subject":"%s","context":{"pluginId":"catalog"}},"timestamp":"2026-03-02T09:14:55.120Z","sessionId":"s1"}]""".formatted(marks[0]);
        String flat = """
                [{"action":"click","subject":"%s","pluginId":"techdocs","pathname":"/docs","sessionId":"s2"}]""".formatted(marks[1]);
        String beacon = """
                {"action":"click","subject":"%s","context":{"pluginId":"search"}}""".formatted(marks[2]);
        for (String body : List.of(envelope, flat, beacon)) {
            // as navigator.sendBeacon sends text
            assertThat(send(post("/v1/events", body).setHeader("Content-Type", "text/plain;charset=UTF-8").header("Authorization", "Bearer static-ingest-token")).body())
                    .isEqualTo("{\"accepted\":1}");
        }
        assertThat(awaitReceived(marks[0]).form()).isEqualTo(Map.of("action", "click", "subject", marks[0], "context[pluginId]", "catalog",
                "context[timestamp]", "2026-03-02T09:14:55.120Z", "context[sessionId]", "s1"));
        assertThat(awaitReceived(marks[1]).form()).isEqualTo(Map.of("action", "click", "subject", marks[1], "context[pluginId]", "techdocs",
                "context[pathname]", "/docs", "context[sessionId]", "s2"));
        assertThat(awaitReceived(marks[2]).form()).isEqualTo(Map.of("action", "click", "subject", marks[2], "context[pluginId]", "search"));
    }

    @Test
    void personalDataThatOtherClientsSendStaysHereAndThatOfInsightsIsItsOwn() {
        String mark = mark();
        send(post("/v1/events", """
                [{"event":{"action":"search","subject":"%s","attributes":{"query":"jane@example.com"},"context":{"pluginId":"search"}},"user":"user:default/jane",
                "teamMetadata":{"kind":"User","metadata":{"name":"jane"},"spec":{"profile":{"email":"jane@example.com"}}}}]""".formatted(mark))
                .header("Authorization", "Bearer static-ingest-token"));
        // printf 'user:default/jane' | openssl dgst -sha256 -hmac pepper
        assertThat(awaitReceived(mark).form()).isEqualTo(Map.of("action", "search", "subject", mark, "attributes[query]", "[redacted]", "context[pluginId]", "search",
                "context[user]", "f0f057336a21866b517e70edfecf5960df686cc04223b5c291ddf2b3a67caf91"));
        String other = mark();
        send(post("/api/backstage-insights/events/app", "{\"action\":\"search\",\"subject\":\"" + other + "\",\"query\":\"jane@example.com\"}"));
        assertThat(awaitReceived(other).form()).isEqualTo(Map.of("action", "search", "subject", other, "query", "jane@example.com"));
    }

    @Test
    void whatIsSentAgainIsAcceptedAndNotStoredAgain() {
        String[] marks = {mark(), mark()};
        String one = "{\"id\":\"%s\",\"action\":\"click\",\"subject\":\"%s\"}".formatted(UUID.randomUUID(), marks[0]);
        String both = "[" + one + "," + "{\"id\":\"%s\",\"action\":\"click\",\"subject\":\"%s\"}".formatted(UUID.randomUUID(), marks[1]) + "]";
        assertThat(send(post("/v1/events", one).header("Authorization", "Bearer static-ingest-token")).body()).isEqualTo("{\"accepted\":1}");
        for (int repeated : List.of(1, 2)) {
            HttpResponse<String> answer = send(post("/v1/events", both).header("Authorization", "Bearer static-ingest-token"));
            assertThat(answer.statusCode()).isEqualTo(202);
            assertThat(answer.body()).isEqualTo("{\"accepted\":2,\"repeated\":" + repeated + "}");
        }
        // another caller's event is another event
        assertThat(send(post("/api/backstage-insights/events/app", one)).body()).isEqualTo("{\"accepted\":1}");

        String keyed = mark();
        assertThat(send(post("/api/backstage-insights/events/app", event(keyed)).header("Idempotency-Key", "\"a key\"")).body()).isEqualTo("{\"accepted\":1}");
        assertThat(send(post("/api/backstage-insights/events/app", event(keyed)).header("Idempotency-Key", "a key")).body()).isEqualTo("{\"accepted\":1,\"repeated\":1}");
        assertThat(send(post("/api/backstage-insights/events/app", event(keyed)).header("Idempotency-Key", "k".repeat(256))).statusCode()).isEqualTo(400);
        await().until(() -> store.logStates().stream().allMatch(log -> log.waiting("spotify") == 0));
        assertThat(received(marks[0])).hasSize(2);
        assertThat(received(marks[1])).hasSize(1);
        assertThat(received(keyed)).hasSize(1);
        assertThat(metrics.counter("relay.events.repeated").count()).isEqualTo(4);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', value = {
        "/v1/events                            | [{},1]      | application/json         | 400 | InputError                | event 1",
        "/v1/events                            | {\"action\":\"a\"} {} | application/json | 400 | InputError                | follows",
        "/v1/events                            | {}          | application/xml          | 415 | UnsupportedMediaTypeError | allowed are application/json",
        "/v1/events                            | {}          | application/json; charset=latin1 | 415 | UnsupportedMediaTypeError | UTF-8",
        "/api/backstage-insights/events/app    | [{}]        | application/json         | 400 | InputError                | JSON object",
        "/api/backstage-insights/events/app    | {\"a\":1,\"a\":2} | application/json   | 400 | InputError                | Duplicate",
        "/api/backstage-insights/events/app    | {}          | application/x-www-form-urlencoded | 415 | UnsupportedMediaTypeError | application/json",
        "/nowhere                              | {}          | application/json         | 404 | NotFoundError             | /nowhere",
        "/api/backstage-insights/health        | {}          | application/json         | 405 | MethodNotAllowedError     | POST",
    })
    void badRequestsAreAnsweredInJson(String path, String body, String type, int status, String name, String message) throws Exception {
        HttpResponse<String> answer = send(post(path, body).setHeader("Content-Type", type).header("Authorization", "Bearer static-ingest-token"));
        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(status);
        JsonNode error = MAPPER.readTree(answer.body()).path("error");
        assertThat(error.path("name").asText()).isEqualTo(name);
        assertThat(error.path("message").asText()).contains(message);
    }

    @Test
    void whatIsTooLargeIs413PlainOrZipped() throws Exception {
        byte[] large = ("{\"a\":\"" + "x".repeat(300_000) + "\"}").getBytes(StandardCharsets.UTF_8);
        HttpResponse<String> answer = send(post("/api/backstage-insights/events/app", large));
        assertThat(answer.statusCode()).isEqualTo(413);
        assertThat(MAPPER.readTree(answer.body()).at("/error/name").asText()).isEqualTo("PayloadTooLargeError");
        ByteArrayOutputStream zipped = new ByteArrayOutputStream();
        try (OutputStream gzip = new GZIPOutputStream(zipped)) {
            gzip.write(large);
        }
        assertThat(send(post("/api/backstage-insights/events/app", zipped.toByteArray()).header("Content-Encoding", "gzip")).statusCode()).isEqualTo(413);
    }

    @Test
    void callersWithoutATokenThatIsValidAreRefused() throws Exception {
        for (HttpRequest.Builder request : List.of(
                post("/v1/events", "{}"), post("/api/backstage-insights/events/agent", "{}"),
                post("/api/backstage-insights/events/app", "{}").header("Authorization", "Bearer nonsense"),
                post("/api/backstage-insights/events/app", "{}").header("Authorization", "Basic abc"),
                HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + PORT + "/api/backstage-insights/catalog/total-users")))) {
            HttpResponse<String> answer = send(request);
            assertThat(answer.statusCode()).as(answer.body()).isEqualTo(401);
            assertThat(MAPPER.readTree(answer.body()).at("/error/name").asText()).isEqualTo("AuthenticationError");
        }
    }

    @Test
    void aRefusedEventIsADeadLetterTheOthersArriveAndAReplayDeliversIt() {
        String bad = mark();
        String good = mark();
        SPOTIFY.behave(request -> TestServer.status(request.text().contains(bad) ? 400 : 200));
        send(post("/v1/events", "[" + event(bad) + "," + event(good) + "]").header("Authorization", "Bearer static-ingest-token"));
        awaitReceived(good);
        await().until(() -> manage("GET", "/management/dead-letters").path("deadLetters").size() == 1);
        JsonNode letter = manage("GET", "/management/dead-letters").path("deadLetters").get(0);
        assertThat(letter.path("status").asInt()).isEqualTo(400);
        assertThat(letter.path("destination").asText()).isEqualTo("spotify");
        String id = letter.path("id").asText();
        assertThat(manage("GET", "/management/dead-letters/" + id).at("/envelope/event/subject").asText()).isEqualTo(bad);
        SPOTIFY.behave(request -> TestServer.status(200));
        int before = received(bad).size();
        manage("POST", "/management/dead-letters/" + id + "/replay");
        await().atMost(Duration.ofSeconds(20)).until(() -> received(bad).size() == before + 1);
        assertThat(received(bad).get(before).header("Idempotency-Key")).isEqualTo(id).isEqualTo(received(bad).get(0).header("Idempotency-Key"));
        await().until(() -> manage("GET", "/management/dead-letters").path("total").asInt() == 0);
    }

    @Test
    void anEventWhoseConnectionIsAlwaysResetIsADeadLetterAndTheOthersArriveOnce() {
        String bad = mark();
        String good = mark();
        SPOTIFY.behave(request -> request.text().contains(bad) ? TestServer.hangUp() : TestServer.status(200));
        send(post("/v1/events", "[" + event(bad) + "," + event(good) + "]").header("Authorization", "Bearer static-ingest-token"));
        awaitReceived(good);
        // evidence that the destination is well comes from others
        await().atMost(Duration.ofSeconds(30)).until(() -> {
            send(post("/v1/events", event("keepsGoing")).header("Authorization", "Bearer static-ingest-token"));
            return manage("GET", "/management/dead-letters").path("total").asInt() == 1;
        });
        assertThat(received(good)).hasSize(1);
        assertThat(manage("DELETE", "/management/dead-letters?destination=spotify").path("deleted").asInt()).isEqualTo(1);
    }

    @Test
    void anOutageOfSpotifyIsWaiting() {
        String mark = mark();
        SPOTIFY.behave(request -> TestServer.status(503));
        assertThat(send(post("/api/backstage-insights/events/app", event(mark))).statusCode()).isEqualTo(202);
        await().until(() -> received(mark).size() > 1);
        await().until(() -> manage("GET", "/actuator/health").path("status").asText().equals("DEGRADED"));
        assertThat(manage("GET", "/actuator/health").at("/components/destinations/details/spotify/reason").asText()).contains("503");
        manage("GET", "/actuator/health/readiness");
        SPOTIFY.behave(request -> TestServer.status(200));
        await().until(() -> manage("GET", "/actuator/health").path("status").asText().equals("UP"));
        await().until(() -> store.logStates().stream().allMatch(log -> log.waiting("spotify") == 0));
        assertThat(manage("GET", "/management/dead-letters").path("total").asInt()).isZero();
    }

    @Test
    void refusedCredentialsPauseAndNothingIsADeadLetter() {
        String mark = mark();
        SPOTIFY.behave(request -> TestServer.status(401));
        send(post("/api/backstage-insights/events/app", event(mark)));
        await().until(() -> manage("GET", "/actuator/health").at("/components/destinations/details/spotify/state").asText().equals("PAUSED"));
        SPOTIFY.behave(request -> TestServer.status(200));
        await().atMost(Duration.ofSeconds(20)).until(() -> manage("GET", "/actuator/health").path("status").asText().equals("UP"));
        await().until(() -> store.logStates().stream().allMatch(log -> log.waiting("spotify") == 0));
        assertThat(manage("GET", "/management/dead-letters").path("total").asInt()).isZero();
    }

    @Test
    void anOutageOfTheCatalogIsWaitingAndHealthNamesIt() {
        String mark = mark();
        PORTAL.catalogTrouble(request -> request.path().endsWith("by-refs") ? TestServer.status(500) : null);
        send(post("/api/backstage-insights/events/app", "{\"action\":\"x\",\"subject\":\"" + mark + "\",\"context\":{\"entityRef\":\"component:other/" + mark + "\"}}"));
        await().until(() -> manage("GET", "/actuator/health").at("/components/destinations/details/spotify/reason").asText().contains("catalog"));
        assertThat(received(mark)).isEmpty();
        PORTAL.catalogTrouble(request -> null);
        awaitReceived(mark);
    }

    @Test
    void aBatchAsksTheCatalogOnceAndTheNextNotAtAll() {
        String mark = mark();
        PORTAL.add("component:default/" + mark, "{'kind':'Component','metadata':{'namespace':'default','name':'" + mark + "'},'spec':{'type':'website'}}");
        String event = "{\"action\":\"x\",\"subject\":\"" + mark + "\",\"context\":{\"entityRef\":\"component:default/" + mark + "\"}}";
        long before = PORTAL.lookUps();
        send(post("/v1/events", "[" + String.join(",", event, event, event) + "]").header("Authorization", "Bearer static-ingest-token"));
        await().until(() -> received(mark).size() == 3);
        assertThat(PORTAL.lookUps() - before).isEqualTo(1);
        send(post("/v1/events", event).header("Authorization", "Bearer static-ingest-token"));
        await().until(() -> received(mark).size() == 4);
        assertThat(PORTAL.lookUps() - before).isEqualTo(1);
        assertThat(received(mark)).allSatisfy(sent -> assertThat(sent.form()).containsEntry("context[entity.spec.type]", "website"));
    }

    @Test
    void totalUsersAndHealthAreAnswered() {
        HttpResponse<String> users = send(HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + PORT + "/api/backstage-insights/catalog/total-users"))
                .header("Authorization", "Bearer " + PORTAL.userToken("user:default/jane.doe")));
        assertThat(users.body()).isEqualTo("{\"count\":1}");
        assertThat(users.headers().map()).doesNotContainKey("authorization");
        HttpResponse<String> health = send(HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + PORT + "/api/backstage-insights/health")));
        assertThat(health.body()).isEqualTo("{\"status\":\"ok\"}");
    }

    @Test
    void secretsAreNotShown() {
        String shown = send(HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + MANAGEMENT_PORT + "/actuator/env"))).body();
        assertThat(shown).contains("deliver.spotify.apiToken").doesNotContain("spotify-token", "catalog-token", "static-ingest-token");
    }

    @Test
    void managementErrorsHaveTheSameShape() throws Exception {
        HttpResponse<String> answer = send(HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + MANAGEMENT_PORT + "/management/dead-letters/unknown")));
        assertThat(answer.statusCode()).isEqualTo(404);
        assertThat(MAPPER.readTree(answer.body()).at("/error/message").asText()).isEqualTo("there is no dead letter of event unknown");
    }
}

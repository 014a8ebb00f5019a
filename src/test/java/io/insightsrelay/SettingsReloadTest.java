package io.insightsrelay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.insightsrelay.config.RestartKeys;
import io.insightsrelay.deadletter.DeadLetterProperties;
import io.insightsrelay.deliver.DeliverProperties;
import io.insightsrelay.spool.SpoolStore;
import io.insightsrelay.testing.Portal;
import io.insightsrelay.testing.TestServer;
import io.micrometer.core.instrument.MeterRegistry;
import java.io.IOException;
import java.net.URI;
import java.net.URLDecoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.apache.camel.CamelContext;
import org.apache.camel.Endpoint;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.slf4j.LoggerFactory;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.env.YamlPropertySourceLoader;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.core.env.EnumerablePropertySource;
import org.springframework.core.io.FileSystemResource;
import org.springframework.test.util.ReflectionTestUtils;

/** Every key of application.yaml that is said to take effect at once does; every other is said to take a restart. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class SettingsReloadTest {

    /** Of Backstage's own blocks, which application.yaml shows as comments. */
    private static final List<String> PASTED = List.of("backstageInsights.captureEntityFields", "backstageInsights.captureIdentityFields", "backstageInsights.captureIdentityGroupsFilter",
            "backstageInsights.totalUsersEntityQueryFilter", "backstageInsights.debug", "spotify.apiToken");

    /** An edit, in YAML by key, where null takes a line away, and how it is seen to have taken effect; before it is made it is not seen. */
    private record Edit(Map<String, String> lines, Callable<Boolean> seen) {
    }

    @TempDir
    static Path folder;
    private static final int PORT = TestServer.freePort();
    private final Portal portal = new Portal();
    private final TestServer spotify = new TestServer();
    private final TestServer other = new TestServer();
    private final HttpClient http = HttpClient.newHttpClient();
    private final List<TestServer.Request> asked = new CopyOnWriteArrayList<>();
    private final Map<String, String> base = new LinkedHashMap<>();
    private final Map<String, Edit> edits = new TreeMap<>();
    private ConfigurableApplicationContext context;

    @BeforeAll
    void start() throws Exception {
        portal.add("component:default/c", """
                {'kind':'Component','metadata':{'namespace':'default','name':'c','annotations':{'example.com/contact':'jane.doe@example.com',
                 'example.com/code':'EMP-123456','example.com/uk':'020 7946 0018'}},'spec':{'type':'service','lifecycle':'production'},'relations':[]}""");
        portal.add("user:default/jane", """
                {'kind':'User','metadata':{'namespace':'default','name':'jane'},'spec':{'nick':'jj'},'relations':[{'type':'memberOf','targetRef':'group:default/squad'}]}""");
        portal.add("group:default/squad", """
                {'kind':'Group','metadata':{'namespace':'default','name':'squad'},'spec':{'type':'squad'},'relations':[]}""");
        portal.catalogTrouble(request -> {
            asked.add(request);
            return null;
        });
        base.put("deliver.batch.linger", "10ms");
        base.put("backstage.token", "catalog-token");
        base.put("spotify.apiToken", "spotify-token");
        base.put("redact.sent.salt", "pepper");
        base.put("deliver.spotify.baseUrl", spotify.url());
        base.put("deliver.retry.firstBackoff", "20ms");
        base.put("deliver.retry.maxBackoff", "50ms");
        base.put("auth.staticTokens", "[{token: jane-token, subject: user:default/jane}]");
        base.put("enrich.entityFields", "[kind, spec.type, metadata.annotations.example.com/contact, metadata.annotations.example.com/code, metadata.annotations.example.com/uk]");
        write(base);
        describe();
        context = SpringApplication.run(InsightsRelay.class, "--relay.port=" + PORT, "--server.port=0", "--relay.dataDir=" + folder.resolve("data"), "--relay.stopDelay=0s",
                "--relay.reloadInterval=50ms", "--backstage.baseUrl=" + portal.url(), "--spring.config.additional-location=file:" + folder.resolve("application.yaml"));
    }

    @AfterAll
    void stop() {
        context.close();
        portal.close();
        spotify.close();
        other.close();
    }

    private void write(Map<String, String> lines) throws IOException {
        StringBuilder yaml = new StringBuilder();
        lines.forEach((key, value) -> yaml.append(value == null ? "" : key + ": " + value + "\n"));
        // at once, or a part of it could rest long enough to count as an edit
        Files.move(Files.writeString(folder.resolve("next"), yaml), folder.resolve("application.yaml"), StandardCopyOption.ATOMIC_MOVE);
    }

    private void edit(String key, String value, Callable<Boolean> seen) {
        Map<String, String> lines = new LinkedHashMap<>();
        lines.put(key, value);
        edits.put(key, new Edit(lines, seen));
    }

    private void describe() throws IOException {
        edit("backstage.token", "other-token", () -> asks(request -> "Bearer other-token".equals(request.header("Authorization"))));
        Path file = Files.writeString(folder.resolve("catalog.token"), "filed-token");
        edit("backstage.tokenFile", file.toString(), () -> asks(request -> "Bearer filed-token".equals(request.header("Authorization"))));
        edits.get("backstage.tokenFile").lines.put("backstage.token", null);
        edit("auth.requireUser", "true", () -> post("app", event(mark())) == 401);
        edit("auth.staticTokens", "[{token: another-token, subject: x}]", () -> post("app", event(mark()), "Authorization", "Bearer another-token") == 202
                && post("app", event(mark()), "Authorization", "Bearer jane-token") == 401);
        edit("auth.identitySalt", "pepper", () -> agent("user:default/jane", "pepper", "X-Insights-Identity-Subject"));
        edit("auth.identityHeader", "X-Who", () -> agent("user:default/jane", "", "X-Who"));
        String two = "[" + event("a") + "," + event("b") + "]";
        edit("ingest.maxEvents", "1", () -> postAll(two) == 413);
        edit("ingest.maxDepth", "2", () -> post("app", "{\"action\":\"a\",\"subject\":\"s\",\"context\":{\"a\":{\"b\":{}}}}") == 400);
        edit("ingest.maxString", "5000", () -> post("app", "{\"action\":\"" + "a".repeat(9_000) + "\",\"subject\":\"s\"}") == 400);
        edit("ingest.maxNumber", "3", () -> post("app", "{\"action\":\"a\",\"subject\":\"s\",\"value\":12345}") == 400);
        edit("ingest.keepGoodEvents", "true", () -> postAll("[" + event("a") + ",7]") == 202);
        edit("ingest.headers", "[referer]", () -> !"a-long-agent".equals(arrival().header("User-Agent")));
        edit("ingest.maxHeader", "4", () -> "a-lo".equals(arrival().header("User-Agent")));
        edit("catalog.foundTtl", "1ms", () -> asks(2, "component:default/c"));
        edit("catalog.missingTtl", "1ms", () -> asks(2, "component:default/" + mark()));
        edit("catalog.connectTimeout", "4321", () -> endpoints("by-refs", "connectTimeout=4321") && endpoints("by-query", "connectTimeout=4321"));
        edit("catalog.responseTimeout", "4322", () -> endpoints("by-refs", "responseTimeout=4322") && endpoints("by-query", "responseTimeout=4322"));
        edit("catalog.maxHold", "0s", () -> {
            portal.catalogTrouble(request -> TestServer.status(503));
            try {
                String mark = mark();
                post("app", event(mark).replace("default/c", "default/" + mark));
                return arrived(mark, 1) != null && text(arrived(mark, 1)).contains("relay.enriched");
            } finally {
                portal.catalogTrouble(request -> {
                    asked.add(request);
                    return null;
                });
            }
        });
        edit("enrich.entityFields", "[spec.lifecycle]", () -> sent().contains("production"));
        edit("enrich.userFields", "[spec.nick]", () -> sent().contains("user.spec.nick"));
        edit("backstageInsights.captureEntityFields", "[spec.lifecycle]", () -> sent().contains("production"));
        edit("backstageInsights.captureIdentityFields", "spec.nick", () -> sent().contains("user.spec.nick"));
        edit("backstageInsights.captureIdentityGroupsFilter", "{spec.type: team}", () -> !sent().contains("group:default/squad"));
        edit("backstageInsights.totalUsersEntityQueryFilter", "{spec.type: employee}", () -> {
            http.send(HttpRequest.newBuilder(uri("/api/backstage-insights/catalog/total-users")).header("Authorization", "Bearer jane-token").build(), BodyHandlers.discarding());
            return asked.stream().anyMatch(request -> request.query() != null && text(request.query()).contains("spec.type=employee"));
        });
        edit("backstageInsights.debug", "true", () -> {
            String mark = mark();
            post("app", event(mark));
            await().until(() -> context.getBean(SpoolStore.class).logStates().stream().allMatch(log -> log.waiting("spotify") == 0));
            return arrived(mark, 0) == null;
        });
        edit("redact.enabled", "false", () -> sent().contains("jane.doe@example.com"));
        edit("redact.replacement", "taken-out", () -> sent().contains("taken-out"));
        edit("redact.detectors", "[phone]", () -> sent().contains("jane.doe@example.com"));
        edit("redact.regions", "GB", () -> !sent().contains("020 7946 0018"));
        edit("redact.keys", "[entity.spec.type]", () -> !sent().contains("service"));
        edit("redact.patterns", "[\"EMP-[0-9]{6}\"]", () -> !sent().contains("EMP-123456"));
        edit("redact.allow", "[jane.doe@example.com]", () -> sent().contains("jane.doe@example.com"));
        edit("redact.sent.interfaces", "[]", () -> sentByOthers().contains("jane.doe@example.com"));
        edit("redact.sent.remove", "[context.note]", () -> !sentByOthers().contains("context[note]"));
        edit("redact.sent.removeUserEntities", "false", () -> sentByOthers().contains("context[entity][kind]=User"));
        edit("redact.sent.users", "[context.tenant]", () -> !sentByOthers().contains("north"));
        // printf 'user:default/janepepper' | sha256sum, and printf 'user:default/jane' | openssl dgst -sha256 -hmac pepper
        edit("redact.sent.hash", "sha256", () -> sentByOthers().contains("7d5ce46f9bb9d9b24eed056461d7250779e6dba721ebe7fcf44dfe0177da440e"));
        edit("redact.sent.salt", "other", () -> !sentByOthers().contains("f0f057336a21866b517e70edfecf5960df686cc04223b5c291ddf2b3a67caf91"));
        edit("deliver.batch.size", "7", () -> endpoints("spool:", "batchSize=7"));
        edit("deliver.batch.maxBytes", "70000", () -> endpoints("spool:", "maxBytes=70000"));
        edit("deliver.batch.linger", "11ms", () -> endpoints("spool:", "linger=11ms"));
        edit("deliver.concurrency", "40", () -> endpoints(spotify.url(), "connectionsPerRoute=40") && ((ThreadPoolExecutor) context.getBean("deliverThreads")).getMaximumPoolSize() == 40);
        edit("deliver.connectTimeout", "4323", () -> endpoints(spotify.url(), "connectTimeout=4323"));
        edit("deliver.responseTimeout", "4324", () -> endpoints(spotify.url(), "responseTimeout=4324"));
        edit("deliver.retry.firstBackoff", "21ms", () -> retry().firstBackoff().toMillis() == 21);
        edit("deliver.retry.maxBackoff", "51ms", () -> retry().maxBackoff().toMillis() == 51);
        edit("deliver.retry.maxRetryAfter", "3s", () -> retry().maxRetryAfter().toSeconds() == 3);
        edit("deliver.retry.pause", "4s", () -> retry().pause().toSeconds() == 4);
        edit("deliver.retry.delay", "12s", () -> endpoints("spool:", "delay=12s"));
        edit("deliver.retry.maxAttempts", "2", () -> retry().maxAttempts() == 2);
        edit("deliver.retry.maxAge", "2d", () -> retry().maxAge().toDays() == 2);
        edit("deliver.spotify.baseUrl", other.url(), () -> {
            arrival();
            return !other.requests().isEmpty();
        });
        edit("deliver.spotify.apiToken", "second-token", () -> "Bearer second-token".equals(arrival().header("Authorization")));
        edit("spotify.apiToken", "third-token", () -> "Bearer third-token".equals(arrival().header("Authorization")));
        Path token = Files.writeString(folder.resolve("spotify.token"), "fourth-token");
        edit("deliver.spotify.apiTokenFile", token.toString(), () -> "Bearer fourth-token".equals(arrival().header("Authorization")));
        edits.get("deliver.spotify.apiTokenFile").lines.put("spotify.apiToken", null);
        edit("deliver.spotify.appPath", "/v2/app", () -> arrival().path().endsWith("/v2/app"));
        edit("deliver.spotify.agentPath", "/v2/agent", () -> {
            agent("user:default/jane", "", "X-Insights-Identity-Subject");
            return spotify.requests().stream().anyMatch(request -> request.path().endsWith("/v2/agent"));
        });
        edit("deadLetters.replayRate", "51", () -> deadLetters().replayRate() == 51);
        edit("deadLetters.maxAge", "91d", () -> deadLetters().maxAge().toDays() == 91);
        edit("logging.level", "{io.insightsrelay.some: debug}", () -> LoggerFactory.getLogger("io.insightsrelay.some").isDebugEnabled());
    }

    private Stream<String> described() throws IOException {
        if (edits.isEmpty()) {
            describe();
        }
        return edits.keySet().stream();
    }

    @ParameterizedTest
    @MethodSource("described")
    void takesEffectAtOnce(String key) throws Exception {
        assertThat(RestartKeys.contains(key)).isFalse();
        Edit edit = edits.get(key);
        asked.clear();
        assertThat(edit.seen.call()).as("before the edit").isFalse();
        Map<String, String> lines = new LinkedHashMap<>(base);
        lines.putAll(edit.lines);
        save(lines);
        await(key).atMost(Duration.ofSeconds(20)).until(edit.seen);
        save(base);
        await(key + " as before").atMost(Duration.ofSeconds(20)).until(() -> {
            asked.clear();
            other.requests();
            return key.equals("deliver.spotify.baseUrl") || key.equals("deliver.spotify.agentPath") || !edit.seen.call();
        });
    }

    /** Waits until it has taken effect. */
    private void save(Map<String, String> lines) throws IOException {
        double before = reloads("accepted");
        double rejected = reloads("rejected");
        write(lines);
        await().atMost(Duration.ofSeconds(20)).until(() -> reloads("accepted") > before || reloads("rejected") > rejected);
        assertThat(reloads("rejected")).isEqualTo(rejected);
    }

    private double reloads(String result) {
        return context.getBean(MeterRegistry.class).counter("relay.routes.reloads", "result", result).count();
    }

    @Test
    void everyKeyIsInOneOfTheTwoClasses() throws IOException {
        Set<String> atOnce = new TreeSet<>();
        Set<String> restart = new TreeSet<>();
        for (String line : Files.readAllLines(Path.of("docs/configuration.md"))) {
            if (line.startsWith("| at once |") || line.startsWith("| at the next start |")) {
                Pattern.compile("`([\\w.]+)`").matcher(line).results().forEach(found -> (line.startsWith("| at once") ? atOnce : restart).add(found.group(1)));
            }
        }
        Set<String> driven = new TreeSet<>();
        for (String key : keys()) {
            boolean documentedAtOnce = atOnce.stream().anyMatch(above -> isBelow(key, above));
            boolean documentedRestart = restart.stream().anyMatch(above -> isBelow(key, above)) && !isBelow(key, "logging.level");
            assertThat(documentedAtOnce).as("%s stands in docs/configuration.md once, as RestartKeys has it", key).isNotEqualTo(documentedRestart).isNotEqualTo(RestartKeys.contains(key));
            if (documentedAtOnce) {
                driven.add(isBelow(key, "logging.level") ? "logging.level" : key);
            }
        }
        described();
        assertThat(edits.keySet()).as("what is said to take effect at once is edited here").isEqualTo(driven);
    }

    private static boolean isBelow(String key, String above) {
        return key.equals(above) || key.startsWith(above + ".");
    }

    private static Set<String> keys() throws IOException {
        Set<String> keys = new TreeSet<>(PASTED);
        new YamlPropertySourceLoader().load("shipped", new FileSystemResource("application.yaml")).forEach(source ->
                Stream.of(((EnumerablePropertySource<?>) source).getPropertyNames()).forEach(name -> keys.add(name.replaceFirst("\\[.*", ""))));
        return keys;
    }

    private static URI uri(String path) {
        return URI.create("http://127.0.0.1:" + PORT + path);
    }

    private static String mark() {
        return "m" + UUID.randomUUID();
    }

    private static String event(String subject) {
        return "{\"action\":\"click\",\"subject\":\"" + subject + "\",\"context\":{\"entityRef\":\"component:default/c\"}}";
    }

    private int post(String kind, String body, String... headers) throws IOException, InterruptedException {
        return request("/api/backstage-insights/events/" + kind, body, headers);
    }

    private int postAll(String body) throws IOException, InterruptedException {
        return request("/v1/events", body, "Authorization", "Bearer jane-token");
    }

    private int request(String path, String body, String... headers) throws IOException, InterruptedException {
        HttpRequest.Builder request = HttpRequest.newBuilder(uri(path)).header("Content-Type", "application/json").header("User-Agent", "a-long-agent").POST(BodyPublishers.ofString(body));
        if (headers.length > 0) {
            request.headers(headers);
        }
        return http.send(request.build(), BodyHandlers.discarding()).statusCode();
    }

    private static String text(String encoded) {
        return URLDecoder.decode(encoded, StandardCharsets.UTF_8);
    }

    private static String text(TestServer.Request request) {
        return text(request.text());
    }

    /** What came of an event of that subject; null if nothing does within so many seconds. */
    private TestServer.Request arrived(String subject, int seconds) {
        long until = System.nanoTime() + Duration.ofSeconds(seconds).toNanos();
        do {
            for (TestServer server : List.of(spotify, other)) {
                for (TestServer.Request request : new ArrayList<>(server.requests())) {
                    if (request.text().contains(subject)) {
                        return request;
                    }
                }
            }
            Thread.onSpinWait();
        } while (System.nanoTime() - until < 0);
        return null;
    }

    /** What Spotify gets of a new event of Jane's. */
    private TestServer.Request arrival() throws IOException, InterruptedException {
        String mark = mark();
        assertThat(post("app", event(mark), "Authorization", "Bearer jane-token")).isEqualTo(202);
        TestServer.Request request = arrived(mark, 10);
        assertThat(request).as("an event arrives").isNotNull();
        return request;
    }

    private String sent() throws IOException, InterruptedException {
        return text(arrival());
    }

    /** What Spotify gets of an event that another client sent, personal data and all. */
    private String sentByOthers() throws IOException, InterruptedException {
        String mark = mark();
        assertThat(postAll("{\"action\":\"click\",\"subject\":\"" + mark + "\",\"context\":{\"note\":\"jane.doe@example.com\",\"tenant\":\"north\","
                + "\"userId\":\"user:default/jane\",\"entity\":{\"kind\":\"User\",\"metadata\":{\"name\":\"jj\"}}}}")).isEqualTo(202);
        TestServer.Request request = arrived(mark, 10);
        assertThat(request).as("an event arrives").isNotNull();
        return text(request);
    }

    /** Whether the catalog is asked about a ref that nobody knows in such a way. */
    private boolean asks(Predicate<TestServer.Request> way) throws IOException, InterruptedException {
        String mark = mark();
        post("app", event(mark).replace("default/c", "default/" + mark));
        await().until(() -> asked.stream().anyMatch(request -> request.text().contains(mark)));
        return asked.stream().anyMatch(way.and(request -> request.text().contains(mark)));
    }

    /** Whether the catalog is asked again and again about the same ref. */
    private boolean asks(int times, String ref) throws IOException, InterruptedException {
        asked.clear();
        for (int i = 0; i <= times; i++) {
            String mark = mark();
            post("app", event(mark).replace("component:default/c", ref));
            arrived(mark, 10);
        }
        return asked.stream().filter(request -> request.text().contains(ref)).count() >= times;
    }

    private boolean agent(String user, String salt, String header) throws Exception {
        String mark = mark();
        String identity = HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest((user + salt).getBytes(StandardCharsets.UTF_8)));
        assertThat(post("agent", "{\"action\":\"click\",\"subject\":\"" + mark + "\",\"identity\":\"" + identity + "\"}", "Authorization", "Bearer jane-token", header, user)).isEqualTo(202);
        TestServer.Request request = arrived(mark, 10);
        assertThat(request).isNotNull();
        return request.text().contains("user.metadata.namespace");
    }

    /** Whether an endpoint that is in use has the option; those that were replaced are gone. */
    private boolean endpoints(String of, String option) {
        List<String> uris = context.getBean(CamelContext.class).getEndpoints().stream().map(Endpoint::getEndpointUri).filter(uri -> uri.contains(of.replace("http://", ""))).toList();
        assertThat(uris).as("endpoints of %s", of).isNotEmpty();
        return uris.stream().anyMatch(uri -> uri.contains(option));
    }

    @SuppressWarnings("unchecked")
    private DeliverProperties.Retry retry() {
        return ((Supplier<DeliverProperties.Retry>) context.getBean("insightsRelayRetryPolicy")).get();
    }

    @SuppressWarnings("unchecked")
    private DeadLetterProperties deadLetters() {
        return ((Supplier<DeadLetterProperties>) ReflectionTestUtils.getField(context.getBean("insightsRelayDeadLetterUpkeep"), "properties")).get();
    }
}

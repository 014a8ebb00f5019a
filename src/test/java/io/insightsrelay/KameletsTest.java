package io.insightsrelay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.insightsrelay.routes.RouteReload;
import io.insightsrelay.spool.SpoolStore;
import io.insightsrelay.testing.Neighbours;
import io.insightsrelay.testing.TestServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.apache.camel.CamelContext;
import org.apache.camel.Route;
import org.apache.camel.test.spring.junit5.CamelSpringBootTest;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.test.context.DynamicPropertyRegistry;
import org.springframework.test.context.DynamicPropertySource;

/** Every kamelet of routes/kamelets, used by a route that is put into the folder of a running relay, with each of its options. */
@CamelSpringBootTest
@SpringBootTest(webEnvironment = SpringBootTest.WebEnvironment.RANDOM_PORT,
        properties = {"backstage.baseUrl=http://localhost", "relay.stopDelay=0s", "relay.reloadInterval=50ms", "enrich.userFields=metadata.namespace,spec.memberOf,spec.profile.email"})
class KameletsTest {

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
    static void configure(DynamicPropertyRegistry properties) throws IOException {
        NEIGHBOURS.configure(properties, folder);
        // one that uses a kamelet from the start on
        Files.writeString(folder.resolve("routes/from-files.camel.yaml"), Files.readString(Path.of("docs/building-blocks/from-files.camel.yaml"))
                .replaceAll("\\{\\{env:EVENTS_INBOX:[^}]*}}", folder.resolve("inbox").toString()));
        NEIGHBOURS.portal.add("component:default/petstore",
                "{'kind':'Component','metadata':{'namespace':'default','name':'petstore','title':'Call +1 212-555-0123'},'spec':{'type':'service','owner':'group:default/payments'}}");
        NEIGHBOURS.portal.add("user:default/jane", "{'kind':'User','metadata':{'namespace':'default','name':'jane'},'spec':{'profile':{'email':'jane@example.com','displayName':'Jane EMP-123456'}},"
                + "'relations':[{'type':'memberOf','targetRef':'group:default/payments'}]}");
        NEIGHBOURS.portal.add("group:default/payments", "{'kind':'Group','metadata':{'name':'payments'},'spec':{'type':'team'},'relations':[{'type':'childOf','targetRef':'group:default/money'}]}");
        NEIGHBOURS.portal.add("group:default/money", "{'kind':'Group','metadata':{'name':'money','labels':{'tier':'top'}},'spec':{'type':'department'}}");
        properties.add("deliver.retry.firstBackoff", () -> "20ms");
    }

    @AfterAll
    static void close() {
        NEIGHBOURS.close();
    }

    @AfterEach
    void putBack() throws IOException {
        Instant before = reload.loadedAt("process-events");
        if (!Files.readString(folder.resolve("routes/process.camel.yaml")).equals(Files.readString(Path.of("routes/process.camel.yaml")))) {
            place(Files.readString(Path.of("routes/process.camel.yaml")), "process.camel.yaml");
            await().atMost(PATIENCE).until(() -> reload.loadedAt("process-events").isAfter(before));
            await().atMost(PATIENCE).untilAsserted(() -> assertThat(made()).isEmpty());
        }
    }

    /** The routes that Camel has made of kamelets, but for that of the route that is always there. */
    private List<String> made() {
        List<String> made = context.getRoutes().stream().filter(Route::isCreatedByKamelet).map(Route::getRouteId).toList();
        assertThat(made).filteredOn(id -> id.startsWith("spool-sink")).hasSize(1);
        return made.stream().filter(id -> !id.startsWith("spool-sink")).toList();
    }

    private static void place(String text, String file) throws IOException {
        Path fresh = Files.writeString(folder.resolve("fresh"), text);
        Files.move(fresh, folder.resolve("routes").resolve(file), StandardCopyOption.ATOMIC_MOVE);
    }

    /** Puts a route with these steps in place of process.camel.yaml; each step is given as kamelet and options, one a line. */
    private void process(String... steps) throws IOException {
        Instant before = reload.loadedAt("process-events");
        place(route(steps), "process.camel.yaml");
        await().atMost(PATIENCE).until(() -> {
            assertThat(reload.rejected()).isNull();
            return reload.loadedAt("process-events").isAfter(before);
        });
    }

    private static String route(String... steps) {
        StringBuilder text = new StringBuilder("""
                - route:
                    id: process-events
                    errorHandler:
                      noErrorHandler: {}
                    from:
                      id: from-attempt
                      uri: direct:process-events
                      steps:
                """);
        for (int i = 0; i < steps.length; i++) {
            String[] lines = steps[i].split("\n");
            text.append("        - to:\n            id: step-").append(i).append("\n            uri: kamelet:").append(lines[0]).append("\n");
            for (int line = 1; line < lines.length; line++) {
                text.append(line == 1 ? "            parameters:\n" : "").append("              ").append(lines[line]).append("\n");
            }
        }
        return text.toString();
    }

    private static byte[] envelope(String subject, String event) {
        return ("{'id':'" + UUID.randomUUID() + "','received':'" + Instant.now() + "','kind':'agent','user':'user:default/jane','event':" + event.replace("SUBJECT", subject) + "}")
                .replace('\'', '"').getBytes(StandardCharsets.UTF_8);
    }

    private static final String EVENT = "{'action':'click','subject':'SUBJECT','context':{'entityRef':'component:default/petstore'}}";

    /** What arrives of one event at Spotify. */
    private JsonNode through() {
        String subject = "e" + MARKS.incrementAndGet();
        store.append(store.log("events"), List.of(envelope(subject, EVENT))).join();
        return arrived(subject);
    }

    private JsonNode arrived(String subject) {
        List<JsonNode> found = new ArrayList<>();
        await().atMost(PATIENCE).until(() -> {
            NEIGHBOURS.spotify.requests().stream().filter(request -> request.text().startsWith("{")).map(KameletsTest::read).filter(body -> body.path("subject").asText().equals(subject)).forEach(found::add);
            return !found.isEmpty();
        });
        return found.get(0);
    }

    private static JsonNode read(TestServer.Request request) {
        try {
            return MAPPER.readTree(request.body());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Map<String, String> added(JsonNode event) {
        Map<String, String> added = new LinkedHashMap<>();
        event.path("context").properties().forEach(member -> added.put(member.getKey(), member.getValue().asText()));
        added.remove("entityRef");
        return added;
    }

    @Test
    void withoutOptionsTheyDoWhatTheShippedStepsDo() throws IOException {
        Map<String, String> shipped = added(through());
        assertThat(shipped).containsEntry("user.spec.memberOf.1", "group:default/money").containsEntry("user.spec.profile.email", "[redacted]");
        process("catalog-look-up-action", "group-filter-action", "redact-action");
        assertThat(made()).hasSize(3);
        assertThat(added(through())).isEqualTo(shipped);
    }

    @Test
    void optionsOfLookUpFilterAndRedaction() throws IOException {
        Set<String> asked = ConcurrentHashMap.newKeySet();
        NEIGHBOURS.portal.catalogTrouble(request -> {
            asked.add(request.text());
            return null;
        });
        process("catalog-look-up-action\nentityFields: spec.owner, metadata.title\nuserFields: spec.memberOf,spec.profile.displayName,spec.profile.email");
        // nobody else asks the catalog for a title
        assertThat(added(through())).containsOnlyKeys("entity.spec.owner", "entity.metadata.title", "user.spec.profile.displayName", "user.spec.profile.email")
                .containsEntry("entity.metadata.title", "Call +1 212-555-0123").containsEntry("user.spec.profile.displayName", "Jane EMP-123456");

        String lookUp = "catalog-look-up-action\nentityFields: metadata.title\nuserFields: spec.memberOf,spec.profile.displayName,spec.profile.email";
        process(lookUp, "group-filter-action\nfilter: kind=group,metadata.labels.tier=top", "redact-action\nkeys: user.spec.profile.email\ndetectors: email,phone\npatterns: EMP-[0-9]{6}\nallow: entity.metadata.title\nreplacement: \"\"");
        assertThat(added(through())).isEqualTo(Map.of("entity.metadata.title", "Call +1 212-555-0123", "user.spec.profile.displayName", "Jane ", "user.spec.profile.email", "",
                "user.spec.memberOf.0", "group:default/money"));

        assertThat(asked).anyMatch(question -> question.contains("metadata.title")).anyMatch(question -> question.contains("metadata.labels"));

        // a national number of another country than redact.regions; an option has the last word, whatever the environment calls by its name
        System.setProperty("regions", "US");
        try {
            NEIGHBOURS.portal.add("component:default/petstore", "{'kind':'Component','metadata':{'namespace':'default','name':'petstore','title':'Tel. 030 12345678'}}");
            process("catalog-look-up-action\nentityFields: metadata.title,spec.lifecycle\nuserFields: metadata.uid", "redact-action\nregions: DE\nreplacement: gone");
            assertThat(added(through())).isEqualTo(Map.of("entity.metadata.title", "Tel. gone"));
        } finally {
            System.clearProperty("regions");
        }
    }

    @Test
    void optionsThatMakeNoSenseAreRejected() throws IOException {
        Map<String, String> told = new LinkedHashMap<>();
        told.put("redact-acton", "process.camel.yaml:11:13: there is no kamelet redact-acton; there are catalog-look-up-action, ");
        told.put("redact-action\nkyes: a", "process.camel.yaml:13:15: redact-action has no option kyes; it has keys, detectors, regions, replacement, pattern");
        told.put("redact-action\ndetectors: email,fone", "process.camel.yaml:11:13: the route process-events cannot be built at kamelet:redact-action: redact.detectors: there is no fone");
        told.put("redact-action\nregions: Germany", "redact.regions");
        told.put("redact-action\npatterns: \"(?=x)\"", "RE2");
        told.put("group-filter-action\nfilter: team", "the filter is 'team'; allowed is path=value");
        told.put("catalog-look-up-action\nentityFields: .spec", "'.spec' is no path into an entity");
        told.put("insights-deliver-sink\nretries: maybe", "retries of insights-deliver-sink is maybe; it has to be true or false");
        told.put("insights-deliver-sink", "insights-deliver-sink needs the option destination");
        told.put("insights-deliver-sink\ndestination: x\nvia: direct:nowhere", "no route consumes from direct:nowhere");
        for (Map.Entry<String, String> way : told.entrySet()) {
            place(route(way.getKey()), "process.camel.yaml");
            await(way.getKey()).atMost(PATIENCE).untilAsserted(() -> {
                assertThat(reload.rejected()).isNotNull();
                assertThat(reload.rejected().problems().toString()).contains(way.getValue());
            });
            assertThat(made()).isEmpty();
        }
        place(Files.readString(Path.of("routes/process.camel.yaml")), "process.camel.yaml");
        await().atMost(PATIENCE).until(() -> reload.rejected() == null);
    }

    private String reasonOf(String id) {
        return store.read((connection, appender) -> {
            try (var rows = connection.createStatement().executeQuery("SELECT reason FROM dead_letter WHERE destination = 'warehouse' AND id = '" + id + "'")) {
                return rows.next() ? rows.getString(1) : "none";
            }
        });
    }

    private static String id(byte[] envelope) {
        return new String(envelope, StandardCharsets.UTF_8).substring(7, 43);
    }

    @Test
    void aDestinationMadeOfBlocksTakesBatchesAndOneEventsFailureIsNotAnothers() throws IOException {
        try (TestServer warehouse = new TestServer()) {
            warehouse.behave(request -> TestServer.status(request.text().contains("refused") ? 422 : 200));
            place(Files.readString(Path.of("docs/building-blocks/warehouse.camel.yaml")).replaceAll("\\{\\{env:WAREHOUSE_URL:[^}]*}}", warehouse.url())
                    .replace("linger: 2s", "linger: 200ms"), "warehouse.camel.yaml");
            await().atMost(PATIENCE).until(() -> {
                assertThat(reload.rejected()).isNull();
                return context.getRoute("take-batches-for-warehouse") != null;
            });
            await().atMost(PATIENCE).untilAsserted(() -> assertThat(made()).as("two sources, two deliveries, look-up, groups, dead letters, redaction").hasSize(8));
            byte[] nowhere = envelope("nowhere", "{'action':'click','subject':'SUBJECT','context':{}}");
            byte[] refused = envelope("refused", EVENT);
            store.append(store.log("events"), List.of(envelope("good", EVENT), nowhere, refused, envelope("last", EVENT))).join();
            Path written = Files.writeString(folder.resolve("written"), "[" + EVENT.replace('\'', '"').replace("SUBJECT", "filed") + "]");
            Files.move(written, folder.resolve("inbox/events.json"), StandardCopyOption.ATOMIC_MOVE);
            Map<String, JsonNode> taken = new LinkedHashMap<>();
            await().atMost(PATIENCE).until(() -> {
                warehouse.requests().stream().filter(request -> !request.text().contains("refused")).forEach(request -> read(request).forEach(event -> taken.put(event.at("/event/subject").asText(), event)));
                return store.ledgers().get("warehouse").waiting() == 0 && taken.keySet().containsAll(List.of("good", "last", "filed"));
            });
            assertThat(taken).doesNotContainKeys("nowhere", "refused");
            assertThat(added(taken.get("good").path("event"))).containsEntry("entity.spec.owner", "group:default/payments").containsEntry("user.spec.memberOf.0", "group:default/money")
                    .doesNotContainKeys("entity.spec.type", "user.spec.memberOf.1");
            assertThat(reasonOf(id(nowhere))).isEqualTo("it is about no entity");
            assertThat(reasonOf(id(refused))).contains("422");

            // an edit of a kamelet replaces the routes that use it, and those only
            Instant before = reload.loadedAt("take-batches-for-warehouse");
            Instant others = reload.loadedAt("take-events-from-files");
            Path source = folder.resolve("routes/kamelets/spool-source.kamelet.yaml");
            String shipped = Files.readString(source);
            place(shipped.replace("id: hand-out-batch", "id: hand-batch-out"), "kamelets/spool-source.kamelet.yaml");
            await().atMost(PATIENCE).until(() -> {
                assertThat(reload.rejected()).isNull();
                return reload.loadedAt("take-batches-for-warehouse").isAfter(before);
            });
            assertThat(reload.loadedAt("take-events-from-files")).isEqualTo(others);
            assertThat(made()).hasSize(8);
            // one that is broken changes nothing
            place(shipped.replace("uri: spool:{{log}}", "uri: spol:{{log}}"), "kamelets/spool-source.kamelet.yaml");
            await().atMost(PATIENCE).untilAsserted(() -> assertThat(String.valueOf(reload.rejected())).contains("warehouse.camel.yaml:9:7: the route take-batches-for-warehouse cannot be built at kamelet:spool-source", "spol"));
            place(shipped.replace("kind: Kamelet", "kind: Kamlet").replace("steps:", "stpes:"), "kamelets/spool-source.kamelet.yaml");
            await().atMost(PATIENCE).untilAsserted(() -> assertThat(String.valueOf(reload.rejected())).contains("spool-source.kamelet.yaml:2:1: kind has to be Kamelet"));
            place(shipped.replace("steps:", "stpes:"), "kamelets/spool-source.kamelet.yaml");
            await().atMost(PATIENCE).untilAsserted(() -> assertThat(String.valueOf(reload.rejected())).contains("Camel knows no stpes here"));
            int sent = warehouse.requests().size();
            store.append(store.log("events"), List.of(envelope("later", EVENT))).join();
            await().atMost(PATIENCE).until(() -> warehouse.requests().size() > sent && store.ledgers().get("warehouse").waiting() == 0);
            place(shipped, "kamelets/spool-source.kamelet.yaml");
            await().atMost(PATIENCE).until(() -> reload.rejected() == null);
            Files.delete(folder.resolve("routes/warehouse.camel.yaml"));
            await().atMost(PATIENCE).until(() -> made().isEmpty());
        }
    }

    @Test
    void everyKameletIsTested() throws IOException {
        String tests = Files.readString(Path.of("src/test/java/io/insightsrelay/KameletsTest.java")) + Files.readString(Path.of("docs/building-blocks/warehouse.camel.yaml"))
                + Files.readString(Path.of("docs/building-blocks/from-files.camel.yaml"));
        try (Stream<Path> kamelets = Files.list(Path.of("routes/kamelets"))) {
            assertThat(kamelets.map(file -> file.getFileName().toString().replace(".kamelet.yaml", ""))).hasSize(7).allSatisfy(name -> assertThat(tests).contains(name));
        }
    }
}

package io.insightsrelay.promises;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import io.insightsrelay.testing.Installation;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.util.FileSystemUtils;

/** Operators edit the routes of the running jar, under load, and cannot break it. */
class RouteReloadIT {

    private static final Duration SOON = Duration.ofSeconds(60);

    @TempDir
    Path folder;
    private Path routes;
    private Installation installation;

    @BeforeEach
    void prepare() throws IOException {
        routes = folder.resolve("routes");
        FileSystemUtils.copyRecursively(Path.of("routes"), routes);
        installation = new Installation(folder);
        installation.relay.with("RELAY_ROUTES_DIR", routes).with("RELAY_RELOADINTERVAL", "100ms");
    }

    @AfterEach
    void close() {
        installation.close();
    }

    private void edit(String file, UnaryOperator<String> change) throws IOException {
        Path path = routes.resolve(file);
        String before = Files.readString(path);
        String after = change.apply(before);
        assertThat(after).as("the edit changes something").isNotEqualTo(before);
        // as editors do: a new file that takes the old one's name
        Path fresh = Files.writeString(path.resolveSibling("." + path.getFileName() + ".new"), after);
        Files.move(fresh, path, StandardCopyOption.ATOMIC_MOVE);
    }

    private static UnaryOperator<String> replace(String text, String by) {
        return before -> before.replace(text, by);
    }

    private JsonNode rejected() {
        return installation.json("/management/routes").path("rejected");
    }

    private Map<String, String> running() {
        Map<String, String> states = new LinkedHashMap<>();
        installation.json("/management/routes").path("routes").forEach(route -> states.put(route.path("id").asText(), route.path("state").asText() + " " + route.path("loaded").asText()));
        return states;
    }

    private long reloads(String result) {
        return installation.relay.manage("GET", "/actuator/prometheus").body().lines().filter(line -> line.startsWith("relay_routes_reloads_total{result=\"" + result + "\"}"))
                .mapToLong(line -> (long) Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1))).sum();
    }

    private void awaitAccepted(long before) {
        await().atMost(SOON).pollInterval(Duration.ofMillis(50)).until(() -> reloads("accepted") > before && rejected().isNull());
    }

    /** No request was refused, no event lost, repeated or dead. */
    private void nothingSuffered(Map<Integer, Integer> answers) {
        installation.awaitDrained(Duration.ofMinutes(2));
        assertThat(answers.keySet()).containsExactly(202);
        assertThat(installation.check()).as("events that came twice").isZero();
        assertThat(installation.deadLetters()).isEmpty();
    }

    /** Name of the way to break it, what to do, and what the relay has to say of it. */
    private record Breakage(String file, UnaryOperator<String> change, String... told) {
    }

    private static Map<String, Breakage> breakages() {
        Map<String, Breakage> ways = new LinkedHashMap<>();
        ways.put("syntax", new Breakage("process.camel.yaml", text -> text.replace("id: from-attempt", "id: [from-attempt"), "process.camel.yaml:", "no YAML"));
        ways.put("half-written", new Breakage("deliver-spotify.camel.yaml", text -> text.substring(0, text.indexOf("pass-turn") + 2), "deliver-spotify.camel.yaml"));
        ways.put("empty", new Breakage("process.camel.yaml", text -> "", "process.camel.yaml", "list"));
        ways.put("unknown step", new Breakage("process.camel.yaml", text -> text.replace("- process:\n            id: enrich", "- porcess:\n            id: enrich"),
                "process.camel.yaml:16:11", "no porcess here"));
        ways.put("wrong option", new Breakage("engine/embedded/spool.camel.yaml", replace("linger:", "lingre:"), "spool.camel.yaml", "lingre"));
        ways.put("wrong value", new Breakage("engine/embedded/spool.camel.yaml", replace("batchesAtOnce: \"2\"", "batchesAtOnce: \"two\""), "spool.camel.yaml", "two"));
        ways.put("missing bean", new Breakage("process.camel.yaml", replace("ref: redactEvents", "ref: redactEvnts"), "process.camel.yaml:22", "redactEvnts"));
        ways.put("missing property", new Breakage("catalog.camel.yaml", replace("{{catalog.connectTimeout}}", "{{catalog.conectTimeout}}"), "catalog.camel.yaml", "catalog.conectTimeout"));
        ways.put("unknown component", new Breakage("deliver-spotify.camel.yaml", replace("delivery:spotify", "delievery:spotify"), "deliver-spotify.camel.yaml", "delievery"));
        ways.put("missing option", new Breakage("deliver-spotify.camel.yaml", replace("              deadLetterUri: direct:dead-letter\n", ""), "deliver-spotify.camel.yaml", "deadLetterUri"));
        ways.put("duplicate id", new Breakage("process.camel.yaml", replace("id: process-events", "id: store-events"), "store-events", "unique"));
        ways.put("two consumers", new Breakage("process.camel.yaml", replace("uri: direct:process-events", "uri: direct:store-events"), "direct:store-events"));
        ways.put("endpoint renamed", new Breakage("process.camel.yaml", replace("uri: direct:process-events", "uri: direct:process-all"), "deliver-spotify.camel.yaml:", "no route consumes from direct:process-events"));
        ways.put("file deleted", new Breakage("engine/embedded/spool.camel.yaml", null, "no route consumes from direct:store-events"));
        return ways;
    }

    @Test
    void noBrokenEditTakesAnythingDown() throws Exception {
        installation.start();
        Map<Integer, Integer> answers = new ConcurrentHashMap<>();
        StringBuilder table = new StringBuilder();
        Map<String, String> before = running();
        try (AutoCloseable load = installation.load(4, answers)) {
            for (Map.Entry<String, Breakage> way : breakages().entrySet()) {
                Breakage breakage = way.getValue();
                String good = Files.readString(routes.resolve(breakage.file));
                if (breakage.change == null) {
                    Files.delete(routes.resolve(breakage.file));
                } else {
                    edit(breakage.file, breakage.change);
                }
                await(way.getKey()).atMost(SOON).pollInterval(Duration.ofMillis(50)).untilAsserted(() -> assertThat(rejected().path("problems").toString()
                        .replaceAll("\"file\":\"([^\"]*)\",\"line\":(\\d+),\"column\":(\\d+|null)", "$1:$2:$3")).contains(breakage.told));
                JsonNode first = rejected().path("problems").path(0);
                table.append(String.format("  %-18s %s:%s:%s %s%n", way.getKey(), Path.of(first.path("file").asText()).getFileName(), first.path("line").asText(),
                        first.path("column").asText(), first.path("message").asText()));
                assertThat(running()).as(way.getKey()).isEqualTo(before);
                assertThat(installation.json("/actuator/health/readiness").path("status").asText()).isEqualTo("UP");
                assertThat(installation.json("/actuator/health").at("/components/routes/status").asText()).isEqualTo("WARNING");
                assertThat(installation.relay.log()).contains("An edit is rejected");
                long accepted = reloads("accepted");
                Files.writeString(routes.resolve(breakage.file), good);
                awaitAccepted(accepted);
                assertThat(running()).as("after " + way.getKey() + " is mended").isEqualTo(before);
            }
        }
        System.out.printf("noBrokenEditTakesAnythingDown: %d ways, answers %s%n%s", breakages().size(), answers, table);
        nothingSuffered(answers);
    }

    @Test
    void editsUnderLoadCostNoRequestAndNoEvent() throws Exception {
        installation.start();
        Map<Integer, Integer> answers = new ConcurrentHashMap<>();
        String[] files = {"process.camel.yaml", "ingest.camel.yaml", "engine/embedded/spool.camel.yaml", "deliver-spotify.camel.yaml", "errors.camel.yaml"};
        String[] steps = {"id: redact", "id: answer-app-event", "id: append-to-spool", "id: check-acceptance", "id: answer-error"};
        long begun = System.nanoTime();
        int edits = 20;
        try (AutoCloseable load = installation.load(32, answers)) {
            for (int i = 0; i < edits; i++) {
                // at 1,000 requests/s that is an edit every three seconds
                int answered = answers.getOrDefault(202, 0);
                await().atMost(SOON).until(() -> answers.getOrDefault(202, 0) >= answered + 3000);
                long accepted = reloads("accepted");
                String renamed = steps[i % steps.length] + "-" + i;
                String step = steps[i % steps.length];
                edit(files[i % files.length], text -> text.replaceFirst(step + "(-\\d+)?\n", renamed + "\n"));
                awaitAccepted(accepted);
            }
        }
        double seconds = (System.nanoTime() - begun) / 1e9;
        installation.awaitDrained(Duration.ofMinutes(2));
        System.out.printf("editsUnderLoadCostNoRequestAndNoEvent: %d edits in %.0f s, answers %s (%.0f requests/s), %d events%n", edits, seconds, answers,
                answers.values().stream().mapToInt(count -> count).sum() / seconds, installation.acknowledged());
        assertThat(answers.keySet()).containsExactly(202);
        assertThat(installation.check()).as("events that came twice").isZero();
        assertThat(installation.deadLetters()).isEmpty();
        assertThat(installation.delivered()).isEqualTo(installation.acknowledged());
    }

    private static final String RULES = """
            - beans:
                - name: redactMore
                  type: io.insightsrelay.redact.EventRedactor
                  destroyMethod: %s
                  properties:
                    patterns: |
                      %s
            """;

    private void writeRules(String destroyMethod, String pattern) throws IOException {
        Path fresh = Files.writeString(folder.resolve("fresh"), RULES.formatted(destroyMethod, pattern));
        Files.move(fresh, routes.resolve("rules.camel.yaml"), StandardCopyOption.ATOMIC_MOVE);
    }

    private void awaitRejected(String... told) {
        await().atMost(SOON).pollInterval(Duration.ofMillis(50)).untilAsserted(() -> assertThat(rejected().path("problems").toString()).contains(told));
    }

    /** What the type of an entity becomes, in the last request of the receiver. */
    private void awaitType(String type) {
        await().atMost(SOON).until(() -> {
            installation.post();
            return ("&" + installation.lastForm() + "&").contains("&context[entity.spec.type]=" + type + "&");
        });
    }

    @Test
    void beansOfFilesAreDefinedChangedAndRemoved() throws Exception {
        IntStream.range(0, 50).forEach(i -> installation.portal.add("component:default/c" + i,
                "{'kind':'Component','metadata':{'namespace':'default','name':'c" + i + "'},'spec':{'type':'service-7'}}"));
        installation.start();
        Map<Integer, Integer> answers = new ConcurrentHashMap<>();
        try (AutoCloseable load = installation.load(4, answers)) {
            awaitType("service-7");
            // defined, and used by another file
            writeRules("toString", "-7");
            edit("process.camel.yaml", replace("ref: redactEvents", "ref: redactMore"));
            awaitType("service[redacted]");
            Map<String, String> before = running();

            // changed: the route that uses it takes the new one, the others stay
            writeRules("hashCode", "service");
            awaitType("[redacted]-7");
            assertThat(running()).containsOnlyKeys(before.keySet()).doesNotContainEntry("process-events", before.get("process-events"));
            assertThat(running().entrySet().stream().filter(route -> !before.entrySet().contains(route)).map(Map.Entry::getKey)).containsExactly("process-events");

            // wrong ones, each told where it stands, and what runs goes on
            writeRules("toString", "(");
            awaitRejected("rules.camel.yaml", "redactMore", "'(' is no regular expression");
            writeRules("toString", "-7\n        regions: nowhere");
            awaitRejected("redact.regions holds nowhere", "ISO 3166");
            Files.writeString(routes.resolve("rules.camel.yaml"), RULES.formatted("toString", "-7").replace("redactMore", "redactEvents"));
            awaitRejected("rules.camel.yaml", "the relay has a bean redactEvents of its own");
            Files.delete(routes.resolve("rules.camel.yaml"));
            awaitRejected("process.camel.yaml", "redactMore");
            awaitType("[redacted]-7");

            // removed, together with what used it
            long accepted = reloads("accepted");
            edit("process.camel.yaml", replace("ref: redactMore", "ref: redactEvents"));
            awaitAccepted(accepted);
            awaitType("service-7");
            edit("process.camel.yaml", replace("ref: redactEvents", "ref: redactMore"));
            awaitRejected("process.camel.yaml", "redactMore");
            // and there again, from the start
            writeRules("toString", "-7");
            awaitType("service[redacted]");
        }
        nothingSuffered(answers);
        assertThat(installation.relay.stop()).isZero();
        installation.start();
        awaitType("service[redacted]");
        assertThat(installation.relay.stop()).isZero();
        Files.writeString(routes.resolve("rules.camel.yaml"), RULES.formatted("toString", "-7").replace("redactMore", "redactEvents"));
        edit("process.camel.yaml", replace("ref: redactMore", "ref: redactEvents"));
        installation.relay.launch(installation.arguments());
        assertThat(installation.relay.awaitExit()).as("a start with a bean that would do nothing").isNotZero();
        assertThat(installation.relay.log()).contains("the relay has a bean redactEvents of its own").doesNotContain("\tat ");

        Files.delete(routes.resolve("rules.camel.yaml"));
        Files.copy(routes.resolve("process.camel.yaml"), routes.resolve("process-copy.camel.yaml"));
        installation.relay.launch(installation.arguments());
        assertThat(installation.relay.awaitExit()).as("a start with a route that another would replace").isNotZero();
        assertThat(installation.relay.log().substring(installation.relay.log().lastIndexOf("Starting InsightsRelay"))).contains("the route process-events is also in").doesNotContain("\tat ");
    }

    @Test
    void whatFailsAtItsStartIsPutBack() throws Exception {
        installation.start();
        Map<Integer, Integer> answers = new ConcurrentHashMap<>();
        Map<String, String> before = running();
        try (AutoCloseable load = installation.load(4, answers)) {
            // can be built, but not started: only its start sees that the folder is not there
            Files.writeString(routes.resolve("inbox.camel.yaml"), """
                    - route:
                        id: read-inbox
                        from:
                          id: from-inbox
                          uri: file:%s
                          parameters:
                            autoCreate: "false"
                            startingDirectoryMustExist: "true"
                          steps:
                            - to:
                                id: store-inbox
                                uri: direct:store-events
                    """.formatted(folder.resolve("inbox")));
            edit("process.camel.yaml", replace("id: redact\n", "id: redact-them\n"));
            edit("ingest.camel.yaml", replace("id: answer-app-event", "id: answer-them"));
            await().atMost(SOON).untilAsserted(() -> assertThat(rejected().toString()).contains("read-inbox"));
            assertThat(running().keySet()).isEqualTo(before.keySet());
            assertThat(running().values()).allMatch(state -> state.startsWith("Started"));
            int answered = answers.getOrDefault(202, 0);
            await().atMost(SOON).until(() -> answers.get(202) > answered + 100);
            Files.createDirectory(folder.resolve("inbox"));
            long accepted = reloads("accepted");
            edit("process.camel.yaml", replace("id: redact-them\n", "id: redact-all\n"));
            awaitAccepted(accepted);
            assertThat(running()).containsKey("read-inbox");
        }
        nothingSuffered(answers);
    }

    @Test
    void manyEditsInARowEndWithTheLast() throws Exception {
        installation.start();
        Map<Integer, Integer> answers = new ConcurrentHashMap<>();
        try (AutoCloseable load = installation.load(4, answers)) {
            String good = Files.readString(routes.resolve("process.camel.yaml"));
            for (int i = 0; i < 500; i++) {
                // every third is broken, some are cut off in the middle of being written
                String text = good.replace("id: redact\n", "id: redact-" + i + "\n");
                Files.writeString(routes.resolve("process.camel.yaml"), i % 3 == 0 ? text.replace("ref: enrichEvents", "ref: none") : i % 7 == 0 ? text.substring(0, text.length() / 2) : text);
            }
            Files.writeString(routes.resolve("process.camel.yaml"), good.replace("id: process-events", "id: process-them"));
            await().atMost(SOON).until(() -> running().keySet().contains("process-them") && !running().keySet().contains("process-events") && rejected().isNull());
        }
        nothingSuffered(answers);
    }

    @Test
    void anIngestRouteThatIsRemovedAnswersNotFoundAndComesBack() throws Exception {
        installation.start();
        String good = Files.readString(routes.resolve("ingest.camel.yaml"));
        int begin = good.indexOf("- route:\n    id: receive-agent-event");
        int end = good.indexOf("- route:", begin + 1);
        long accepted = reloads("accepted");
        edit("ingest.camel.yaml", text -> text.substring(0, begin) + text.substring(end));
        awaitAccepted(accepted);
        var gone = installation.relay.post("/api/backstage-insights/events/agent", "{}");
        assertThat(gone.statusCode()).isEqualTo(404);
        assertThat(gone.body()).contains("NotFoundError");
        installation.post();
        edit("ingest.camel.yaml", text -> good);
        awaitAccepted(accepted + 1);
        assertThat(installation.relay.post("/api/backstage-insights/events/agent", "{}").statusCode()).isEqualTo(401);
        installation.post();
        installation.awaitDrained(Duration.ofMinutes(1));
        assertThat(installation.check()).isZero();
    }

    @Test
    void aConfigMapsSymbolicLinksAndAnEditDuringTheStop() throws Exception {
        // as Kubernetes mounts it: links to ..data, itself a link that is exchanged
        Path mounted = folder.resolve("mounted");
        Path first = mounted.resolve("..2026_1");
        Path second = mounted.resolve("..2026_2");
        FileSystemUtils.copyRecursively(routes, first);
        FileSystemUtils.copyRecursively(routes, second);
        Files.createSymbolicLink(mounted.resolve("..data"), Path.of("..2026_1"));
        try (var files = Files.list(routes)) {
            for (Path file : files.toList()) {
                Files.createSymbolicLink(mounted.resolve(file.getFileName()), Path.of("..data").resolve(file.getFileName()));
            }
        }
        installation.relay.with("RELAY_ROUTES_DIR", mounted);
        installation.start();
        installation.post();
        Files.writeString(second.resolve("process.camel.yaml"), Files.readString(second.resolve("process.camel.yaml")).replace("id: process-events", "id: process-them"));
        Files.createSymbolicLink(mounted.resolve("..data_tmp"), Path.of("..2026_2"));
        Files.move(mounted.resolve("..data_tmp"), mounted.resolve("..data"), StandardCopyOption.ATOMIC_MOVE);
        await().atMost(SOON).until(() -> running().containsKey("process-them"));
        installation.post(500);

        Files.writeString(second.resolve("process.camel.yaml"), Files.readString(second.resolve("process.camel.yaml")).replace("id: process-them", "id: process-events"));
        // the relay looks every 100 ms and takes some more to build the routes
        await().pollDelay(Duration.ofMillis(150)).until(() -> true);
        assertThat(installation.relay.stop()).isZero();
        installation.start();
        installation.awaitDrained(Duration.ofMinutes(1));
        assertThat(installation.check()).isZero();
        assertThat(installation.deadLetters()).isEmpty();
    }

    @Test
    void validateSaysTheSameOffline() throws Exception {
        String nowhere = folder.resolve("nowhere").toString();
        installation.relay.with("RELAY_DATA_DIR", nowhere);
        assertThat(installation.relay.launchBeside("validate", routes.toString()).waitFor()).as(() -> installation.relay.log()).isZero();
        assertThat(installation.relay.log()).endsWith("The settings and the routes are in order.\n");
        edit("process.camel.yaml", replace("ref: redactEvents", "ref: redactEvnts"));
        edit("catalog.camel.yaml", replace("{{catalog.connectTimeout}}", "{{catalog.conectTimeout}}"));
        assertThat(installation.relay.launchBeside("validate", routes.toString()).waitFor()).isEqualTo(1);
        assertThat(installation.relay.log()).contains("process.camel.yaml:", "redactEvnts", "catalog.camel.yaml:", "catalog.conectTimeout", "2 problems").doesNotContain("\tat ");
        assertThat(installation.relay.launchBeside("validate", "--json", routes.toString()).waitFor()).isEqualTo(1);
        assertThat(installation.relay.log()).contains("\"valid\" : false");
        assertThat(installation.relay.launchBeside("validate", nowhere).waitFor()).isEqualTo(1);
        assertThat(installation.relay.log()).contains(nowhere + " is no folder").doesNotContain("\tat ");
        assertThat(Path.of(nowhere)).doesNotExist();
    }
}

package io.insightsrelay.promises;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import io.insightsrelay.testing.Engine;
import io.insightsrelay.testing.Installation;
import io.insightsrelay.testing.TestServer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.util.FileSystemUtils;

/** one-poison-event-blocks-nobody: a few events out of many are poison; they alone are dead letters, the others arrive once. */
class PoisonIT {

    private static final int EVENTS = 2_000;
    private static final List<Integer> POISON = List.of(0, 700, 701, 1_999);

    @TempDir
    Path folder;
    private Installation installation;

    /** The same promises hold whatever the engine. */
    Engine engine() {
        return Engine.EMBEDDED;
    }

    @BeforeEach
    void prepare() {
        installation = new Installation(folder, engine());
    }

    @AfterEach
    void close() {
        installation.close();
    }

    private void onlyPoisonDies(String reason) {
        installation.post(EVENTS);
        // promptly: what is good does not wait for what is poison
        await().atMost(Duration.ofSeconds(30)).until(() -> installation.delivered() >= EVENTS - POISON.size());
        // what nobody answers for could be an outage, until another event gets through
        await().atMost(Duration.ofSeconds(60)).pollInterval(Duration.ofMillis(300)).until(() -> {
            installation.post();
            return installation.books().path("dead").asInt() == POISON.size();
        });
        installation.awaitDrained(Duration.ofSeconds(30));
        assertThat(installation.dead()).containsExactlyInAnyOrderElementsOf(POISON);
        assertThat(installation.check()).isZero();
        assertThat(installation.arrived).hasSize(installation.posted() - POISON.size()).doesNotHaveDuplicates().doesNotContainAnyElementsOf(POISON);
        JsonNode letters = installation.json("/management/dead-letters").path("deadLetters");
        letters.forEach(letter -> assertThat(letter.path("reason").asText()).contains(reason));
    }

    @Test
    void anEventThatIsAlwaysRefused() {
        installation.faults(number -> POISON.contains(number) ? TestServer.status(400) : null);
        installation.start();
        onlyPoisonDies("answered 400");
    }

    @Test
    void anEventThatIsAlwaysAnsweredWithAReset() {
        installation.faults(number -> POISON.contains(number) ? TestServer.reset() : null);
        installation.start();
        onlyPoisonDies("Exception");
    }

    @Test
    void anEventThatIsAlwaysAnsweredWithGarbage() {
        installation.faults(number -> POISON.contains(number) ? TestServer.garbage() : null);
        installation.start();
        onlyPoisonDies("Exception");
    }

    /** A step that throws for these events, as an operator may write it, where an event is at hand. */
    private static String step() {
        String condition = "${exchangeProperty.event.body.toString()} regex '.*\"e(" + String.join("|", POISON.stream().map(String::valueOf).toList()) + ")\".*'";
        return "- filter:\n    id: break-poison\n    expression:\n      simple:\n        expression: \"" + condition.replace("\"", "\\\"") + "\"\n"
                + "    steps:\n      - throwException:\n          id: throw-at-poison\n          exceptionType: java.lang.IllegalStateException\n          message: this step cannot take it\n";
    }

    /** The same where a list of events is. */
    private static String stepForEach() {
        return "- split:\n    id: break-each\n    aggregationStrategy: keepOutcomes\n    expression:\n      simple:\n        expression: ${body}\n"
                + "    steps:\n      - setProperty:\n          id: remember-event\n          name: event\n          expression:\n            simple:\n              expression: ${body}\n"
                + step().indent(6);
    }

    private void insert(String file, String before, String step) throws IOException {
        Path routes = folder.resolve("routes");
        FileSystemUtils.copyRecursively(Path.of("routes"), routes);
        String text = Files.readString(routes.resolve(file));
        assertThat(text).contains(before);
        Files.writeString(routes.resolve(file), text.replace(before, step.indent(before.indexOf('-')) + before));
        installation.relay.with("RELAY_ROUTES_DIR", routes);
        installation.start();
    }

    @Test
    void anEventThatBreaksEnrichment() throws Exception {
        insert("process.camel.yaml", "        - process:\n            id: enrich\n", stepForEach());
        onlyPoisonDies("this step cannot take it");
    }

    @Test
    void anEventThatBreaksItsEncoding() throws Exception {
        insert("deliver-spotify.camel.yaml", "                  - process:\n                      id: encode-form\n", step());
        onlyPoisonDies("this step cannot take it");
    }

    @Test
    void aRefThatTheCatalogRefusesToAnswerAboutCostsOthersNothing() {
        installation.portal.catalogTrouble(request -> request.text().contains("component:default/c7\"") ? TestServer.status(400) : null);
        installation.start();
        installation.post(EVENTS);
        installation.awaitDrained(Duration.ofSeconds(60));
        assertThat(installation.check()).isZero();
        assertThat(installation.arrived).hasSize(EVENTS);
    }
}

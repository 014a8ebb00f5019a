package io.insightsrelay.routes;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.networknt.schema.JsonSchema;
import com.networknt.schema.JsonSchemaFactory;
import com.networknt.schema.SchemaValidatorsConfig;
import com.networknt.schema.SpecVersion;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.yaml.snakeyaml.Yaml;

/** Every route file against Camel's own schema, in its canonical form, with an id at every route and step. */
class RouteFilesTest {

    private static final ObjectMapper MAPPER = new ObjectMapper();
    /** What holds a step's own steps, or is no step. */
    private static final Set<String> EXPRESSIONS = Set.of("simple", "constant", "header", "exchangeProperty", "jsonpath");

    static final JsonSchema SCHEMA = JsonSchemaFactory.getInstance(SpecVersion.VersionFlag.V4)
            .getSchema(RouteFilesTest.class.getResourceAsStream("/schema/camelYamlDsl.json"), SchemaValidatorsConfig.builder().cacheRefs(false).build());

    static List<Path> files() {
        try (Stream<Path> files = Stream.of("routes", "bench", "docs").flatMap(RouteFilesTest::walk)) {
            // kamelets are for KameletFilesTest
            return files.filter(file -> file.toString().endsWith(".yaml") && !file.toString().endsWith(RouteFile.KAMELET)).sorted().toList();
        }
    }

    private static Stream<Path> walk(String folder) {
        try {
            return Files.walk(Path.of(folder));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static JsonNode read(Path file) throws IOException {
        try (InputStream yaml = Files.newInputStream(file)) {
            return MAPPER.valueToTree(new Yaml().load(yaml));
        }
    }

    @ParameterizedTest
    @MethodSource("files")
    void matchesCamelsSchema(Path file) throws IOException {
        assertThat(file.toString()).endsWith(".camel.yaml");
        assertThat(SCHEMA.validate(read(file))).isEmpty();
    }

    @ParameterizedTest
    @MethodSource("files")
    void isCanonicalWithAnIdAtEveryRouteAndStep(Path file) throws IOException {
        List<String> faults = new ArrayList<>();
        for (JsonNode item : read(file)) {
            assertThat(item.has("route") || item.has("routeConfiguration") || item.has("beans")).as("only route, routeConfiguration and beans stand in %s", file).isTrue();
            JsonNode route = item.path("route");
            if (item.has("route")) {
                check(route.has("id"), faults, "a route without id");
                check(route.path("from").has("id"), faults, "a from without id in " + route.path("id"));
                check(!route.path("from").path("uri").asText().contains("?"), faults, "options in the uri of " + route.path("id"));
                steps(route.path("from").path("steps"), faults);
            }
        }
        assertThat(faults).isEmpty();
    }

    static void steps(JsonNode steps, List<String> faults) {
        for (JsonNode step : steps) {
            Map.Entry<String, JsonNode> definition = step.properties().iterator().next();
            JsonNode options = definition.getValue();
            check(options.isObject() && options.has("id"), faults, "a step without id: " + step);
            check(EXPRESSIONS.stream().noneMatch(options::has), faults, "an expression that is not under expression: " + step);
            check(!options.path("uri").asText().contains("?"), faults, "options in the uri: " + step);
            steps(options.path("steps"), faults);
            options.path("when").forEach(when -> {
                check(when.has("id"), faults, "a when without id: " + when);
                steps(when.path("steps"), faults);
            });
            steps(options.path("otherwise").path("steps"), faults);
        }
    }

    private static void check(boolean holds, List<String> faults, String fault) {
        if (!holds) {
            faults.add(fault);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"embedded", "kafka"})
    void idsAreUniqueWithEachEngine(String engine) throws IOException {
        List<String> ids = new ArrayList<>();
        // a recipe of the cookbook takes the place of a file
        for (Path file : files().stream().filter(file -> !file.startsWith("docs") && (!file.startsWith("routes/engine") || file.startsWith("routes/engine/" + engine))).toList()) {
            read(file).findValues("id").forEach(id -> ids.add(id.asText()));
        }
        assertThat(ids).isNotEmpty().doesNotHaveDuplicates();
    }
}

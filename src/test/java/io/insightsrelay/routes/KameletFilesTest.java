package io.insightsrelay.routes;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Every kamelet against Camel's conventions and schema, and docs/building-blocks.md against the kamelets; what tools read of the components. */
class KameletFilesTest {

    private static final Path BLOCKS = Path.of("docs/building-blocks.md");
    private static final Pattern PLACEHOLDER = Pattern.compile("\\{\\{\\??([^}:]+)}}");

    static List<Path> files() throws IOException {
        try (Stream<Path> files = Files.list(Path.of("routes/kamelets"))) {
            return files.sorted().toList();
        }
    }

    @ParameterizedTest
    @MethodSource("files")
    void isAKameletWithEveryOptionDocumented(Path file) throws IOException {
        JsonNode kamelet = RouteFilesTest.read(file);
        String name = file.getFileName().toString().replace(RouteFile.KAMELET, "");
        assertThat(kamelet.path("apiVersion").asText()).isEqualTo("camel.apache.org/v1");
        assertThat(kamelet.path("kind").asText()).isEqualTo("Kamelet");
        assertThat(kamelet.at("/metadata/name").asText()).isEqualTo(name);
        assertThat(kamelet.path("metadata").path("labels").path("camel.apache.org/kamelet.type").asText()).isIn("source", "sink", "action").isEqualTo(name.substring(name.lastIndexOf('-') + 1));
        JsonNode annotations = kamelet.path("metadata").path("annotations");
        for (String annotation : List.of("provider", "kamelet.group", "kamelet.namespace", "kamelet.support.level")) {
            assertThat(annotations.path("camel.apache.org/" + annotation).asText()).as(annotation).isNotBlank();
        }
        String icon = annotations.path("camel.apache.org/kamelet.icon").asText();
        assertThat(icon).startsWith("data:image/svg+xml;base64,");
        assertThat(new String(Base64.getDecoder().decode(icon.substring(icon.indexOf(',') + 1)), StandardCharsets.UTF_8)).startsWith("<svg ").endsWith("</svg>");
        JsonNode definition = kamelet.at("/spec/definition");
        assertThat(definition.path("title").asText()).isNotBlank();
        assertThat(definition.path("description").asText()).isNotBlank();
        assertThat(definition.path("type").asText()).isEqualTo("object");
        assertThat(definition.path("properties")).isNotEmpty();
        List<String> required = new ArrayList<>();
        definition.path("required").forEach(option -> required.add(option.asText()));
        definition.path("properties").properties().forEach(option -> {
            JsonNode property = option.getValue();
            assertThat(property.path("title").asText()).as(option.getKey()).isNotBlank();
            assertThat(property.path("description").asText()).as(option.getKey()).isNotBlank();
            assertThat(property.path("type").asText()).as(option.getKey()).isIn("string", "integer", "boolean");
            assertThat(property.has("default")).as(option.getKey() + " has a default or is required").isNotEqualTo(required.contains(option.getKey()));
        });
        assertThat(definition.path("properties").properties().stream().map(Map.Entry::getKey)).containsAll(required);
    }

    @ParameterizedTest
    @MethodSource("files")
    void theTemplateIsCanonicalAndUsesEveryOptionAndNoOther(Path file) throws IOException {
        JsonNode kamelet = RouteFilesTest.read(file);
        assertThat(RouteFilesTest.SCHEMA.validate(RouteSchema.asRouteTemplate(kamelet))).isEmpty();
        JsonNode from = kamelet.at("/spec/template/from");
        List<String> faults = new ArrayList<>();
        assertThat(from.path("id").asText()).isNotBlank();
        assertThat(from.path("uri").asText()).doesNotContain("?");
        RouteFilesTest.steps(from.path("steps"), faults);
        assertThat(faults).isEmpty();
        Set<String> used = new TreeSet<>();
        Matcher placeholder = PLACEHOLDER.matcher(kamelet.at("/spec/template").toString());
        while (placeholder.find()) {
            used.add(placeholder.group(1));
        }
        kamelet.at("/spec/template/beans").forEach(bean -> used.remove(bean.path("name").asText()));
        Set<String> options = new TreeSet<>();
        kamelet.at("/spec/definition/properties").fieldNames().forEachRemaining(options::add);
        assertThat(used).isEqualTo(options);
    }

    /** On a mismatch the message shows the section as it has to be. */
    @ParameterizedTest
    @MethodSource("files")
    void theBookSaysWhatTheDefinitionSays(Path file) throws IOException {
        JsonNode kamelet = RouteFilesTest.read(file);
        JsonNode definition = kamelet.at("/spec/definition");
        List<String> required = new ArrayList<>();
        definition.path("required").forEach(option -> required.add(option.asText()));
        StringBuilder section = new StringBuilder("### `" + kamelet.at("/metadata/name").asText() + "`\n\n" + definition.path("description").asText()
                + "\n\n| option | | default |\n|---|---|---|\n");
        definition.path("properties").properties().forEach(option -> section.append("| `").append(option.getKey()).append("` | ").append(option.getValue().path("description").asText())
                .append(" | ").append(required.contains(option.getKey()) ? "required" : option.getValue().path("default").asText().isEmpty() ? "empty"
                        : "`" + option.getValue().path("default").asText() + "`").append(" |\n"));
        assertThat(Files.readString(BLOCKS)).contains(section.toString());
    }

    @ParameterizedTest
    @ValueSource(strings = {"spool", "deliver/delivery"})
    void toolsFindWhatTheComponentsOptionsMean(String component) throws IOException {
        String name = component.substring(component.indexOf('/') + 1);
        try (InputStream json = KameletFilesTest.class.getResourceAsStream("/META-INF/io/insightsrelay/" + component.split("/")[0] + "/" + name + ".json")) {
            JsonNode catalog = new ObjectMapper().readTree(json);
            assertThat(catalog.at("/component/scheme").asText()).isEqualTo(name);
            assertThat(catalog.at("/component/title").asText()).isNotBlank();
            assertThat(catalog.at("/component/description").asText()).isNotBlank().doesNotContain("{", "@");
            catalog.path("properties").properties().forEach(option -> {
                assertThat(option.getValue().path("displayName").asText()).as(option.getKey()).isNotBlank();
                assertThat(option.getValue().path("description").asText()).as(option.getKey()).isNotBlank();
            });
        }
    }

    @Test
    void theBlocksHaveTheDefaultsOfTheSettings() throws IOException {
        JsonNode batch = RouteFilesTest.read(Path.of("application.yaml")).at("/deliver/batch");
        JsonNode source = RouteFilesTest.read(Path.of("routes/kamelets/spool-source.kamelet.yaml")).at("/spec/definition/properties");
        assertThat(source.at("/batchSize/default")).isEqualTo(batch.path("size"));
        assertThat(source.at("/maxBytes/default")).isEqualTo(batch.path("maxBytes"));
        assertThat(source.at("/linger/default")).isEqualTo(batch.path("linger"));
    }
}

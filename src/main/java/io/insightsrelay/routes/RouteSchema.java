package io.insightsrelay.routes;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.networknt.schema.JsonSchema;
import com.networknt.schema.JsonSchemaFactory;
import com.networknt.schema.PathType;
import com.networknt.schema.SchemaValidatorsConfig;
import com.networknt.schema.SpecVersion;
import com.networknt.schema.ValidationMessage;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Camel's schema of the YAML DSL, as camel-yaml-dsl carries it. Holding it takes tens of megabytes, so it is made for one check and
 * forgotten. Used by one thread.
 */
final class RouteSchema {

    private static final int MOST_PROBLEMS_A_FILE = 10;
    /** What these say is said better by what failed below them. */
    private static final Set<String> SUMMARIES = Set.of("anyOf", "oneOf", "not", "allOf");

    private final JsonSchema schema = JsonSchemaFactory.getInstance(SpecVersion.VersionFlag.V4)
            .getSchema(RouteSchema.class.getResourceAsStream("/schema/camelYamlDsl.json"),
                    SchemaValidatorsConfig.builder().pathType(PathType.JSON_POINTER).cacheRefs(false).preloadJsonSchema(false).build());

    List<RouteProblem> check(RouteFile file) {
        if (file.isKamelet()) {
            List<RouteProblem> problems = checkKamelet(file);
            return problems.isEmpty() ? check(file, asRouteTemplate(file.content()), "/0/routeTemplate", "/spec/template") : problems;
        }
        if (!file.content().isArray()) {
            return List.of(file.problemAt("", "a file of routes is a list: - route: ..."));
        }
        return check(file, file.content(), "", "");
    }

    /** What Camel's loader of kamelets needs; it fails with a NullPointerException, or later. */
    private static List<RouteProblem> checkKamelet(RouteFile file) {
        JsonNode kamelet = file.content();
        List<RouteProblem> problems = new ArrayList<>();
        String name = file.path().getFileName().toString().replace(RouteFile.KAMELET, "");
        expect(kamelet.at("/apiVersion").asText().equals("camel.apache.org/v1"), file, "/apiVersion", "apiVersion has to be camel.apache.org/v1", problems);
        expect(kamelet.at("/kind").asText().equals("Kamelet"), file, "/kind", "kind has to be Kamelet", problems);
        expect(kamelet.at("/metadata/name").asText().equals(name), file, "/metadata/name", "metadata.name has to be " + name + ", as the file's name says", problems);
        expect(kamelet.at("/spec/template/from").isObject(), file, "/spec/template", "spec.template has to be a route: from: ...", problems);
        JsonNode definition = kamelet.at("/spec/definition");
        expect(definition.isObject(), file, "/spec/definition", "spec.definition has to be there, with title, description and properties", problems);
        RouteFile.children(definition.path("properties")).forEach(option -> expect(option.getValue().isObject(), file, "/spec/definition/properties/" + option.getKey(),
                "an option is an object with title, description, type and default", problems));
        definition.path("required").forEach(required -> expect(definition.path("properties").has(required.asText()), file, "/spec/definition/required",
                "the required option " + required.asText() + " is none of the properties", problems));
        return problems;
    }

    private static void expect(boolean holds, RouteFile file, String pointer, String message, List<RouteProblem> problems) {
        if (!holds) {
            problems.add(file.problemAt(pointer, message));
        }
    }

    /** A kamelet's template in the form in which the schema knows it. */
    static JsonNode asRouteTemplate(JsonNode kamelet) {
        ObjectNode template = kamelet.at("/spec/template").deepCopy();
        template.put("id", kamelet.at("/metadata/name").asText());
        ArrayNode list = JsonNodeFactory.instance.arrayNode();
        list.addObject().set("routeTemplate", template);
        return list;
    }

    /** Places in the content begin with {@code prefix} where those in the file begin with {@code by}. */
    private List<RouteProblem> check(RouteFile file, JsonNode content, String prefix, String by) {
        Map<String, List<ValidationMessage>> byPlace = new LinkedHashMap<>();
        for (ValidationMessage message : schema.validate(content)) {
            if (!SUMMARIES.contains(message.getType())) {
                String place = message.getInstanceLocation().toString();
                byPlace.computeIfAbsent(place.startsWith(prefix) ? by + place.substring(prefix.length()) : by, at -> new ArrayList<>()).add(message);
            }
        }
        List<RouteProblem> problems = new ArrayList<>();
        byPlace.entrySet().stream()
                // of a place and one within it the inner is at fault
                .filter(entry -> byPlace.keySet().stream().noneMatch(other -> other.startsWith(entry.getKey() + "/")))
                .sorted(Comparator.comparing(Map.Entry::getKey)).limit(MOST_PROBLEMS_A_FILE)
                .forEach(entry -> problems.add(describe(file, entry.getKey(), entry.getValue())));
        return problems;
    }

    private static RouteProblem describe(RouteFile file, String place, List<ValidationMessage> messages) {
        for (ValidationMessage message : messages) {
            if (message.getType().equals("additionalProperties") && message.getProperty() != null) {
                return file.problemAt(place + "/" + message.getProperty().replace("~", "~0").replace("/", "~1"),
                        "Camel knows no " + message.getProperty() + " here" + knownBy(place));
            }
        }
        String said = messages.stream().map(ValidationMessage::getMessage).map(text -> text.substring(text.indexOf(": ") + 2)).distinct().limit(3)
                .reduce((one, other) -> one + "; " + other).orElse("");
        return file.problemAt(place, said);
    }

    private static String knownBy(String place) {
        return place.matches(".*/steps/\\d+") ? ": it is none of its steps" : ": it is no option of " + place.substring(place.lastIndexOf('/') + 1);
    }
}

package io.insightsrelay.routes;

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
        if (!file.content().isArray()) {
            return List.of(file.problemAt("", "a file of routes is a list: - route: ..."));
        }
        Map<String, List<ValidationMessage>> byPlace = new LinkedHashMap<>();
        for (ValidationMessage message : schema.validate(file.content())) {
            if (!SUMMARIES.contains(message.getType())) {
                byPlace.computeIfAbsent(message.getInstanceLocation().toString(), place -> new ArrayList<>()).add(message);
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

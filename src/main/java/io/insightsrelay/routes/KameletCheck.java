package io.insightsrelay.routes;

import com.fasterxml.jackson.databind.JsonNode;
import java.net.URISyntaxException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.apache.camel.util.URISupport;

/**
 * The options of kamelets where routes use them, against their definitions: Camel itself takes any option that a kamelet is given, and
 * forgets those that it does not have. Used by one thread.
 */
final class KameletCheck {

    /** What a kamelet endpoint has besides the options of the kamelet. */
    private static final Set<String> OPTIONS_OF_ENDPOINTS = Set.of("block", "bridgeErrorHandler", "exceptionHandler", "exchangePattern", "failIfNoConsumers",
            "lazyStartProducer", "noErrorHandler", "routeId", "timeout");

    private final Map<String, JsonNode> definitions = new TreeMap<>();
    private final List<RouteProblem> problems = new ArrayList<>();
    private final Set<String> consumed;

    private KameletCheck(List<RouteFile> files, Set<String> consumed) {
        this.consumed = consumed;
        files.stream().filter(RouteFile::isKamelet).forEach(file -> definitions.put(file.items().get(0).id(), file.content().at("/spec/definition")));
    }

    /**
     * What is wrong with the uses of kamelets.
     *
     * @param files    all files
     * @param consumed the endpoints that routes consume from
     */
    static List<RouteProblem> check(List<RouteFile> files, Set<String> consumed) {
        KameletCheck check = new KameletCheck(files, consumed);
        files.forEach(file -> check.walk(file, file.content(), ""));
        return check.problems;
    }

    private void walk(RouteFile file, JsonNode node, String pointer) {
        if (node.isTextual()) {
            String name = RouteFile.kameletOf(node.asText());
            if (name != null && !pointer.endsWith("/uri")) {
                use(file, pointer, name, Map.of(), node.asText());
            }
            return;
        }
        for (Map.Entry<String, JsonNode> entry : RouteFile.children(node)) {
            JsonNode child = entry.getValue();
            String place = pointer + "/" + entry.getKey();
            String uri = child.path("uri").asText();
            String name = entry.getKey().equals("kamelet") && child.path("name").isTextual() ? child.path("name").asText() : RouteFile.kameletOf(uri);
            if (name != null && child.isObject()) {
                Map<String, JsonNode> given = new LinkedHashMap<>();
                child.path("parameters").properties().forEach(option -> given.put(option.getKey(), option.getValue()));
                use(file, place, name, given, uri);
            }
            walk(file, child, place);
        }
    }

    private void use(RouteFile file, String place, String name, Map<String, JsonNode> parameters, String uri) {
        JsonNode definition = definitions.get(name);
        String at = place + (parameters.isEmpty() && !uri.isEmpty() ? "/uri" : "");
        if (definition == null) {
            problems.add(file.problemAt(at, "there is no kamelet " + name + (definitions.isEmpty() ? "; the folder kamelets has none" : "; there are " + String.join(", ", definitions.keySet()))));
            return;
        }
        Set<String> given = new HashSet<>(parameters.keySet());
        given.addAll(optionsIn(uri));
        for (String option : given) {
            JsonNode property = definition.path("properties").path(option);
            String pointer = parameters.containsKey(option) ? place + "/parameters/" + option : at;
            if (!property.isMissingNode()) {
                String fault = parameters.containsKey(option) ? fault(property, parameters.get(option).asText()) : null;
                if (fault != null) {
                    problems.add(file.problemAt(pointer, option + " of " + name + " is " + parameters.get(option).asText() + "; it has to be " + fault));
                }
            } else if (!OPTIONS_OF_ENDPOINTS.contains(option)) {
                List<String> known = new ArrayList<>();
                definition.path("properties").fieldNames().forEachRemaining(known::add);
                problems.add(file.problemAt(pointer, name + " has no option " + option + "; it has " + String.join(", ", known)));
            }
        }
        definition.path("required").forEach(required -> {
            if (!given.contains(required.asText()) && definition.path("properties").path(required.asText()).path("default").isMissingNode()) {
                problems.add(file.problemAt(at, name + " needs the option " + required.asText()));
            }
        });
        definition.path("properties").properties().forEach(option -> {
            String value = option.getValue().path("default").asText();
            if (!given.contains(option.getKey()) && value.startsWith("direct:") && !consumed.contains(value)) {
                problems.add(file.problemAt(at, "no route consumes from " + value + ", which is the default of " + name + "'s option " + option.getKey()));
            }
        });
    }

    private static Set<String> optionsIn(String uri) {
        try {
            return uri.contains("?") ? URISupport.parseQuery(uri.substring(uri.indexOf('?') + 1)).keySet() : Set.of();
        } catch (URISyntaxException e) {
            // the route cannot be built, which says it better
            return Set.of();
        }
    }

    /** What the value has to be instead; null if it is that, or is put together when the route is built. */
    private static String fault(JsonNode property, String value) {
        if (value.contains("{{") || value.contains("${")) {
            return null;
        }
        List<String> allowed = new ArrayList<>();
        property.path("enum").forEach(one -> allowed.add(one.asText()));
        if (!allowed.isEmpty() && !allowed.contains(value)) {
            return "one of " + String.join(", ", allowed);
        }
        return switch (property.path("type").asText()) {
            case "integer" -> value.matches("[+-]?\\d+") ? null : "a whole number";
            case "number" -> value.matches("[+-]?\\d+(\\.\\d+)?") ? null : "a number";
            case "boolean" -> value.matches("true|false") ? null : "true or false";
            default -> null;
        };
    }
}

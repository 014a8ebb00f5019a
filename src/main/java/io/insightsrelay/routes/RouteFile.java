package io.insightsrelay.routes;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.insightsrelay.config.Placeholders;
import java.io.StringReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.camel.CamelContext;
import org.apache.camel.impl.engine.DefaultRoutesLoader;
import org.apache.camel.spi.Resource;
import org.apache.camel.support.ResourceHelper;
import org.springframework.lang.Nullable;
import org.yaml.snakeyaml.DumperOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.error.Mark;
import org.yaml.snakeyaml.error.MarkedYAMLException;
import org.yaml.snakeyaml.error.YAMLException;
import org.yaml.snakeyaml.nodes.MappingNode;
import org.yaml.snakeyaml.nodes.Node;
import org.yaml.snakeyaml.nodes.NodeTuple;
import org.yaml.snakeyaml.nodes.ScalarNode;
import org.yaml.snakeyaml.nodes.SequenceNode;

/** A file of the routes folder: a list of routes, route configurations and beans, and where in the file everything stands. Immutable. */
final class RouteFile {

    /** What cannot be read as YAML at all. */
    static final class Unreadable extends Exception {
        private static final long serialVersionUID = 1;
        private final transient RouteProblem problem;

        Unreadable(RouteProblem problem) {
            super(problem.toString());
            this.problem = problem;
        }

        RouteProblem problem() {
            return problem;
        }
    }

    /**
     * One entry of the list.
     *
     * @param id       of the route or the route configuration, the names of beans; where there is none its place in the file
     * @param kind     route, routeConfiguration, beans and so on
     * @param place    in the list, from 0
     * @param content  what it says, without comments and layout
     * @param resource the file with nothing in it but this entry, at its line
     * @param from     the URI that the route consumes from; null for what is no route
     * @param calls    the {@code direct:} endpoints that it names
     * @param beans    the names of the beans that it defines
     * @param settings the keys of settings that it refers to
     */
    record Item(String id, String kind, int place, JsonNode content, Resource resource, @Nullable String from, Set<String> calls, Set<String> beans, Set<String> settings) {

        boolean isRoute() {
            return kind.equals("route");
        }

        /** Whether one of the beans may be part of it. */
        boolean mentions(Set<String> names) {
            return names.stream().anyMatch(content.toString()::contains);
        }

        /** Has Camel read it, by a loader of its own: one that has read a bean of that name and type before would leave the old one in place. */
        void load(CamelContext context) throws Exception {
            try (DefaultRoutesLoader loader = new DefaultRoutesLoader(context)) {
                loader.loadRoutes(resource);
            }
        }
    }

    private static final ObjectMapper MAPPER = new ObjectMapper();
    private static final String DIRECT = "direct:";
    /** {@code lookUpEntities} asks the catalog through this route, which no file says. */
    static final Map<String, String> CALLED_BY_BEANS = Map.of("lookUpEntities", "direct:fetch-entities");

    private final Path path;
    private final JsonNode content;
    private final Node root;
    private final List<Item> items = new ArrayList<>();

    /**
     * Reads a file.
     *
     * @throws Unreadable if it is no YAML
     */
    RouteFile(Path path, String text) throws Unreadable {
        this.path = path;
        try {
            Yaml yaml = new Yaml();
            root = yaml.compose(new StringReader(text));
            content = MAPPER.valueToTree(yaml.<Object>load(text));
        } catch (MarkedYAMLException e) {
            Mark mark = e.getProblemMark() == null ? e.getContextMark() : e.getProblemMark();
            throw new Unreadable(new RouteProblem(path.toString(), mark == null ? null : mark.getLine() + 1, mark == null ? null : mark.getColumn() + 1,
                    "this is no YAML: " + (e.getContext() == null ? "" : e.getContext() + ", ") + e.getProblem()));
        } catch (YAMLException | IllegalArgumentException e) {
            throw new Unreadable(new RouteProblem(path.toString(), null, null, "this is no YAML: " + e.getMessage()));
        }
        if (root instanceof SequenceNode list) {
            List<String> lines = text.lines().toList();
            for (int i = 0; i < list.getValue().size(); i++) {
                item(list, i, lines);
            }
        }
    }

    private void item(SequenceNode list, int place, List<String> lines) {
        JsonNode entry = content.path(place);
        if (!entry.isObject() || entry.isEmpty()) {
            return;
        }
        String kind = entry.fieldNames().next();
        JsonNode definition = entry.get(kind);
        Set<String> beans = new LinkedHashSet<>();
        if (kind.equals("beans")) {
            definition.forEach(bean -> beans.add(bean.path("name").asText()));
        }
        String id = definition.path("id").isTextual() ? definition.path("id").asText() : beans.isEmpty() ? path.getFileName() + "#" + place : String.join(", ", beans);
        Set<String> calls = new LinkedHashSet<>();
        collectCalls(definition.path("from").path("steps"), calls);
        String from = kind.equals("route") ? definition.path("from").path("uri").asText() : null;
        items.add(new Item(id, kind, place, entry, resource(list, place, lines), from, calls, beans, Placeholders.keys(texts(entry))));
    }

    private static String texts(JsonNode node) {
        if (node.isValueNode()) {
            return node.asText();
        }
        StringBuilder texts = new StringBuilder();
        node.forEach(child -> texts.append(texts(child)).append('\n'));
        return texts.toString();
    }

    private static void collectCalls(JsonNode node, Set<String> calls) {
        if (node.isTextual()) {
            String text = node.asText();
            String called = text.startsWith(DIRECT) ? text.split("\\?")[0] : CALLED_BY_BEANS.get(text);
            if (called != null) {
                calls.add(called);
            }
        } else {
            node.forEach(child -> collectCalls(child, calls));
        }
    }

    /** The lines of the entry below as many empty ones, so that what Camel says of it names the right line. */
    private Resource resource(SequenceNode list, int place, List<String> lines) {
        int begin = list.getValue().get(place).getStartMark().getLine();
        int end = place + 1 < list.getValue().size() ? list.getValue().get(place + 1).getStartMark().getLine() : lines.size();
        boolean ownLines = list.getFlowStyle() == DumperOptions.FlowStyle.BLOCK && begin < end;
        String text = ownLines ? "\n".repeat(begin) + String.join("\n", lines.subList(begin, end)) + "\n"
                : new Yaml().dump(List.of(MAPPER.convertValue(content.get(place), Object.class)));
        return ResourceHelper.fromBytes("file:" + path, text.getBytes(StandardCharsets.UTF_8));
    }

    Path path() {
        return path;
    }

    JsonNode content() {
        return content;
    }

    List<Item> items() {
        return items;
    }

    /** A problem with what a JSON pointer into the content leads to. */
    RouteProblem problemAt(String pointer, String message) {
        Node node = root;
        Mark mark = root == null ? null : root.getStartMark();
        for (String segment : pointer.isEmpty() ? List.<String>of() : List.of(pointer.substring(1).split("/"))) {
            String name = segment.replace("~1", "/").replace("~0", "~");
            Node next = null;
            if (node instanceof SequenceNode list && name.matches("\\d+") && Integer.parseInt(name) < list.getValue().size()) {
                next = list.getValue().get(Integer.parseInt(name));
                mark = next.getStartMark();
            } else if (node instanceof MappingNode map) {
                for (NodeTuple entry : map.getValue()) {
                    if (entry.getKeyNode() instanceof ScalarNode key && key.getValue().equals(name)) {
                        next = entry.getValueNode();
                        mark = key.getStartMark();
                    }
                }
            }
            if (next == null) {
                break;
            }
            node = next;
        }
        return new RouteProblem(path.toString(), mark == null ? null : mark.getLine() + 1, mark == null ? null : mark.getColumn() + 1, message);
    }

    /** Pointers to every text in the content that begins with {@code direct:}. */
    Map<String, String> directTexts() {
        Map<String, String> found = new LinkedHashMap<>();
        directTexts(content, "", found);
        return found;
    }

    private static void directTexts(JsonNode node, String pointer, Map<String, String> found) {
        if (node.isTextual() && node.asText().startsWith(DIRECT)) {
            found.put(pointer, node.asText().split("\\?")[0]);
        } else if (node.isArray()) {
            for (int i = 0; i < node.size(); i++) {
                directTexts(node.get(i), pointer + "/" + i, found);
            }
        } else {
            node.properties().forEach(entry -> directTexts(entry.getValue(), pointer + "/" + entry.getKey().replace("~", "~0").replace("/", "~1"), found));
        }
    }
}

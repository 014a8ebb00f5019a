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
import java.util.Objects;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
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

/** A file of the routes folder: a list of routes, route configurations and beans, or a kamelet, and where in the file everything stands. Immutable. */
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
     * @param id       of the route or the route configuration, the kamelet's name, the names of beans; where there is none its place in the file
     * @param kind     route, routeConfiguration, kamelet, beans and so on
     * @param place    in the list, from 0
     * @param content  what it says, without comments and layout
     * @param resource the file with nothing in it but this entry, at its line
     * @param from     the URI that the route consumes from, {@code kamelet:name} for a kamelet; null for what is neither
     * @param calls    the {@code direct:} endpoints and the kamelets that it names
     * @param beans    the names of the beans that it defines
     * @param settings the keys of settings that it refers to
     */
    record Item(String id, String kind, int place, JsonNode content, Resource resource, @Nullable String from, Set<String> calls, Set<String> beans, Set<String> settings) {

        boolean isRoute() {
            return kind.equals("route");
        }

        boolean isKamelet() {
            return kind.equals("kamelet");
        }

        /** The names of the kamelets that it uses. */
        Set<String> kamelets() {
            Set<String> names = new LinkedHashSet<>();
            calls.stream().map(RouteFile::kameletOf).filter(Objects::nonNull).forEach(names::add);
            String source = isRoute() ? kameletOf(from) : null;
            if (source != null) {
                names.add(source);
            }
            return names;
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
    private static final Pattern KAMELET_URI = Pattern.compile("kamelet:(?://)?([^/?]+).*");
    /** How the names of kamelets' files end. */
    static final String KAMELET = ".kamelet.yaml";
    private static final String DIRECT = "direct:";
    /** These ask the catalog through this route, which no file says. */
    static final Map<String, String> CALLED_BY_BEANS = Map.of("lookUpEntities", "direct:fetch-entities", "#class:io.insightsrelay.enrich.CatalogLookUp", "direct:fetch-entities");

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
        if (isKamelet()) {
            String name = content.at("/metadata/name").asText();
            Set<String> calls = new LinkedHashSet<>();
            collectCalls(content.path("spec"), calls);
            items.add(new Item(name, "kamelet", 0, content, ResourceHelper.fromBytes("file:" + path, text.getBytes(StandardCharsets.UTF_8)), "kamelet:" + name, calls, Set.of(),
                    Placeholders.keys(texts(content))));
        } else if (root instanceof SequenceNode list) {
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
            String kamelet = kameletOf(text);
            String called = kamelet != null ? "kamelet:" + kamelet : text.startsWith(DIRECT) ? text.split("\\?")[0] : CALLED_BY_BEANS.get(text);
            if (called != null) {
                calls.add(called);
            }
        } else {
            if (node.path("kamelet").path("name").isTextual()) {
                calls.add("kamelet:" + node.path("kamelet").path("name").asText());
            }
            node.forEach(child -> collectCalls(child, calls));
        }
    }

    /** The name of the kamelet that a URI is of; null if it is of none, or of an end of the kamelet that it stands in. */
    @Nullable
    static String kameletOf(String uri) {
        Matcher kamelet = KAMELET_URI.matcher(uri);
        return kamelet.matches() && !kamelet.group(1).equals("source") && !kamelet.group(1).equals("sink") ? kamelet.group(1) : null;
    }

    /** Members of an object by their names, items of a list by their places; names are escaped as JSON pointers have them. */
    static List<Map.Entry<String, JsonNode>> children(JsonNode node) {
        List<Map.Entry<String, JsonNode>> children = new ArrayList<>();
        node.properties().forEach(member -> children.add(Map.entry(member.getKey().replace("~", "~0").replace("/", "~1"), member.getValue())));
        for (int i = 0; node.isArray() && i < node.size(); i++) {
            children.add(Map.entry(String.valueOf(i), node.get(i)));
        }
        return children;
    }

    /** A JSON pointer to where an entry first uses a kamelet; null if it does not. */
    @Nullable
    String useOf(String kamelet, Item item) {
        return useOf(kamelet, item.content(), isKamelet() ? "" : "/" + item.place());
    }

    @Nullable
    private static String useOf(String kamelet, JsonNode node, String pointer) {
        for (Map.Entry<String, JsonNode> child : children(node)) {
            String place = pointer + "/" + child.getKey();
            JsonNode value = child.getValue();
            boolean eip = child.getKey().equals("kamelet") && kamelet.equals(value.path("name").asText());
            String within = eip || value.isTextual() && kamelet.equals(kameletOf(value.asText())) ? place : useOf(kamelet, value, place);
            if (within != null) {
                return within;
            }
        }
        return null;
    }

    /** Whether it is a kamelet rather than a list of routes. */
    boolean isKamelet() {
        return isKamelet(path);
    }

    static boolean isKamelet(Path file) {
        return file.toString().endsWith(KAMELET);
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
        if (isKamelet()) {
            // its options have defaults, which concern nobody before a route uses it
            directTexts(content.at("/spec/template"), "/spec/template", found);
        } else {
            directTexts(content, "", found);
        }
        return found;
    }

    private static void directTexts(JsonNode node, String pointer, Map<String, String> found) {
        if (node.isTextual() && node.asText().startsWith(DIRECT)) {
            found.put(pointer, node.asText().split("\\?")[0]);
        } else {
            children(node).forEach(child -> directTexts(child.getValue(), pointer + "/" + child.getKey(), found));
        }
    }
}

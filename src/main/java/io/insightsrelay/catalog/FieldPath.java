package io.insightsrelay.catalog;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.util.List;
import java.util.Map;
import org.springframework.lang.Nullable;

/**
 * A dotted path into an entity, such as {@code spec.type}. Keys may hold dots and slashes themselves, as annotations do:
 * {@code metadata.annotations.backstage.io/time-saved}. Every way to cut the path into keys is tried, longer keys last.
 * {@code relations.memberOf} means the targets of that type of relation, as in Backstage's filters. Immutable.
 *
 * @param text the path, not empty
 */
public record FieldPath(String text) {

    private static final String RELATIONS = "relations.";
    /** Objects whose keys hold dots; Backstage's own parser of {@code fields} can miss such a key beside a shorter one. */
    private static final List<String> MAPS = List.of("metadata.annotations", "metadata.labels");

    /** Checks the path. */
    public FieldPath {
        if (text == null || text.isBlank() || text.startsWith(".") || text.endsWith(".") || text.contains("..")) {
            throw new IllegalArgumentException("'" + text + "' is no path into an entity; allowed is such as spec.type or metadata.annotations.example.com/cost");
        }
    }

    /** The value at the path, or null where there is none. Keys are compared as they are. */
    @Nullable
    public JsonNode in(JsonNode entity) {
        return find(entity, false);
    }

    /** The same; keys are compared without regard to case, as Backstage's filters do. */
    @Nullable
    public JsonNode inIgnoringCase(JsonNode entity) {
        return find(entity, true);
    }

    /** What to ask for in by-refs' {@code fields} so that {@link #in} finds the value. */
    public String catalogField() {
        if (text.startsWith(RELATIONS)) {
            return "relations";
        }
        return MAPS.stream().filter(map -> text.startsWith(map + ".")).findFirst().orElse(text);
    }

    @Nullable
    private JsonNode find(JsonNode entity, boolean ignoreCase) {
        if (text.regionMatches(true, 0, RELATIONS, 0, RELATIONS.length())) {
            return relations(entity, text.substring(RELATIONS.length()));
        }
        return find(entity, text, ignoreCase);
    }

    @Nullable
    private static JsonNode find(JsonNode node, String path, boolean ignoreCase) {
        for (int end = path.indexOf('.'); ; end = path.indexOf('.', end + 1)) {
            String key = end < 0 ? path : path.substring(0, end);
            JsonNode child = child(node, key, ignoreCase);
            if (child != null) {
                JsonNode found = end < 0 ? child : find(child, path.substring(end + 1), ignoreCase);
                if (found != null) {
                    return found;
                }
            }
            if (end < 0) {
                return null;
            }
        }
    }

    @Nullable
    private static JsonNode child(JsonNode node, String key, boolean ignoreCase) {
        if (node.isArray()) {
            return key.matches("\\d{1,6}") ? node.get(Integer.parseInt(key)) : null;
        }
        JsonNode exact = node.get(key);
        if (exact != null || !ignoreCase || !node.isObject()) {
            return exact;
        }
        for (Map.Entry<String, JsonNode> field : node.properties()) {
            if (field.getKey().equalsIgnoreCase(key)) {
                return field.getValue();
            }
        }
        return null;
    }

    @Nullable
    private static JsonNode relations(JsonNode entity, String type) {
        ArrayNode targets = JsonNodeFactory.instance.arrayNode();
        Entity.related(entity, type).forEach(targets::add);
        return targets.isEmpty() ? null : targets;
    }
}

package io.insightsrelay.catalog;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.springframework.lang.Nullable;

/**
 * Backstage's EntityFilterQuery: a map from dotted path to a value or a list of values, of which any may match; all keys of
 * a map must match; of a list of such maps any may match. Keys and values are compared without regard to case, booleans and
 * numbers as text, a list in the entity matches if one item does. Immutable.
 */
public final class EntityFilter {

    /** Accepts every entity. */
    public static final EntityFilter ALL = new EntityFilter(List.of());

    private final List<Map<FieldPath, List<String>>> anyOf;

    private EntityFilter(List<Map<FieldPath, List<String>>> anyOf) {
        this.anyOf = anyOf;
    }

    /**
     * Reads a filter.
     *
     * @param key  the setting's name, for messages
     * @param from a Map, a List of Maps, or null for no filter
     * @throws IllegalArgumentException if it is neither; names the key, the value and what is allowed
     */
    public static EntityFilter of(String key, @Nullable Object from) {
        if (from == null || from instanceof Collection<?> none && none.isEmpty() || from instanceof Map<?, ?> empty && empty.isEmpty()) {
            return ALL;
        }
        List<Map<FieldPath, List<String>>> anyOf = new ArrayList<>();
        for (Object alternative : from instanceof Collection<?> several ? several : List.of(from)) {
            if (!(alternative instanceof Map<?, ?> map) || map.isEmpty()) {
                throw new IllegalArgumentException(key + " is " + from + "; allowed is a map from a path to a value or a list of values, or a list of such maps");
            }
            Map<FieldPath, List<String>> conditions = new LinkedHashMap<>();
            map.forEach((path, value) -> conditions.put(new FieldPath(String.valueOf(path)), values(key + "." + path, value)));
            anyOf.add(conditions);
        }
        return new EntityFilter(List.copyOf(anyOf));
    }

    /**
     * Reads one filter in the form of Backstage's {@code filter} query parameter: {@code kind=group,spec.type=team,spec.type=department}. All paths have to
     * match; a path that comes again means any of its values.
     *
     * @throws IllegalArgumentException if it has another form; says what is allowed
     */
    public static EntityFilter parse(String query) {
        Map<String, List<String>> conditions = new LinkedHashMap<>();
        for (String condition : query.split(",", -1)) {
            int equals = condition.indexOf('=');
            if (equals < 1 || equals == condition.length() - 1) {
                throw new IllegalArgumentException("the filter is '" + query + "'; allowed is path=value, several separated by commas, such as kind=group,spec.type=team");
            }
            conditions.computeIfAbsent(condition.substring(0, equals).trim(), path -> new ArrayList<>()).add(condition.substring(equals + 1).trim());
        }
        return of("filter", conditions);
    }

    private static List<String> values(String key, @Nullable Object value) {
        Collection<?> several = value instanceof Collection<?> list ? list : value == null ? List.of() : List.of(value);
        if (several.isEmpty() || several.stream().anyMatch(item -> !(item instanceof String || item instanceof Boolean || item instanceof Number))) {
            throw new IllegalArgumentException(key + " is " + value + "; allowed is a string, a number, a boolean, or a list of these");
        }
        return several.stream().map(Object::toString).toList();
    }

    /** Whether it accepts every entity. */
    public boolean acceptsAll() {
        return anyOf.isEmpty();
    }

    /** Whether the entity matches. */
    public boolean matches(JsonNode entity) {
        return anyOf.isEmpty() || anyOf.stream().anyMatch(conditions -> conditions.entrySet().stream()
                .allMatch(condition -> matches(condition.getKey().inIgnoringCase(entity), condition.getValue())));
    }

    private static boolean matches(@Nullable JsonNode found, List<String> values) {
        if (found == null) {
            return false;
        }
        if (found.isArray()) {
            for (JsonNode item : found) {
                if (matches(item, values)) {
                    return true;
                }
            }
            return false;
        }
        return found.isValueNode() && values.stream().anyMatch(value -> value.equalsIgnoreCase(found.asText()));
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof EntityFilter filter && anyOf.equals(filter.anyOf);
    }

    @Override
    public int hashCode() {
        return anyOf.hashCode();
    }

    /** The paths that the filter looks at. */
    public Stream<FieldPath> paths() {
        return anyOf.stream().flatMap(conditions -> conditions.keySet().stream());
    }

    /**
     * The values of by-query's {@code filter} parameters, of which any may match: {@code kind=user,spec.type=a,spec.type=b}. Not yet
     * percent-encoded.
     *
     * @param also conditions that have to match as well
     */
    public List<String> toQuery(Map<String, List<String>> also) {
        return (anyOf.isEmpty() ? List.of(Map.<FieldPath, List<String>>of()) : anyOf).stream().map(conditions -> {
            List<String> all = new ArrayList<>();
            also.forEach((path, values) -> values.forEach(value -> all.add(path + "=" + value)));
            conditions.forEach((path, values) -> values.forEach(value -> all.add(path.text() + "=" + value)));
            return String.join(",", all);
        }).toList();
    }
}

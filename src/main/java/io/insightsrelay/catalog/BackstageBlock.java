package io.insightsrelay.catalog;

import io.insightsrelay.config.Settings;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.core.env.EnumerablePropertySource;
import org.springframework.core.env.PropertySource;

/**
 * Backstage's own {@code backstageInsights} block, pasted unchanged into application.yaml. Spring's binding mangles map keys with
 * dots and slashes, so the names of the properties are read as they are: all that follows
 * {@code backstageInsights.captureIdentityGroupsFilter.} is one path into an entity. Keys that the relay does not know, and
 * {@code hostFilter}, are ignored. Of several property sources that have a key the first one counts, as Spring does with lists.
 *
 * @param captureEntityFields         entity fields beyond the configured ones
 * @param captureIdentityFields       user fields beyond the configured ones
 * @param captureIdentityGroupsFilter which groups of a user are kept
 * @param totalUsersEntityQueryFilter which users are counted
 * @param debug                       whether nothing is delivered
 */
public record BackstageBlock(List<FieldPath> captureEntityFields, List<FieldPath> captureIdentityFields,
                             EntityFilter captureIdentityGroupsFilter, EntityFilter totalUsersEntityQueryFilter, boolean debug) {

    private static final String BLOCK = "backstageInsights.";
    private static final Pattern INDEX = Pattern.compile("(.*)\\[(\\d{1,4})]");
    private static final Pattern ALTERNATIVE = Pattern.compile("\\[(\\d{1,4})]\\.(.+)");

    /**
     * Reads the block; all defaults where there is none.
     *
     * @throws IllegalArgumentException if a value makes no sense; names the key, the value and what is allowed
     */
    public static BackstageBlock from(ConfigurableEnvironment environment) {
        return new BackstageBlock(fields(environment, "captureEntityFields"), fields(environment, "captureIdentityFields"),
                filter(environment, "captureIdentityGroupsFilter"), filter(environment, "totalUsersEntityQueryFilter"), debug(environment));
    }

    /** The block as it is in these settings; see {@link #from}. */
    public static BackstageBlock of(Settings settings) {
        return settings.get(BackstageBlock.class, BackstageBlock::from);
    }

    private static boolean debug(ConfigurableEnvironment environment) {
        Object value = below(environment, BLOCK + "debug").getOrDefault("", "false");
        return switch (value.toString().toLowerCase(Locale.ROOT)) {
            case "true" -> true;
            case "false", "" -> false;
            default -> throw new IllegalArgumentException(BLOCK + "debug is " + value + "; allowed are true and false");
        };
    }

    /** A list, or a string with one path or several separated by commas. */
    private static List<FieldPath> fields(ConfigurableEnvironment environment, String key) {
        List<String> texts = new ArrayList<>();
        below(environment, BLOCK + key).forEach((rest, value) -> {
            if (rest.isEmpty()) {
                texts.addAll(value.toString().isBlank() ? List.of() : Arrays.asList(value.toString().split(",", -1)));
            } else if (INDEX.matcher(rest).matches() && rest.startsWith("[")) {
                texts.add(value.toString());
            } else {
                throw new IllegalArgumentException(BLOCK + key + rest + " is " + value + "; allowed is a path such as spec.type, or a list of paths");
            }
        });
        try {
            return texts.stream().map(String::trim).map(FieldPath::new).toList();
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(BLOCK + key + ": " + e.getMessage(), e);
        }
    }

    private static EntityFilter filter(ConfigurableEnvironment environment, String key) {
        Map<Integer, Map<String, Object>> alternatives = new TreeMap<>();
        below(environment, BLOCK + key).forEach((rest, value) -> {
            Matcher alternative = ALTERNATIVE.matcher(rest);
            if (alternative.matches()) {
                add(alternatives.computeIfAbsent(Integer.valueOf(alternative.group(1)), i -> new LinkedHashMap<>()), alternative.group(2), value);
            } else if (rest.startsWith(".")) {
                add(alternatives.computeIfAbsent(0, i -> new LinkedHashMap<>()), rest.substring(1), value);
            } else if (!value.toString().isEmpty()) {
                throw new IllegalArgumentException(BLOCK + key + rest + " is " + value
                        + "; allowed is a map from a path to a value or a list of values, or a list of such maps");
            }
        });
        return EntityFilter.of(BLOCK + key, List.copyOf(alternatives.values()));
    }

    /** {@code spec.type[1]} is the second of the values of spec.type. */
    private static void add(Map<String, Object> conditions, String path, Object value) {
        Matcher indexed = INDEX.matcher(path);
        if (indexed.matches()) {
            @SuppressWarnings("unchecked")
            List<Object> values = (List<Object>) conditions.computeIfAbsent(indexed.group(1), p -> new ArrayList<>());
            values.add(value);
        } else {
            conditions.put(path, value);
        }
    }

    /** What stands below a key, by the rest of the name, in the order of the file. */
    private static Map<String, Object> below(ConfigurableEnvironment environment, String key) {
        for (PropertySource<?> source : environment.getPropertySources()) {
            Map<String, Object> found = new LinkedHashMap<>();
            if (source instanceof EnumerablePropertySource<?> enumerable) {
                for (String name : enumerable.getPropertyNames()) {
                    String rest = name.startsWith(key) ? name.substring(key.length()) : "?";
                    Object value = enumerable.getProperty(name);
                    if ((rest.isEmpty() || rest.startsWith(".") || rest.startsWith("[")) && value != null) {
                        found.put(rest, value instanceof CharSequence text ? environment.resolvePlaceholders(text.toString()) : value);
                    }
                }
            }
            if (!found.isEmpty()) {
                return found;
            }
        }
        return Map.of();
    }
}

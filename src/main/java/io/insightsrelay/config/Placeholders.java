package io.insightsrelay.config;

import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;

/** Where a text of a route refers to a setting. */
public final class Placeholders {

    /** Camel's property placeholder; the first group is the key. */
    static final Pattern PLACEHOLDER = Pattern.compile("\\{\\{[?!]*([^{}:?]+)(?:[:?][^{}]*)?}}");
    private static final Pattern FUNCTION = Pattern.compile("\\$\\{properties(?:Exist)?:([^{}:]+)(?::[^{}]*)?}");

    private Placeholders() {
    }

    /** The keys that the text refers to, as {@code {{key}}} or {@code ${properties:key}}. */
    public static Set<String> keys(String text) {
        Set<String> keys = new TreeSet<>();
        PLACEHOLDER.matcher(text).results().forEach(found -> keys.add(found.group(1).trim()));
        FUNCTION.matcher(text).results().forEach(found -> keys.add(found.group(1).trim()));
        return keys;
    }
}

package io.insightsrelay.catalog;

import java.net.URLDecoder;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.apache.camel.Exchange;
import org.apache.camel.Processor;

/**
 * Makes the by-query of a total-users request and leaves it in the exchange property {@code query}: users, narrowed by the
 * configured filter and by the caller's {@code filters[<key>][]=<value>} parameters. Removes all headers. Thread-safe.
 */
final class TotalUsersQuery implements Processor {

    private static final Pattern PARAMETER = Pattern.compile("filters\\[([A-Za-z0-9._/-]{1,200})](?:\\[\\d{0,4}])?");
    // a comma or an equals sign would be another condition to the catalog
    private static final Pattern VALUE = Pattern.compile("[^,=\\p{Cntrl}]{1,200}");
    private static final int MOST_VALUES = 100;

    private final EntityFilter configured;

    TotalUsersQuery(EntityFilter configured) {
        this.configured = configured;
    }

    @Override
    public void process(Exchange exchange) {
        String raw = exchange.getMessage().getHeader(Exchange.HTTP_RAW_QUERY, String.class);
        Map<String, List<String>> conditions = new LinkedHashMap<>();
        conditions.put("kind", List.of("user"));
        int values = 0;
        for (String parameter : raw == null || raw.isEmpty() ? new String[0] : raw.split("&")) {
            String[] parts = parameter.split("=", 2);
            Matcher key = PARAMETER.matcher(decode(parts[0]));
            if (!key.matches()) {
                throw new IllegalArgumentException("The parameter " + decode(parts[0]) + " is not known; allowed is filters[<path>][]=<value>");
            }
            String value = parts.length == 2 ? decode(parts[1]) : "";
            if (!VALUE.matcher(value).matches() || ++values > MOST_VALUES) {
                throw new IllegalArgumentException("The value of " + decode(parts[0]) + " has to be 1 to 200 characters without comma and =, and there may be "
                        + MOST_VALUES + " values at most");
            }
            add(conditions, key.group(1), value);
        }
        String query = configured.toQuery(conditions).stream()
                .map(filter -> "filter=" + URLEncoder.encode(filter, StandardCharsets.UTF_8)).collect(Collectors.joining("&"));
        exchange.getMessage().removeHeaders("*");
        exchange.setProperty("query", "limit=0&" + query);
    }

    /** Membership is a relation in the catalog. Kind cannot be asked for: only users are counted. */
    private static void add(Map<String, List<String>> conditions, String path, String value) {
        if (path.equalsIgnoreCase("kind")) {
            throw new IllegalArgumentException("filters[kind] is not allowed: only users are counted");
        }
        if (!path.equals("spec.memberOf")) {
            conditions.computeIfAbsent(path, p -> new ArrayList<>()).add(value);
            return;
        }
        String ref = EntityRef.normalise(value, "group").orElseThrow(() -> new IllegalArgumentException("filters[spec.memberOf] has to be an entity ref, such as group:default/team-a"));
        conditions.computeIfAbsent("relations.memberOf", p -> new ArrayList<>()).add(ref);
    }

    private static String decode(String encoded) {
        try {
            return URLDecoder.decode(encoded, StandardCharsets.UTF_8);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("The query is not percent-encoded");
        }
    }
}

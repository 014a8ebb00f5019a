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
import java.util.stream.Stream;
import org.apache.camel.Exchange;
import org.apache.camel.Processor;

/**
 * Makes what by-query has to count for a total-users request, and leaves it in the exchange property {@code queries}: users,
 * narrowed by the configured filter and by the caller's {@code filters[<key>][]=<value>} parameters. Removes all headers.
 * Thread-safe.
 *
 * <p>by-query takes two values of one key for "any of them", so it cannot be asked for members of two groups at once. Where
 * there are both filters it is asked for the users of the one, of the other, and of either: {@link #total} follows from these.
 */
final class TotalUsersQuery implements Processor {

    private static final Pattern PARAMETER = Pattern.compile("filters\\[([A-Za-z0-9._/-]{1,200})](?:\\[\\d{0,4}])?");
    // a comma or an equals sign would be another condition to the catalog
    private static final Pattern VALUE = Pattern.compile("[^,=\\p{Cntrl}]{1,200}");
    private static final Map<String, List<String>> USERS = Map.of("kind", List.of("user"));
    private static final int MOST_VALUES = 100;

    private final EntityFilter configured;

    TotalUsersQuery(EntityFilter configured) {
        this.configured = configured;
    }

    @Override
    public void process(Exchange exchange) {
        String raw = exchange.getMessage().getHeader(Exchange.HTTP_RAW_QUERY, String.class);
        Map<String, List<String>> conditions = new LinkedHashMap<>();
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
        exchange.getMessage().removeHeaders("*");
        exchange.setProperty("queries", queries(conditions));
    }

    private List<String> queries(Map<String, List<String>> asked) {
        List<String> ofConfigured = configured.toQuery(USERS);
        if (asked.isEmpty()) {
            return List.of(query(ofConfigured));
        }
        Map<String, List<String>> askedOfUsers = new LinkedHashMap<>(USERS);
        askedOfUsers.putAll(asked);
        List<String> ofCaller = EntityFilter.ALL.toQuery(askedOfUsers);
        return configured.acceptsAll() ? List.of(query(ofCaller))
                : List.of(query(ofConfigured), query(ofCaller), query(Stream.concat(ofConfigured.stream(), ofCaller.stream()).toList()));
    }

    private static String query(List<String> filters) {
        return "limit=0&" + filters.stream().map(filter -> "filter=" + URLEncoder.encode(filter, StandardCharsets.UTF_8)).collect(Collectors.joining("&"));
    }

    /** The number of users that were asked for, from the counts of the queries, in their order. */
    static long total(List<Long> counts) {
        // who matches both: those of the one and those of the other, less those of either
        return counts.size() == 1 ? counts.get(0) : Math.max(0, counts.get(0) + counts.get(1) - counts.get(2));
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

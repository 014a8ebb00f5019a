package io.insightsrelay.deliver;

import java.util.Collection;
import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;

/** Every destination that a route delivers to, by name. Thread-safe. */
public final class Destinations {

    private final Map<String, Destination> byName = new ConcurrentSkipListMap<>();

    /** The destination of that name, which need not be known yet. */
    public Destination of(String name) {
        return byName.computeIfAbsent(name, Destination::new);
    }

    /** All that are known, in the order of their names. */
    public Collection<Destination> all() {
        return byName.values();
    }
}

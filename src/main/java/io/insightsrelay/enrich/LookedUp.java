package io.insightsrelay.enrich;

import io.insightsrelay.catalog.Entity;
import io.insightsrelay.event.Event;
import java.util.List;
import java.util.Map;
import org.apache.camel.Exchange;
import org.springframework.lang.Nullable;

/**
 * What the catalog knows about the events of a batch; travels as an exchange property. Not changed once it does.
 *
 * @param events by event, by its identity
 * @param groups by user, by its ref
 */
record LookedUp(Map<Event, Of> events, Map<String, List<Entity>> groups) {

    /** Of one event; null is what the catalog does not know, or the event does not name. */
    record Of(@Nullable Entity entity, @Nullable Entity user) {

        static final Of NOTHING = new Of(null, null);
    }

    static final String PROPERTY = "lookedUp";
    static final LookedUp NOTHING = new LookedUp(Map.of(), Map.of());

    static LookedUp in(Exchange exchange) {
        return exchange.getProperty(PROPERTY, LookedUp.class);
    }

    Of of(Event event) {
        return events.getOrDefault(event, Of.NOTHING);
    }
}

package io.insightsrelay.enrich;

import io.insightsrelay.catalog.Entity;
import io.insightsrelay.catalog.EntityRef;
import io.insightsrelay.event.Event;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.camel.Exchange;

/** What the catalog knows about the events of a batch; travels as an exchange property. Immutable. */
record LookedUp(Map<String, Entity> entities, Map<String, List<Entity>> groups) {

    static final String PROPERTY = "lookedUp";
    static final LookedUp NOTHING = new LookedUp(Map.of(), Map.of());

    static LookedUp of(Exchange exchange) {
        return exchange.getProperty(PROPERTY, LookedUp.class);
    }

    Optional<Entity> entity(Event event) {
        return EntityRef.normalise(event.entityRef()).map(entities::get);
    }

    Optional<Entity> user(Event event) {
        return EntityRef.normalise(event.user(), "user").map(entities::get);
    }
}

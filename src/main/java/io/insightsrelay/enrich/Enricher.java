package io.insightsrelay.enrich;

import com.fasterxml.jackson.databind.JsonNode;
import io.insightsrelay.catalog.Entity;
import io.insightsrelay.catalog.FieldPath;
import io.insightsrelay.event.Event;
import java.util.List;
import java.util.Map;
import org.apache.camel.Exchange;
import org.apache.camel.Processor;

/**
 * Adds the captured fields of the event's entity and user as flat members, named by their path: {@code entity.spec.type},
 * {@code user.metadata.namespace}; an object or a list is flattened the same way. Thread-safe.
 */
final class Enricher implements Processor {

    private final CapturedFields fields;

    Enricher(CapturedFields fields) {
        this.fields = fields;
    }

    @Override
    public void process(Exchange exchange) {
        Event event = exchange.getProperty(Event.PROPERTY, Event.class);
        LookedUp lookedUp = LookedUp.of(exchange);
        lookedUp.entity(event).ifPresent(entity -> add(event.added(), "entity.", entity, fields.entity()));
        lookedUp.user(event).ifPresent(user -> add(event.added(), "user.", user, fields.user()));
    }

    private static void add(Map<String, JsonNode> added, String prefix, Entity entity, List<FieldPath> paths) {
        for (FieldPath path : paths) {
            JsonNode value = path.in(entity.document());
            if (value != null) {
                flatten(added, prefix + path.text(), value);
            }
        }
    }

    private static void flatten(Map<String, JsonNode> added, String name, JsonNode value) {
        if (value.isObject()) {
            value.properties().forEach(member -> flatten(added, name + "." + member.getKey(), member.getValue()));
        } else if (value.isArray()) {
            for (int i = 0; i < value.size(); i++) {
                flatten(added, name + "." + i, value.get(i));
            }
        } else {
            added.put(name, value);
        }
    }
}

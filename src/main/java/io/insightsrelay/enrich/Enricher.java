package io.insightsrelay.enrich;

import com.fasterxml.jackson.databind.JsonNode;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.LoadingCache;
import io.insightsrelay.catalog.Entity;
import io.insightsrelay.catalog.FieldPath;
import io.insightsrelay.event.Event;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.camel.Exchange;
import org.apache.camel.Processor;

/**
 * Adds to each event of the list in the body the captured fields of its entity and user as flat members, named by their
 * path: {@code entity.spec.type}, {@code user.metadata.namespace}; an object or a list is flattened the same way. A route may ask for
 * more, see {@link CapturedFields#askedBy}.
 * Thread-safe.
 */
final class Enricher implements Processor {

    // an entity's members are the same for every event; they live as long as it does
    private final LoadingCache<Entity, Map<String, JsonNode>> ofEntities;
    private final LoadingCache<Entity, Map<String, JsonNode>> ofUsers;

    Enricher(CapturedFields fields) {
        ofEntities = Caffeine.newBuilder().weakKeys().build(entity -> members("entity.", entity, fields.entity()));
        ofUsers = Caffeine.newBuilder().weakKeys().build(user -> members("user.", user, fields.user()));
    }

    @Override
    public void process(Exchange exchange) {
        LookedUp lookedUp = LookedUp.in(exchange);
        CapturedFields more = CapturedFields.askedBy(exchange);
        exchange.getMessage().setBody(Event.each(EntityLookUp.events(exchange), event -> {
            LookedUp.Of of = lookedUp.of(event);
            if (of.entity() != null) {
                event.added().putAll(ofEntities.get(of.entity()));
                event.added().putAll(members("entity.", of.entity(), more.entity()));
            }
            if (of.user() != null) {
                event.added().putAll(ofUsers.get(of.user()));
                event.added().putAll(members("user.", of.user(), more.user()));
            }
        }));
    }

    private static Map<String, JsonNode> members(String prefix, Entity entity, List<FieldPath> paths) {
        Map<String, JsonNode> members = new LinkedHashMap<>();
        for (FieldPath path : paths) {
            JsonNode value = path.in(entity.document());
            if (value != null) {
                flatten(members, prefix + path.text(), value);
            }
        }
        return members;
    }

    private static void flatten(Map<String, JsonNode> members, String name, JsonNode value) {
        if (value.isObject()) {
            value.properties().forEach(member -> flatten(members, name + "." + member.getKey(), member.getValue()));
        } else if (value.isArray()) {
            for (int i = 0; i < value.size(); i++) {
                flatten(members, name + "." + i, value.get(i));
            }
        } else {
            members.put(name, value);
        }
    }
}

package io.insightsrelay.enrich;

import com.fasterxml.jackson.databind.node.TextNode;
import io.insightsrelay.catalog.Entity;
import io.insightsrelay.event.Event;
import java.util.List;
import org.apache.camel.Exchange;
import org.apache.camel.Processor;

/**
 * Adds the groups of the event's user that the filter accepts as {@code user.spec.memberOf.0}, {@code .1} and so on, the nearest
 * first. A refused group's ancestors are judged by themselves. A group that the catalog does not know matches no filter.
 * Thread-safe.
 */
final class GroupFilter implements Processor {

    private final CapturedFields fields;

    GroupFilter(CapturedFields fields) {
        this.fields = fields;
    }

    @Override
    public void process(Exchange exchange) {
        Event event = exchange.getProperty(Event.PROPERTY, Event.class);
        LookedUp lookedUp = LookedUp.of(exchange);
        List<Entity> groups = lookedUp.user(event).map(user -> lookedUp.groups().getOrDefault(user.ref(), List.of())).orElse(List.of());
        int kept = 0;
        for (Entity group : groups) {
            if (fields.groupsFilter().matches(group.document())) {
                event.added().put("user.spec.memberOf." + kept++, TextNode.valueOf(group.ref()));
            }
        }
    }
}

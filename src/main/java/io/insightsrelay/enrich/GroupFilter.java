package io.insightsrelay.enrich;

import com.fasterxml.jackson.databind.node.TextNode;
import io.insightsrelay.catalog.Entity;
import io.insightsrelay.catalog.EntityFilter;
import io.insightsrelay.event.Event;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import org.apache.camel.Exchange;
import org.apache.camel.Processor;

/**
 * Adds to each event of the list in the body the groups of its user that the filter accepts as {@code user.spec.memberOf.0},
 * {@code .1} and so on, the nearest first. A refused group's ancestors are judged by themselves. A group that the catalog does
 * not know matches no filter. Thread-safe.
 */
final class GroupFilter implements Processor {

    private final EntityFilter filter;

    GroupFilter(CapturedFields fields) {
        filter = fields.groupsFilter();
    }

    @Override
    public void process(Exchange exchange) {
        LookedUp lookedUp = LookedUp.in(exchange);
        Map<Entity, Boolean> accepted = new IdentityHashMap<>();
        exchange.getMessage().setBody(Event.each(EntityLookUp.events(exchange), event -> {
            Entity user = lookedUp.of(event).user();
            int kept = 0;
            for (Entity group : user == null ? List.<Entity>of() : lookedUp.groups().getOrDefault(user.ref(), List.of())) {
                if (accepted.computeIfAbsent(group, judged -> filter.matches(judged.document()))) {
                    event.added().put("user.spec.memberOf." + kept++, TextNode.valueOf(group.ref()));
                }
            }
        }));
    }
}

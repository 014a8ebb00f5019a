package io.insightsrelay.enrich;

import io.insightsrelay.catalog.Catalog;
import io.insightsrelay.catalog.Entity;
import io.insightsrelay.catalog.EntityRef;
import io.insightsrelay.event.Event;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.apache.camel.AsyncCallback;
import org.apache.camel.Exchange;
import org.apache.camel.support.AsyncProcessorSupport;

/** Looks up the entities and the users of all events of a batch at once, then the users' groups. Thread-safe. */
final class EntityLookUp extends AsyncProcessorSupport {

    private final Catalog catalog;
    private final boolean groups;

    EntityLookUp(Catalog catalog, boolean groups) {
        this.catalog = catalog;
        this.groups = groups;
    }

    @Override
    public boolean process(Exchange exchange, AsyncCallback callback) {
        Set<String> refs = new LinkedHashSet<>();
        Set<String> users = new LinkedHashSet<>();
        for (Event event : events(exchange)) {
            EntityRef.normalise(event.entityRef()).ifPresent(refs::add);
            EntityRef.normalise(event.user(), "user").ifPresent(users::add);
        }
        refs.addAll(users);
        CompletableFuture<LookedUp> lookedUp = catalog.lookUp(refs).thenCompose(found -> {
            Map<String, Entity> known = new HashMap<>(found);
            known.keySet().retainAll(users);
            return groups ? catalog.groupsOf(known.values()).thenApply(memberOf -> new LookedUp(found, memberOf))
                    : CompletableFuture.completedFuture(new LookedUp(found, Map.of()));
        });
        boolean done = lookedUp.isDone();
        lookedUp.whenComplete((result, failure) -> {
            if (failure == null) {
                exchange.setProperty(LookedUp.PROPERTY, result);
            } else {
                exchange.setException(failure);
            }
            callback.done(done);
        });
        return done;
    }

    @SuppressWarnings("unchecked")
    private static List<Event> events(Exchange exchange) {
        return (List<Event>) exchange.getMessage().getBody(List.class);
    }
}

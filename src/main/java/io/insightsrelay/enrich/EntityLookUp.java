package io.insightsrelay.enrich;

import com.fasterxml.jackson.databind.node.BooleanNode;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.LoadingCache;
import io.insightsrelay.catalog.Catalog;
import io.insightsrelay.catalog.EntityRef;
import io.insightsrelay.event.Event;
import io.insightsrelay.event.Outcome;
import java.time.Duration;
import java.time.Instant;
import java.util.IdentityHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import org.apache.camel.Exchange;
import org.apache.camel.Processor;
import org.springframework.lang.Nullable;

/**
 * Looks up the entities and the users of all events of a batch at once, then the users' groups. Where the catalog cannot be
 * asked events wait for it, up to {@code catalog.maxHold}; older ones go on without what it knows, marked by
 * {@value #ENRICHED}. Thread-safe.
 */
final class EntityLookUp implements Processor {

    /** Member of the context, false in events that went on without the catalog. */
    static final String ENRICHED = "relay.enriched";

    private record Refs(@Nullable String entity, @Nullable String user) {
    }

    private static final int MOST_REMEMBERED = 20_000;
    private static final int LONGEST_REMEMBERED = 200;

    // spellings that come again, as most do
    private final LoadingCache<String, Optional<String>> entityRefs = Caffeine.newBuilder().maximumSize(MOST_REMEMBERED).build(EntityRef::normalise);
    private final LoadingCache<String, Optional<String>> userRefs = Caffeine.newBuilder().maximumSize(MOST_REMEMBERED).build(ref -> EntityRef.normalise(ref, "user"));
    private final Catalog catalog;
    private final boolean groups;
    private final Duration maxHold;

    EntityLookUp(Catalog catalog, boolean groups, Duration maxHold) {
        this.catalog = catalog;
        this.groups = groups;
        this.maxHold = maxHold;
    }

    @Override
    public void process(Exchange exchange) throws InterruptedException {
        catalog.request(CapturedFields.askedBy(exchange).catalogFields());
        Map<Event, Refs> refsOf = new IdentityHashMap<>();
        Set<String> refs = new LinkedHashSet<>();
        Set<String> users = new LinkedHashSet<>();
        for (Event event : events(exchange)) {
            Refs named = new Refs(normalised(entityRefs, event.entityRef()), normalised(userRefs, event.user()));
            refsOf.put(event, named);
            if (named.entity != null) {
                refs.add(named.entity);
            }
            if (named.user != null) {
                users.add(named.user);
            }
        }
        refs.addAll(users);
        CompletableFuture<LookedUp> lookedUp = catalog.lookUp(refs).thenCompose(found -> {
            Map<Event, LookedUp.Of> known = new IdentityHashMap<>();
            refsOf.forEach((event, named) -> known.put(event, new LookedUp.Of(found.get(named.entity), found.get(named.user))));
            return groups ? catalog.groupsOf(users.stream().map(found::get).filter(Objects::nonNull).toList()).thenApply(memberOf -> new LookedUp(known, memberOf))
                    : CompletableFuture.completedFuture(new LookedUp(known, Map.of()));
        });
        try {
            // by the batch's own thread: another that brought the answer would go on with this batch while others need it
            exchange.setProperty(LookedUp.PROPERTY, lookedUp.get());
        } catch (ExecutionException e) {
            goOnWithout(exchange, e.getCause());
        }
    }

    @Nullable
    private static String normalised(LoadingCache<String, Optional<String>> remembered, @Nullable String ref) {
        // a longer text is none
        return ref == null || ref.length() > LONGEST_REMEMBERED ? null : remembered.get(ref).orElse(null);
    }

    /** The events that have waited long enough go on; the others wait, which is what the exception or their outcome says. */
    private void goOnWithout(Exchange exchange, Throwable failure) {
        Instant heldSince = Instant.now().minus(maxHold);
        List<Event> events = events(exchange);
        List<Event> goingOn = events.stream().filter(event -> event.received().isBefore(heldSince)).toList();
        if (goingOn.isEmpty()) {
            exchange.setException(failure);
            return;
        }
        goingOn.forEach(event -> event.added().put(ENRICHED, BooleanNode.FALSE));
        events.stream().filter(event -> !goingOn.contains(event)).forEach(event -> event.outcome(Outcome.of(Outcome.Type.HELD, "catalog: " + failure.getMessage())));
        exchange.getMessage().setBody(goingOn);
        exchange.setProperty(LookedUp.PROPERTY, LookedUp.NOTHING);
    }

    @SuppressWarnings("unchecked")
    static List<Event> events(Exchange exchange) {
        return (List<Event>) exchange.getMessage().getBody(List.class);
    }
}

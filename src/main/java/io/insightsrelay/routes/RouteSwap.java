package io.insightsrelay.routes;

import io.insightsrelay.config.LiveSettings;
import io.insightsrelay.ingest.IngestGate;
import io.insightsrelay.routes.RouteFile.Item;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.apache.camel.CamelContext;
import org.apache.camel.Endpoint;
import org.apache.camel.ServiceStatus;
import org.apache.camel.component.kamelet.KameletEndpoint;
import org.apache.camel.model.Model;
import org.apache.camel.model.RouteConfigurationDefinition;
import org.apache.camel.model.RouteDefinition;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.core.NestedExceptionUtils;
import org.springframework.lang.Nullable;

/**
 * Replaces the routes that differ between two sets, all of them or none. Consumers of batches that reach one of them stop first, which leaves what
 * they have not finished in the spool; requests that would reach one are held back at the gate for the milliseconds that it takes.
 */
class RouteSwap {

    /** Nothing has changed. */
    static final class Failed extends Exception {
        private static final long serialVersionUID = 1;

        Failed(String message, Throwable cause) {
            super(message, cause);
        }
    }

    private static final Logger LOG = LoggerFactory.getLogger(RouteSwap.class);
    private static final long STOP_SECONDS = 60;
    private static final long LONGEST_REQUEST_NANOS = TimeUnit.SECONDS.toNanos(5);
    private static final long CHECK_NANOS = TimeUnit.MILLISECONDS.toNanos(1);

    private final CamelContext context;
    private final IngestGate gate;

    RouteSwap(CamelContext context, IngestGate gate) {
        this.context = context;
        this.gate = gate;
    }

    /**
     * Replaces what differs; gives the ids of the routes that are new or changed, and those that are gone.
     *
     * @param before what runs, by kind and id
     * @param after  what is to run
     * @param change of the settings, which takes effect in between; what refers to one of them is replaced as well
     * @throws Failed if it could not be done; what ran before runs again
     */
    List<String> replace(Map<String, Item> before, Map<String, Item> after, LiveSettings.Change change) throws Failed {
        List<Item> gone = new ArrayList<>(before.entrySet().stream().filter(entry -> !same(entry.getValue(), after.get(entry.getKey()), change)).map(Map.Entry::getValue).toList());
        List<Item> fresh = new ArrayList<>(after.entrySet().stream().filter(entry -> !same(entry.getValue(), before.get(entry.getKey()), change)).map(Map.Entry::getValue).toList());
        boolean configured = Stream.concat(gone.stream(), fresh.stream()).anyMatch(item -> item.kind().equals("routeConfiguration"));
        Set<String> beans = new HashSet<>();
        Stream.concat(gone.stream(), fresh.stream()).forEach(item -> beans.addAll(item.beans()));
        boolean more = true;
        while (more) {
            more = false;
            for (Map.Entry<String, Item> entry : after.entrySet()) {
                // a configuration is part of every route that it configures, a bean of what refers to it
                Item item = entry.getValue();
                if (!fresh.contains(item) && (configured && item.isRoute() || item.mentions(beans))) {
                    gone.add(before.get(entry.getKey()));
                    fresh.add(item);
                    more |= beans.addAll(item.beans());
                }
            }
        }
        addThoseThatShareKamelets(gone, before.values(), fresh, after.values());
        if (gone.isEmpty() && fresh.isEmpty()) {
            change.apply();
            return List.of();
        }
        Set<String> touched = reaching(gone, fresh, before.values(), after.values());
        List<String> requests = routes(before.values(), touched, true);
        List<String> batches = routes(before.values(), touched, false);
        List<String> stopped = new ArrayList<>();
        try {
            for (String id : batches) {
                String source = sourceOf(id);
                if (source != null) {
                    context.getRouteController().stopRoute(source, STOP_SECONDS, TimeUnit.SECONDS);
                }
                context.getRouteController().stopRoute(id, STOP_SECONDS, TimeUnit.SECONDS);
                stopped.add(id);
                if (source != null) {
                    stopped.add(source);
                }
            }
            if (!requests.isEmpty() || fresh.stream().anyMatch(RouteSwap::isHttp)) {
                gate.close();
                awaitAnswered(requests);
            }
            swap(gone, fresh, change);
        } catch (Failed e) {
            throw e;
        } catch (Exception e) {
            throw new Failed(e.getMessage(), e);
        } finally {
            for (String id : stopped) {
                restart(id);
            }
            gate.open();
        }
        Set<String> ids = new LinkedHashSet<>();
        fresh.forEach(item -> ids.add(item.id()));
        gone.forEach(item -> ids.add(item.id()));
        return List.copyOf(ids);
    }

    /**
     * A kamelet is part of every route that uses it; and what Camel makes of a kamelet for one route may serve another that gives it the same options. So all that
     * use a kamelet are replaced together, and with it: it is loaded with the first of them.
     */
    private static void addThoseThatShareKamelets(List<Item> gone, Collection<Item> before, List<Item> fresh, Collection<Item> after) {
        Set<String> kamelets = new HashSet<>();
        boolean more = true;
        while (more) {
            Stream.concat(gone.stream(), fresh.stream()).forEach(item -> kamelets.addAll(involved(item)));
            more = addUsers(gone, before, kamelets) | addUsers(fresh, after, kamelets);
        }
    }

    private static boolean addUsers(List<Item> items, Collection<Item> all, Set<String> kamelets) {
        return items.addAll(all.stream().filter(item -> !items.contains(item)
                && (item.kamelets().stream().anyMatch(kamelets::contains) || item.isKamelet() && kamelets.contains(item.id()))).toList());
    }

    private static Set<String> involved(Item item) {
        Set<String> names = item.kamelets();
        if (item.isKamelet()) {
            names.add(item.id());
        }
        return names;
    }

    /** The route that Camel made of the kamelet that a route consumes from; null if it consumes from something else. */
    @Nullable
    private String sourceOf(String route) {
        Endpoint from = context.getRoute(route).getEndpoint();
        return from.getEndpointUri().startsWith("kamelet:") ? ((KameletEndpoint) from).getRouteId() : null;
    }

    private static boolean same(Item item, Item other, LiveSettings.Change change) {
        return other != null && item.content().equals(other.content()) && item.settings().stream().noneMatch(change::concerns);
    }

    private static boolean isHttp(Item item) {
        return item.from() != null && item.from().startsWith("platform-http:");
    }

    /** The ids of the routes that are replaced, and of those that call them, however far away. */
    private static Set<String> reaching(List<Item> gone, List<Item> fresh, Collection<Item> before, Collection<Item> after) {
        List<Item> all = new ArrayList<>(before);
        all.addAll(after);
        Set<String> ids = new HashSet<>();
        Set<String> endpoints = new HashSet<>();
        for (List<Item> changed : List.of(gone, fresh)) {
            changed.forEach(item -> {
                ids.add(item.id());
                endpoints.add(item.from());
            });
        }
        boolean more = true;
        while (more) {
            more = false;
            for (Item item : all) {
                if (item.calls().stream().anyMatch(endpoints::contains)) {
                    more |= ids.add(item.id()) | endpoints.add(item.from());
                }
            }
        }
        return ids;
    }

    /** Those that requests come in by, or those that bring work of other kinds by themselves. */
    private List<String> routes(Collection<Item> items, Set<String> touched, boolean http) {
        return items.stream().filter(item -> item.isRoute() && touched.contains(item.id()) && !item.from().startsWith("direct:") && isHttp(item) == http)
                .map(Item::id).filter(id -> context.getRouteController().getRouteStatus(id) == ServiceStatus.Started).toList();
    }

    private void awaitAnswered(List<String> routes) throws Failed {
        long begun = System.nanoTime();
        while (routes.stream().anyMatch(id -> context.getInflightRepository().size(id) > 0)) {
            if (System.nanoTime() - begun > LONGEST_REQUEST_NANOS) {
                throw new Failed("requests to " + routes + " are not answered within " + TimeUnit.NANOSECONDS.toSeconds(LONGEST_REQUEST_NANOS) + " s; save the file again", null);
            }
            LockSupport.parkNanos(CHECK_NANOS);
        }
    }

    private void swap(List<Item> gone, List<Item> fresh, LiveSettings.Change change) throws Failed {
        try {
            remove(gone);
            change.apply();
            load(fresh);
        } catch (Exception e) {
            LOG.warn("Routes could not be replaced, those from before are put back: {}", e.getMessage());
            try {
                remove(fresh);
                change.undo();
                load(gone);
            } catch (Exception worse) {
                e.addSuppressed(worse);
                LOG.error("ROUTES ARE MISSING: those from before could not be put back. Restart the relay.", worse);
            }
            throw new Failed(e.getMessage(), e);
        }
    }

    private void remove(List<Item> items) throws Exception {
        Model model = context.getCamelContextExtension().getContextPlugin(Model.class);
        for (Item item : items) {
            RouteDefinition definition = item.isRoute() ? model.getRouteDefinition(item.id()) : null;
            if (definition != null) {
                context.getRouteController().stopRoute(item.id(), STOP_SECONDS, TimeUnit.SECONDS);
                model.removeRouteDefinition(definition);
            }
        }
        Set<String> kamelets = new HashSet<>();
        items.forEach(item -> kamelets.addAll(involved(item)));
        if (!kamelets.isEmpty()) {
            removeKamelets(kamelets);
        }
        for (Item item : items) {
            if (item.isKamelet() && model.getRouteTemplateDefinition(item.id()) != null) {
                model.removeRouteTemplateDefinition(model.getRouteTemplateDefinition(item.id()));
            }
            RouteConfigurationDefinition configuration = item.isRoute() ? null : model.getRouteConfigurationDefinition(item.id());
            if (configuration != null) {
                model.removeRouteConfiguration(configuration);
            }
            for (String bean : item.beans()) {
                context.getRegistry().unbind(bean);
                model.getCustomBeans().removeIf(definition -> definition.getName().equals(bean));
            }
        }
    }

    /** What Camel made of them for routes: it would stay for ever, and a route that is loaded anew would get it again. */
    private void removeKamelets(Set<String> names) throws Exception {
        Model model = context.getCamelContextExtension().getContextPlugin(Model.class);
        for (Endpoint endpoint : List.copyOf(context.getEndpoints())) {
            if (endpoint instanceof KameletEndpoint kamelet && names.contains(kamelet.getTemplateId())) {
                RouteDefinition made = model.getRouteDefinition(kamelet.getRouteId());
                if (made != null) {
                    context.getRouteController().stopRoute(made.getId(), STOP_SECONDS, TimeUnit.SECONDS);
                    model.removeRouteDefinition(made);
                }
                context.removeEndpoint(endpoint);
            }
        }
    }

    /** What others need before those that need it. */
    private void load(List<Item> items) throws Exception {
        List<Item> inOrder = new ArrayList<>(items);
        inOrder.sort(Comparator.comparingInt(item -> !item.beans().isEmpty() ? -1 : !item.isRoute() ? 0 : item.from().startsWith("direct:") ? 1 : isHttp(item) ? 2 : 3));
        for (Item item : inOrder) {
            try {
                item.load(context);
            } catch (Exception e) {
                throw new IllegalStateException("the " + item.kind() + " " + item.id() + " of " + item.resource().getLocation() + " does not start: "
                        + NestedExceptionUtils.getMostSpecificCause(e).getMessage(), e);
            }
            if (item.isRoute() && context.getRouteController().getRouteStatus(item.id()) != ServiceStatus.Started) {
                throw new IllegalStateException("the route " + item.id() + " did not start");
            }
        }
    }

    private void restart(String id) {
        try {
            if (context.getRoute(id) != null && context.getRouteController().getRouteStatus(id) != ServiceStatus.Started) {
                context.getRouteController().startRoute(id);
            }
        } catch (Exception e) {
            LOG.error("The route {} does not start again. Restart the relay.", id, e);
        }
    }
}

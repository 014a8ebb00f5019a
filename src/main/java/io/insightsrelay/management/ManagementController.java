package io.insightsrelay.management;

import io.insightsrelay.config.LiveSettings;
import io.insightsrelay.routes.RouteReload;
import io.insightsrelay.spool.Spool;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import org.apache.camel.CamelContext;
import org.apache.camel.Route;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.boot.autoconfigure.condition.ConditionalOnWebApplication;
import org.springframework.http.HttpStatus;
import org.springframework.web.bind.annotation.DeleteMapping;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.server.ResponseStatusException;

/** {@code /management/spool} and {@code /management/routes}. */
@RestController
@ConditionalOnWebApplication(type = ConditionalOnWebApplication.Type.SERVLET)
@ConditionalOnProperty("management.relay.enabled")
class ManagementController {

    private final Spool spool;
    private final CamelContext context;
    private final RouteReload reload;
    private final LiveSettings settings;

    ManagementController(Spool spool, CamelContext context, RouteReload reload, LiveSettings settings) {
        this.settings = settings;
        this.reload = reload;
        this.spool = spool;
        this.context = context;
    }

    @GetMapping("/management/spool")
    Map<String, Object> spool() {
        Map<String, Object> answer = new LinkedHashMap<>();
        answer.put("bytes", spool.size());
        answer.put("trouble", spool.trouble());
        answer.put("logs", spool.logStates().stream().map(log -> {
            Map<String, Object> consumers = new LinkedHashMap<>();
            log.cursors().forEach((consumer, progress) -> consumers.put(consumer, Map.of("position", progress.position(), "waiting", log.waiting(consumer),
                    "running", spool.isRunning(log.name(), consumer), "ended", progress.isAtEnd())));
            Map<String, Object> described = new LinkedHashMap<>();
            described.put("name", log.name());
            described.put("lastPosition", log.lastPosition());
            described.put("oldest", spool.oldest(log.name()));
            described.put("consumers", consumers);
            return described;
        }).toList());
        answer.put("events", spool.ledgers());
        return answer;
    }

    /** Forgets a destination that was switched off, for which the spool would keep events for ever. */
    @DeleteMapping("/management/spool/consumers/{consumer}")
    Map<String, Object> forget(@PathVariable String consumer) {
        try {
            if (spool.forget(consumer)) {
                return Map.of("forgotten", consumer);
            }
        } catch (IllegalStateException e) {
            throw new ResponseStatusException(HttpStatus.CONFLICT, e.getMessage(), e);
        }
        throw new ResponseStatusException(HttpStatus.NOT_FOUND, "there is no consumer " + consumer + "; /management/spool lists them");
    }

    @GetMapping("/management/routes")
    Map<String, Object> routes() {
        Map<String, Object> answer = new LinkedHashMap<>();
        answer.put("routes", context.getRoutes().stream().filter(reload::owns).map(this::describe).toList());
        RouteReload.Rejected rejected = reload.rejected();
        answer.put("rejected", rejected == null ? null : Map.of("at", rejected.at().toString(), "problems", rejected.problems()));
        answer.put("restartNeeded", settings.waiting());
        return answer;
    }

    private Map<String, Object> describe(Route route) {
        Map<String, Object> described = new LinkedHashMap<>();
        described.put("id", route.getRouteId());
        described.put("from", route.getEndpoint().getEndpointBaseUri());
        described.put("file", route.getSourceLocationShort());
        described.put("state", context.getRouteController().getRouteStatus(route.getRouteId()).name());
        // what Camel makes of a kamelet is made with the route that uses it
        Instant loaded = route.isCreatedByKamelet() ? Instant.now().minusMillis(route.getUptimeMillis()) : reload.loadedAt(route.getRouteId());
        described.put("loaded", Objects.toString(loaded, null));
        return described;
    }
}

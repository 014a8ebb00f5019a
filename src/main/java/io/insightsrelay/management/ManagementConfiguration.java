package io.insightsrelay.management;

import io.insightsrelay.config.ReplaceableBean;
import io.insightsrelay.deliver.Destination;
import io.insightsrelay.deliver.Destinations;
import io.insightsrelay.routes.RouteReload;
import io.insightsrelay.spool.Spool;
import java.util.LinkedHashMap;
import java.util.Map;
import org.springframework.boot.actuate.health.Health;
import org.springframework.boot.actuate.health.HealthIndicator;
import org.springframework.boot.actuate.health.Status;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;

/** What health says, and the pages on the management port. */
@Configuration(proxyBeanMethods = false)
@Import(ManagementController.class)
public class ManagementConfiguration {

    /** Events are accepted and safe, but something keeps them from going out. */
    private static final Status DEGRADED = new Status("DEGRADED");
    /** Everything works, but not as somebody wanted it. */
    private static final Status WARNING = new Status("WARNING");

    @ReplaceableBean
    HealthIndicator spoolHealthIndicator(Spool spool) {
        return () -> {
            String trouble = spool.trouble();
            Health.Builder health = trouble == null ? Health.up() : Health.outOfService().withDetail("reason", trouble);
            return health.withDetail("bytes", spool.size()).build();
        };
    }

    @ReplaceableBean
    HealthIndicator destinationsHealthIndicator(Destinations destinations) {
        return () -> {
            Health.Builder health = Health.up();
            for (Destination destination : destinations.all()) {
                Destination.Status status = destination.status();
                Map<String, Object> details = new LinkedHashMap<>();
                details.put("state", status.state());
                if (status.state() != Destination.State.DELIVERING) {
                    health.status(DEGRADED);
                    details.put("since", status.since());
                    details.put("reason", status.reason());
                }
                health.withDetail(destination.name(), details);
            }
            return health.build();
        };
    }

    /** A rejected edit is told here; what runs is in order, so the relay stays ready. */
    @ReplaceableBean
    HealthIndicator routesHealthIndicator(RouteReload reload) {
        return () -> {
            RouteReload.Rejected rejected = reload.rejected();
            return rejected == null ? Health.up().build() : Health.status(WARNING).withDetail("rejected", rejected.at())
                    .withDetail("problems", rejected.problems().stream().map(Object::toString).toList()).build();
        };
    }
}

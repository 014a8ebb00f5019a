package io.insightsrelay.management;

import io.insightsrelay.deliver.Destination;
import io.insightsrelay.deliver.Destinations;
import io.insightsrelay.routes.RouteReload;
import io.insightsrelay.spool.SpoolStore;
import java.util.LinkedHashMap;
import java.util.Map;
import org.springframework.boot.actuate.health.Health;
import org.springframework.boot.actuate.health.HealthIndicator;
import org.springframework.boot.actuate.health.Status;
import org.springframework.boot.web.error.ErrorAttributeOptions;
import org.springframework.boot.web.servlet.error.DefaultErrorAttributes;
import org.springframework.boot.web.servlet.error.ErrorAttributes;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.http.HttpStatus;
import org.springframework.web.context.request.WebRequest;

@Configuration(proxyBeanMethods = false)
class ManagementConfiguration {

    /** Events are accepted and safe, but something keeps them from going out. */
    private static final Status DEGRADED = new Status("DEGRADED");
    /** Everything works, but not as somebody wanted it. */
    private static final Status WARNING = new Status("WARNING");

    @Bean
    HealthIndicator spoolHealthIndicator(SpoolStore store) {
        return () -> {
            String trouble = store.trouble();
            Health.Builder health = trouble == null ? Health.up() : Health.outOfService().withDetail("reason", trouble);
            return health.withDetail("bytes", store.size()).build();
        };
    }

    @Bean
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
    @Bean
    HealthIndicator routesHealthIndicator(RouteReload reload) {
        return () -> {
            RouteReload.Rejected rejected = reload.rejected();
            return rejected == null ? Health.up().build() : Health.status(WARNING).withDetail("rejected", rejected.at())
                    .withDetail("problems", rejected.problems().stream().map(Object::toString).toList()).build();
        };
    }

    /** The same shape of error as on the ingest port, and nothing of the inside. */
    @Bean
    ErrorAttributes errorAttributes() {
        return new DefaultErrorAttributes() {
            @Override
            public Map<String, Object> getErrorAttributes(WebRequest request, ErrorAttributeOptions options) {
                Map<String, Object> known = super.getErrorAttributes(request, options.including(ErrorAttributeOptions.Include.MESSAGE));
                int status = (int) known.get("status");
                HttpStatus resolved = HttpStatus.resolve(status);
                String name = resolved == null ? "Error" : resolved.getReasonPhrase().replace(" ", "") + "Error";
                Object message = status >= 500 ? "The relay failed to handle the request; its log says why" : known.get("message");
                Map<String, Object> answer = new LinkedHashMap<>();
                answer.put("error", Map.of("name", name, "message", message == null ? name : message));
                answer.put("status", status);
                return answer;
            }
        };
    }
}

package io.insightsrelay.spool;

import io.insightsrelay.config.RelayProperties;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.binder.MeterBinder;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties(SpoolProperties.class)
class SpoolConfiguration {

    @Bean(destroyMethod = "close")
    SpoolStore spoolStore(RelayProperties relay, SpoolProperties properties) {
        return new SpoolStore(relay.dataDir(), properties);
    }

    @Bean
    MeterBinder spoolMetrics(SpoolStore store) {
        return registry -> {
            Gauge.builder("relay.spool.size", store, SpoolStore::size).baseUnit("bytes")
                    .description("What the spool takes on disk").register(registry);
            Gauge.builder("relay.spool.waiting", store, SpoolConfiguration::waiting)
                    .description("Events that a consumer has before it, over all logs").register(registry);
        };
    }

    private static double waiting(SpoolStore store) {
        return store.logStates().stream()
                .mapToLong(log -> log.cursors().keySet().stream().mapToLong(log::waiting).sum()).sum();
    }
}

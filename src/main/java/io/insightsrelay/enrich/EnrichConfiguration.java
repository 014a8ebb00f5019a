package io.insightsrelay.enrich;

import io.insightsrelay.catalog.Catalog;
import io.insightsrelay.catalog.CatalogProperties;
import io.insightsrelay.catalog.RequestedFields;
import io.insightsrelay.config.LiveSettings;
import io.insightsrelay.config.ReplaceableBean;
import java.util.function.Supplier;
import org.apache.camel.Processor;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** The processors that routes/process.camel.yaml refers to. */
@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties(EnrichProperties.class)
public class EnrichConfiguration {

    @Bean("insightsRelayRequestedFields")
    RequestedFields requestedFields(LiveSettings settings) {
        Supplier<CapturedFields> fields = settings.derive(CapturedFields::of);
        return () -> fields.get().catalogFields();
    }

    @ReplaceableBean
    Processor lookUpEntities(Catalog catalog, RequestedFields fields, LiveSettings settings) {
        // what is remembered of an entity lacks fields that are new, and is kept as long as was said before
        return current(settings.derive(now -> new EntityLookUp(catalog, CapturedFields.of(now).groups(), now.get(CatalogProperties.class).maxHold()), (before, after) -> {
            catalog.request(fields.catalogFields());
            catalog.forget();
        }));
    }

    @ReplaceableBean
    Processor enrichEvents(LiveSettings settings) {
        return current(settings.derive(now -> new Enricher(CapturedFields.of(now))));
    }

    @ReplaceableBean
    Processor filterGroups(LiveSettings settings) {
        return current(settings.derive(now -> new GroupFilter(CapturedFields.of(now))));
    }

    /** The one that fits the settings when the batch comes. */
    private static Processor current(Supplier<? extends Processor> processor) {
        return exchange -> processor.get().process(exchange);
    }
}

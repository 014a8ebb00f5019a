package io.insightsrelay.enrich;

import io.insightsrelay.catalog.Catalog;
import io.insightsrelay.catalog.BackstageBlock;
import io.insightsrelay.catalog.CatalogProperties;
import io.insightsrelay.config.ReplaceableBean;
import org.apache.camel.Processor;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** The processors that routes/process.camel.yaml refers to. */
@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties(EnrichProperties.class)
public class EnrichConfiguration {

    @Bean("insightsRelayCapturedFields")
    CapturedFields capturedFields(EnrichProperties properties, BackstageBlock block) {
        return CapturedFields.of(properties, block);
    }

    @ReplaceableBean
    Processor lookUpEntities(Catalog catalog, CapturedFields fields, CatalogProperties properties) {
        return new EntityLookUp(catalog, fields.groups(), properties.maxHold());
    }

    @ReplaceableBean
    Processor enrichEvents(CapturedFields fields) {
        return new Enricher(fields);
    }

    @ReplaceableBean
    Processor filterGroups(CapturedFields fields) {
        return new GroupFilter(fields);
    }
}

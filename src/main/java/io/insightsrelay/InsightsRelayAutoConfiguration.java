package io.insightsrelay;

import io.insightsrelay.catalog.CatalogConfiguration;
import io.insightsrelay.config.RelayConfiguration;
import io.insightsrelay.deadletter.DeadLetterConfiguration;
import io.insightsrelay.deliver.DeliverConfiguration;
import io.insightsrelay.enrich.EnrichConfiguration;
import io.insightsrelay.ingest.IngestConfiguration;
import io.insightsrelay.kafka.KafkaEngineConfiguration;
import io.insightsrelay.management.ManagementConfiguration;
import io.insightsrelay.redact.RedactConfiguration;
import io.insightsrelay.routes.RoutesConfiguration;
import io.insightsrelay.sandbox.SandboxConfiguration;
import io.insightsrelay.spool.SpoolConfiguration;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.context.annotation.Import;

/** The relay as part of an application, which needs no more than the jar: docs/embedding.md. The program {@link InsightsRelay} is one such application. */
@AutoConfiguration
@Import({RelayConfiguration.class, StartCheck.class, SpoolConfiguration.class, IngestConfiguration.class, CatalogConfiguration.class, EnrichConfiguration.class,
        RedactConfiguration.class, DeliverConfiguration.class, DeadLetterConfiguration.class, RoutesConfiguration.class, ManagementConfiguration.class,
        SandboxConfiguration.class, KafkaEngineConfiguration.class})
public class InsightsRelayAutoConfiguration {
}

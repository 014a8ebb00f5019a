package io.insightsrelay.redact;

import io.insightsrelay.config.ReplaceableBean;
import org.apache.camel.Processor;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Configuration;

/** The processor that routes/process.camel.yaml refers to. */
@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties(RedactProperties.class)
public class RedactConfiguration {

    /** Takes personal data out of what enrichment added to the events of the list in the body. */
    @ReplaceableBean
    Processor redactEvents(RedactProperties properties) {
        return properties.enabled() ? new EventRedactor(properties) : exchange -> { };
    }
}

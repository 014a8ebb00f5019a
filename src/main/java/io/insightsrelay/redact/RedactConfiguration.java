package io.insightsrelay.redact;

import io.insightsrelay.event.Event;
import org.apache.camel.Processor;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** The processor that routes/process.camel.yaml refers to. */
@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties(RedactProperties.class)
class RedactConfiguration {

    /** Takes personal data out of what enrichment added to the event. */
    @Bean
    Processor redactEvent(RedactProperties properties) {
        Redactor redactor = new Redactor(properties);
        return exchange -> redactor.redact(exchange.getProperty(Event.PROPERTY, Event.class).added());
    }
}

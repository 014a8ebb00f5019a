package io.insightsrelay.redact;

import io.insightsrelay.event.Event;
import java.util.List;
import org.apache.camel.Processor;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** The processor that routes/process.camel.yaml refers to. */
@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties(RedactProperties.class)
class RedactConfiguration {

    /** Takes personal data out of what enrichment added to the events of the list in the body. */
    @Bean
    Processor redactEvents(RedactProperties properties) {
        Redactor redactor = new Redactor(properties);
        return exchange -> {
            @SuppressWarnings("unchecked")
            List<Event> events = (List<Event>) exchange.getMessage().getBody(List.class);
            exchange.getMessage().setBody(Event.each(events, event -> redactor.redact(event.added())));
        };
    }
}

package io.insightsrelay.redact;

import io.insightsrelay.config.LiveSettings;
import io.insightsrelay.config.ReplaceableBean;
import java.util.function.Supplier;
import org.apache.camel.Processor;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Configuration;

/** The processor that routes/process.camel.yaml refers to. */
@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties(RedactProperties.class)
public class RedactConfiguration {

    /** Takes personal data out of what enrichment added to the events of the list in the body. */
    @ReplaceableBean
    Processor redactEvents(LiveSettings settings) {
        // an edit of them has to make sense, enabled or not
        Supplier<Boolean> enabled = settings.derive(now -> {
            RedactProperties rules = now.get(RedactProperties.class);
            new Redactor(rules);
            return rules.enabled();
        });
        EventRedactor redactor = new EventRedactor(settings);
        return exchange -> {
            if (enabled.get()) {
                redactor.process(exchange);
            }
        };
    }
}

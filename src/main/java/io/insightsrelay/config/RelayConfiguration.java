package io.insightsrelay.config;

import org.apache.camel.CamelContext;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;

/** Settings that several features share, and the limit that routes set on HTTP requests. */
@Configuration(proxyBeanMethods = false)
@Import({LiveSettings.class, LogLevels.class})
@EnableConfigurationProperties({RelayProperties.class, BackstageProperties.class})
public class RelayConfiguration {

    @ReplaceableBean
    AnswerDeadline answerDeadline(CamelContext context) {
        return new AnswerDeadline(context);
    }
}

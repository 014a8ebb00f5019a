package io.insightsrelay.config;

import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Configuration;

@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties({RelayProperties.class, BackstageProperties.class})
class RelayConfiguration {
}

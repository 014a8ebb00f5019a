package io.insightsrelay.routes;

import org.apache.camel.CamelContext;
import org.apache.camel.spring.boot.CamelContextConfiguration;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;
import org.springframework.context.annotation.Profile;

/** The routes folder, whose routes come to those that the application has by itself. */
@Configuration(proxyBeanMethods = false)
@Import({RouteFolder.class, RouteCheck.class, RouteSwap.class, RouteReload.class, SettingsCheck.class})
public class RoutesConfiguration {

    /** Called when the application's own routes are known and none has started. */
    @Bean("insightsRelayRoutes")
    @Profile("!" + ValidateCommand.PROFILE)
    CamelContextConfiguration loadRoutes(RouteReload reload) {
        return new CamelContextConfiguration() {
            @Override
            public void beforeApplicationStart(CamelContext context) {
                reload.load(context);
            }

            @Override
            public void afterApplicationStart(CamelContext context) {
                // nothing is left to do
            }
        };
    }
}

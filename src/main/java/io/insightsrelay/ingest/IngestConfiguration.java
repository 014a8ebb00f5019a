package io.insightsrelay.ingest;

import io.insightsrelay.auth.AgentIdentity;
import io.insightsrelay.auth.AuthProperties;
import io.insightsrelay.auth.TokenVerifier;
import io.insightsrelay.config.BackstageProperties;
import io.insightsrelay.config.RelayProperties;
import io.insightsrelay.config.ReplaceableBean;
import io.micrometer.core.instrument.MeterRegistry;
import org.apache.camel.CamelContext;
import org.apache.camel.Processor;
import org.apache.camel.component.platform.http.vertx.VertxPlatformHttpEngine;
import org.apache.camel.component.platform.http.vertx.VertxPlatformHttpServerConfiguration;
import org.apache.camel.spring.boot.CamelContextConfiguration;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.env.Environment;
import org.springframework.core.env.Profiles;

/** The server, and the processors that routes/ingest.camel.yaml refers to by name. */
@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties({IngestProperties.class, AuthProperties.class})
public class IngestConfiguration {

    @Bean(name = "insightsRelayIngestGate", destroyMethod = "")
    IngestGate ingestGate() {
        return new IngestGate();
    }

    @Bean("insightsRelayIngestServer")
    IngestServer ingestServer(RelayProperties relay, IngestProperties properties, IngestGate gate) {
        return new IngestServer(relay.host(), relay.port(), properties, gate);
    }

    /** Tells Camel's platform-http engine the port, by which it finds the router. */
    @Bean("insightsRelayPlatformHttpServer")
    VertxPlatformHttpServerConfiguration platformHttpServer(RelayProperties relay) {
        VertxPlatformHttpServerConfiguration configuration = new VertxPlatformHttpServerConfiguration();
        configuration.setBindPort(relay.port());
        return configuration;
    }

    /** For routes of which no step blocks. Not the {@code platform-http} engine of an application that the relay is part of. */
    @ReplaceableBean(autowireCandidate = false)
    EventLoopEngine eventLoop(RelayProperties relay, IngestGate gate) {
        return new EventLoopEngine(relay.port(), gate);
    }

    /** For routes of which a step may block: Camel's own engine, on the relay's port whatever else the application has for {@code platform-http}. */
    @ReplaceableBean(autowireCandidate = false)
    VertxPlatformHttpEngine workers(RelayProperties relay) {
        return new IngestEngine(relay.port());
    }

    @Bean("insightsRelayListenBeforeRoutesStart")
    CamelContextConfiguration listenBeforeRoutesStart(IngestServer server, Environment environment) {
        return new CamelContextConfiguration() {
            @Override
            public void beforeApplicationStart(CamelContext context) {
                try {
                    if (environment.acceptsProfiles(Profiles.of("insights-relay-validate"))) {
                        server.route(context);
                    } else {
                        server.listen(context);
                    }
                } catch (Exception e) {
                    throw e instanceof RuntimeException known ? known : new IllegalStateException(e);
                }
            }

            @Override
            public void afterApplicationStart(CamelContext context) {
                // nothing is left to do
            }
        };
    }

    @Bean(name = "insightsRelayTokenVerifier", destroyMethod = "close")
    TokenVerifier tokenVerifier(AuthProperties properties, BackstageProperties backstage) {
        return new TokenVerifier(properties, backstage.baseUrl());
    }

    /** Lets everybody in who sends no token, unless auth.requireUser is set. */
    @ReplaceableBean
    Processor checkAppCaller(TokenVerifier verifier, AuthProperties properties) {
        return new CallerCheck(verifier, !properties.requireUser());
    }

    /** Lets in whoever has a token of a user, a plugin or a service. */
    @ReplaceableBean
    Processor requireCaller(TokenVerifier verifier) {
        return new CallerCheck(verifier, false);
    }

    @ReplaceableBean
    Processor readAppEvent(IngestProperties properties, AuthProperties auth) {
        return reader(RequestReader.Interface.APP, properties, auth);
    }

    @ReplaceableBean
    Processor readAgentEvent(IngestProperties properties, AuthProperties auth) {
        return reader(RequestReader.Interface.AGENT, properties, auth);
    }

    @ReplaceableBean
    Processor readEvents(IngestProperties properties, AuthProperties auth) {
        return reader(RequestReader.Interface.EVENTS, properties, auth);
    }

    private static RequestReader reader(RequestReader.Interface endpoint, IngestProperties properties, AuthProperties auth) {
        return new RequestReader(endpoint, properties, new AgentIdentity(auth.identitySalt()), auth.identityHeader());
    }

    @ReplaceableBean
    Processor answerAccepted(MeterRegistry metrics) {
        return new AcceptedAnswer(metrics.counter("relay.events.accepted"), metrics.counter("relay.events.repeated"));
    }

    @ReplaceableBean
    Processor answerError() {
        return new ErrorAnswer();
    }
}

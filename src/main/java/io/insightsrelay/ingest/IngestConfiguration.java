package io.insightsrelay.ingest;

import io.insightsrelay.auth.AgentIdentity;
import io.insightsrelay.auth.AuthProperties;
import io.insightsrelay.auth.TokenVerifier;
import io.insightsrelay.config.BackstageProperties;
import io.insightsrelay.config.LiveSettings;
import io.insightsrelay.config.RelayProperties;
import io.insightsrelay.config.ReplaceableBean;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.function.Supplier;
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
    TokenVerifier tokenVerifier(LiveSettings settings, AuthProperties properties, BackstageProperties backstage) {
        TokenVerifier verifier = new TokenVerifier(properties, backstage.baseUrl());
        settings.derive(now -> now.get(AuthProperties.class), (before, after) -> verifier.accept(after.staticTokens()));
        return verifier;
    }

    /** One for all routes: a user's limit counts the requests to each of them. */
    @Bean(name = "insightsRelayUserLimits")
    RateLimits userLimits(IngestProperties properties) {
        IngestProperties.RateLimit limit = properties.rateLimit();
        return new RateLimits(limit.perUser(), limit.burst(), limit.senders());
    }

    /** Lets everybody in who sends no token, unless auth.requireUser is set. */
    @ReplaceableBean
    Processor checkAppCaller(TokenVerifier verifier, LiveSettings settings, RateLimits userLimits) {
        Supplier<AuthProperties> auth = settings.section(AuthProperties.class);
        return new CallerCheck(verifier, () -> !auth.get().requireUser(), userLimits);
    }

    /** Lets in whoever has a token of a user, a plugin or a service. */
    @ReplaceableBean
    Processor requireCaller(TokenVerifier verifier, RateLimits userLimits) {
        return new CallerCheck(verifier, () -> false, userLimits);
    }

    @ReplaceableBean
    Processor readAppEvent(LiveSettings settings) {
        return reader(RequestReader.Interface.APP, settings);
    }

    @ReplaceableBean
    Processor readAgentEvent(LiveSettings settings) {
        return reader(RequestReader.Interface.AGENT, settings);
    }

    @ReplaceableBean
    Processor readEvents(LiveSettings settings) {
        return reader(RequestReader.Interface.EVENTS, settings);
    }

    private static Processor reader(RequestReader.Interface endpoint, LiveSettings settings) {
        Supplier<RequestReader> reader = settings.derive(now -> {
            AuthProperties auth = now.get(AuthProperties.class);
            return new RequestReader(endpoint, now.get(IngestProperties.class), new AgentIdentity(auth.identitySalt()), auth.identityHeader());
        });
        return exchange -> reader.get().process(exchange);
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

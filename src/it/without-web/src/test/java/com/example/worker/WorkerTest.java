package com.example.worker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.insightsrelay.spool.SpoolStore;
import java.io.IOException;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.util.Map;
import org.apache.camel.CamelContext;
import org.apache.camel.builder.RouteBuilder;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.boot.SpringApplication;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.util.ClassUtils;

/** The worker with the relay in it, in sandbox mode, which it has to ask for. */
class WorkerTest {

    /** Uses a name of the relay's routes for something else. */
    static class OtherBean {
        @Bean
        String redactEvents() {
            return "an event that was redacted";
        }
    }

    /** Uses the id of a route of the relay. */
    static class OtherRoute {
        @Bean
        RouteBuilder healthOfTheWorker() {
            return new RouteBuilder() {
                @Override
                public void configure() {
                    from("direct:health").routeId("answer-health").log("well");
                }
            };
        }
    }

    @TempDir
    private Path data;
    private final int port = freePort();

    private static int freePort() {
        try (ServerSocket socket = new ServerSocket(0)) {
            return socket.getLocalPort();
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private ConfigurableApplicationContext start(Class<?> more, String... settings) {
        SpringApplication application = new SpringApplication(Worker.class, more);
        application.setDefaultProperties(Map.of("relay.port", port, "relay.dataDir", data));
        return application.run(settings);
    }

    @Test
    void anEventGoesThroughThePipelineAndTheWorkersRouteWorks() throws Exception {
        assertThat(ClassUtils.isPresent("org.springframework.web.bind.annotation.RestController", null)).isFalse();
        try (ConfigurableApplicationContext worker = start(Worker.class)) {
            HttpResponse<String> answer = HttpClient.newHttpClient().send(HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/api/backstage-insights/events/app"))
                    .header("Content-Type", "application/json").POST(BodyPublishers.ofString("{\"action\":\"click\",\"subject\":\"x\",\"context\":{}}")).build(), BodyHandlers.ofString());
            assertThat(answer.statusCode()).as(answer.body()).isEqualTo(202);
            SpoolStore spool = worker.getBean(SpoolStore.class);
            await().until(() -> spool.ledgers().get("spotify").delivered() == 1);
            assertThat(worker.getBean(CamelContext.class).createProducerTemplate().requestBody("direct:work", "", String.class)).isEqualTo("done");
        }
    }

    @Test
    void withoutSettingsTheStartIsRefusedInsteadOfASandbox() {
        assertThatThrownBy(() -> start(Worker.class, "--relay.sandbox=false")).hasStackTraceContaining("backstage.baseUrl (BACKSTAGE_BASE_URL) is empty");
    }

    @Test
    void aBeanOfTheWorkerThatTheRoutesCannotUseIsNamed() {
        assertThatThrownBy(() -> start(OtherBean.class)).hasStackTraceContaining("The application has a bean redactEvents of the type class java.lang.String");
    }

    @Test
    void aRouteOfTheWorkerWithAnIdOfTheRelaysIsNamed() {
        assertThatThrownBy(() -> start(OtherRoute.class)).hasStackTraceContaining("The application has a route answer-health, and so has the routes folder");
    }
}

package com.example.shop;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.insightsrelay.routes.RouteReload;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.apache.camel.CamelContext;
import org.apache.camel.Processor;
import org.apache.camel.Route;
import org.apache.camel.component.http.HttpComponent;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.context.ApplicationContext;
import org.springframework.core.task.AsyncTaskExecutor;
import org.springframework.scheduling.TaskScheduler;
import org.springframework.test.context.DynamicPropertyRegistry;
import org.springframework.test.context.DynamicPropertySource;

/** The shop and the relay in one process, over real HTTP. */
@SpringBootTest(webEnvironment = SpringBootTest.WebEnvironment.RANDOM_PORT)
class ShopTest {

    private record Received(String path, String shop, String body) {
    }

    private static final HttpClient HTTP = HttpClient.newHttpClient();
    private static final Path ROUTES = Path.of("target/routes");
    private static final List<Received> RECEIVED = new CopyOnWriteArrayList<>();
    private static final HttpServer OUTSIDE = outside();
    private static final int RELAY_PORT = freePort();

    @LocalServerPort
    private int port;
    @Autowired
    private ApplicationContext spring;
    @Autowired
    private CamelContext camel;

    @DynamicPropertySource
    static void configure(DynamicPropertyRegistry properties) {
        String outside = "http://127.0.0.1:" + OUTSIDE.getAddress().getPort();
        properties.add("relay.port", () -> RELAY_PORT);
        properties.add("backstage.baseUrl", () -> outside);
        properties.add("deliver.spotify.baseUrl", () -> outside + "/insights");
        properties.add("auth.staticTokens[0].token", () -> "a-token-of-8-characters");
        properties.add("auth.staticTokens[0].subject", () -> "user:default/jane");
    }

    /** Backstage's catalog, and Spotify. */
    private static HttpServer outside() {
        try {
            HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
            server.createContext("/insights", exchange -> {
                Received received = new Received(exchange.getRequestURI().getPath(), exchange.getRequestHeaders().getFirst("X-Shop"),
                        new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8));
                boolean isFirst = RECEIVED.stream().noneMatch(before -> before.body.equals(received.body));
                RECEIVED.add(received);
                answer(exchange, received.body.contains("subject=again") && isFirst ? 503 : 200, "{}");
            });
            server.createContext("/api/catalog/entities/by-refs", exchange -> {
                String question = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
                int refs = new ObjectMapper().readTree(question).path("entityRefs").size();
                answer(exchange, 200, "{\"items\":[" + String.join(",", Collections.nCopies(refs,
                        "{\"kind\":\"Component\",\"metadata\":{\"name\":\"till\"},\"spec\":{\"owner\":\"group:default/cashiers\"}}")) + "]}");
            });
            server.createContext("/api/catalog/entities/by-query", exchange -> answer(exchange, 200, "{\"items\":[],\"totalItems\":7,\"pageInfo\":{}}"));
            server.start();
            return server;
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private static void answer(HttpExchange exchange, int status, String json) throws IOException {
        byte[] body = json.getBytes(StandardCharsets.UTF_8);
        exchange.getResponseHeaders().set("Content-Type", "application/json");
        exchange.sendResponseHeaders(status, body.length);
        exchange.getResponseBody().write(body);
        exchange.close();
    }

    private static int freePort() {
        try (ServerSocket socket = new ServerSocket(0)) {
            return socket.getLocalPort();
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    @AfterAll
    static void close() {
        OUTSIDE.stop(0);
    }

    private static HttpResponse<String> get(int port, String path) throws Exception {
        return HTTP.send(HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path)).header("Authorization", "Bearer a-token-of-8-characters").build(),
                BodyHandlers.ofString());
    }

    private static void post(String subject) throws Exception {
        HttpResponse<String> answer = HTTP.send(HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + RELAY_PORT + "/api/backstage-insights/events/app"))
                .header("Content-Type", "application/json").POST(BodyPublishers.ofString("{\"action\":\"click\",\"subject\":\"" + subject
                        + "\",\"context\":{\"entityRef\":\"component:default/till\"}}")).build(), BodyHandlers.ofString());
        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(202);
    }

    private static Received arrival(String subject) {
        return await().until(() -> RECEIVED.stream().filter(one -> one.body.contains("subject=" + subject)).findFirst().orElse(null), one -> one != null);
    }

    @Test
    void anEventGoesThroughThePipelineWithTheBeanOfTheShopInIt() throws Exception {
        post("pipeline");
        Received received = arrival("pipeline");
        assertThat(received.path).isEqualTo("/insights/v1/capture/app");
        assertThat(received.body).as("enriched").contains("cashiers");
        assertThat(received.shop).as("set by the shop's addBrowserHeaders").isEqualTo("yes");
    }

    @Test
    void whatADestinationDoesNotTakeComesAgain() throws Exception {
        post("again");
        await().until(() -> RECEIVED.stream().filter(one -> one.body.contains("subject=again")).count() == 2);
    }

    @Test
    void eachServesItsOwnPathsOnItsOwnPort() throws Exception {
        assertThat(get(port, "/orders").body()).isEqualTo("42");
        assertThat(get(RELAY_PORT, "/orders").statusCode()).isEqualTo(404);
        assertThat(get(RELAY_PORT, "/api/backstage-insights/health").body()).isEqualTo("{\"status\":\"ok\"}");
        assertThat(get(RELAY_PORT, "/api/backstage-insights/catalog/total-users").body()).isEqualTo("{\"count\":7}");
        for (String path : List.of("/api/backstage-insights/health", "/api/backstage-insights/catalog/total-users", "/management/spool", "/management/dead-letters", "/management/routes")) {
            assertThat(get(port, path).statusCode()).as(path).isEqualTo(404);
        }
        assertThat(get(port, "/nowhere").body()).as("Spring Boot's own error").contains("\"timestamp\"");
    }

    @Test
    void theShopsBeansAndSettingsAreItsOwn() {
        assertThat(spring.getBean(ObjectMapper.class).getPropertyNamingStrategy()).isEqualTo(PropertyNamingStrategies.SNAKE_CASE);
        assertThat(spring.getBean("catalog")).isEqualTo(List.of("apples", "pears"));
        assertThat(spring.getBean("addBrowserHeaders", Processor.class).getClass().getName()).startsWith("com.example.shop.");
        assertThat(spring.getBeansOfType(AsyncTaskExecutor.class)).containsOnlyKeys("applicationTaskExecutor");
        assertThat(spring.getBeansOfType(TaskScheduler.class)).isEmpty();
        assertThat(camel.getName()).isEqualTo("shop");
        assertThat(camel.getComponent("http", HttpComponent.class).getHttpClientConfigurer()).isNull();
        for (String setting : List.of("server.address", "server.tomcat.threads.max", "management.endpoints.web.exposure.include", "logging.level.root", "camel.main.shutdownTimeout",
                "spring.main.banner-mode")) {
            assertThat(spring.getEnvironment().getProperty(setting)).as(setting).isNull();
        }
        assertThat(spring.getEnvironment().getProperty("spool.maxSize")).as("a default of the relay").isEqualTo("10GB");
    }

    @Test
    void anEditOfTheRelaysRoutesTouchesNoRouteOfTheShop() throws Exception {
        Route order = camel.getRoute("take-order");
        Path added = ROUTES.resolve("added.camel.yaml");
        try {
            // it may call the shop's routes, ...
            Files.writeString(added, route("added", "direct:added", "direct:price"));
            await().until(() -> camel.getRoute("added") != null);
            assertThat(camel.createProducerTemplate().requestBody("direct:added", "", String.class)).isEqualTo("42");
            // ... not replace them
            Files.writeString(added, route("take-order", "direct:added", "direct:price"));
            await().until(() -> spring.getBean(RouteReload.class).rejected() != null);
            assertThat(spring.getBean(RouteReload.class).rejected().problems().toString())
                    .contains("the route take-order is also in the application that the relay is part of");
        } finally {
            Files.deleteIfExists(added);
        }
        await().until(() -> camel.getRoute("added") == null && spring.getBean(RouteReload.class).rejected() == null);
        assertThat(camel.getRoute("take-order")).isSameAs(order);
        assertThat(get(port, "/orders").body()).isEqualTo("42");
    }

    private static String route(String id, String from, String to) {
        return """
                - route:
                    id: %s
                    from:
                      uri: %s
                      steps:
                        - to:
                            uri: %s
                """.formatted(id, from, to);
    }
}

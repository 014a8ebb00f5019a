package io.insightsrelay.sandbox;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.insightsrelay.config.ReplaceableBean;
import java.io.IOException;
import java.io.InputStream;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.stream.StreamSupport;
import org.apache.camel.Exchange;
import org.apache.camel.Processor;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.context.annotation.Configuration;

/** The sample catalog that routes/sandbox/ serves. */
@Configuration(proxyBeanMethods = false)
@ConditionalOnProperty("relay.sandbox")
public class SandboxConfiguration {

    private static final ObjectMapper MAPPER = new ObjectMapper();

    /** Answers by-refs as Backstage does: same order, null for what the sample catalog lacks. */
    @ReplaceableBean
    Processor sandboxCatalog() throws IOException {
        Map<String, JsonNode> entities = new LinkedHashMap<>();
        try (InputStream sample = SandboxConfiguration.class.getResourceAsStream("catalog.json")) {
            MAPPER.readTree(sample).forEach(entity -> entities.put(ref(entity), entity));
        }
        return exchange -> {
            JsonNode question = MAPPER.readTree(exchange.getMessage().getBody(byte[].class));
            ObjectNode answer = MAPPER.createObjectNode();
            ArrayNode items = answer.putArray("items");
            question.path("entityRefs").forEach(ref -> items.add(entities.get(ref.asText())));
            reply(exchange, MAPPER.writeValueAsString(answer));
        };
    }

    /** Counts the users of the sample catalog. */
    @ReplaceableBean
    Processor sandboxUserCount() throws IOException {
        long users;
        try (InputStream sample = SandboxConfiguration.class.getResourceAsStream("catalog.json")) {
            users = StreamSupport.stream(MAPPER.readTree(sample).spliterator(), false)
                    .filter(entity -> entity.path("kind").asText().equals("User")).count();
        }
        return exchange -> reply(exchange, "{\"items\":[],\"totalItems\":" + users + ",\"pageInfo\":{}}");
    }

    /** Takes requests in place of Spotify. */
    @ReplaceableBean
    SandboxReceived sandboxReceived() {
        return new SandboxReceived();
    }

    private static String ref(JsonNode entity) {
        return (entity.path("kind").asText() + ":" + entity.path("metadata").path("namespace").asText("default") + "/"
                + entity.path("metadata").path("name").asText()).toLowerCase(Locale.ROOT);
    }

    static void reply(Exchange exchange, String json) {
        exchange.getMessage().removeHeaders("*");
        exchange.getMessage().setHeader(Exchange.CONTENT_TYPE, "application/json");
        exchange.getMessage().setBody(json);
    }
}

package io.insightsrelay.sandbox;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.InputStream;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.stream.StreamSupport;
import org.apache.camel.Exchange;
import org.apache.camel.Processor;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** The sample catalog that routes/sandbox/ serves. */
@Configuration(proxyBeanMethods = false)
@ConditionalOnProperty("relay.sandbox")
class SandboxConfiguration {

    /** Answers by-refs as Backstage does: same order, null for what the sample catalog lacks. */
    @Bean
    Processor sandboxCatalog(ObjectMapper mapper) throws IOException {
        Map<String, JsonNode> entities = new LinkedHashMap<>();
        try (InputStream sample = SandboxConfiguration.class.getResourceAsStream("catalog.json")) {
            mapper.readTree(sample).forEach(entity -> entities.put(ref(entity), entity));
        }
        return exchange -> {
            JsonNode question = mapper.readTree(exchange.getMessage().getBody(byte[].class));
            ObjectNode answer = mapper.createObjectNode();
            ArrayNode items = answer.putArray("items");
            question.path("entityRefs").forEach(ref -> items.add(entities.get(ref.asText())));
            reply(exchange, mapper.writeValueAsString(answer));
        };
    }

    /** Counts the users of the sample catalog. */
    @Bean
    Processor sandboxUserCount(ObjectMapper mapper) throws IOException {
        long users;
        try (InputStream sample = SandboxConfiguration.class.getResourceAsStream("catalog.json")) {
            users = StreamSupport.stream(mapper.readTree(sample).spliterator(), false)
                    .filter(entity -> entity.path("kind").asText().equals("User")).count();
        }
        return exchange -> reply(exchange, "{\"items\":[],\"totalItems\":" + users + ",\"pageInfo\":{}}");
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

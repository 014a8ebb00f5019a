package io.insightsrelay.catalog;

import com.fasterxml.jackson.databind.JsonNode;
import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.insightsrelay.config.LiveSettings;
import io.insightsrelay.config.ReplaceableBean;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import org.apache.camel.Exchange;
import org.apache.camel.Processor;
import org.apache.camel.ProducerTemplate;
import org.apache.camel.http.base.HttpOperationFailedException;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Lazy;

/** The look-up, its cache, and the beans that routes/catalog.camel.yaml and routes/total-users.camel.yaml refer to. */
@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties(CatalogProperties.class)
public class CatalogConfiguration {

    private static final int MOST_OF_AN_ANSWER = 300;

    @Bean("insightsRelayCatalog")
    Catalog catalog(RequestedFields fields, LiveSettings settings, @Lazy ProducerTemplate template) {
        return new Catalog((refs, asked) -> fetch(template, Map.of("entityRefs", refs, "fields", asked)), fields.catalogFields(), settings.section(CatalogProperties.class));
    }

    /** The question goes through the route direct:fetch-entities, which operators can edit. */
    private static CompletableFuture<List<JsonNode>> fetch(ProducerTemplate template, Map<String, List<String>> question) {
        return template.asyncSend("direct:fetch-entities", exchange -> exchange.getMessage().setBody(question)).thenApply(CatalogConfiguration::items);
    }

    private static List<JsonNode> items(Exchange answer) {
        Exception failure = answer.getException();
        if (failure != null) {
            // the circuit breaker wraps what it sees
            HttpOperationFailedException refused = answer.getException(HttpOperationFailedException.class);
            failure = refused == null ? failure : refused;
            throw failure instanceof CatalogException known ? known : new CatalogException(describe(failure), failure);
        }
        JsonNode items = answer.getMessage().getBody() instanceof JsonNode body ? body.path("items") : null;
        if (items == null || !items.isArray()) {
            throw new CatalogException("its answer to by-refs has no items");
        }
        List<JsonNode> list = new ArrayList<>(items.size());
        items.forEach(list::add);
        return list;
    }

    private static String describe(Exception failure) {
        if (failure instanceof HttpOperationFailedException refused) {
            String body = refused.getResponseBody() == null ? "" : refused.getResponseBody();
            return "by-refs answered " + refused.getStatusCode() + ": " + body.substring(0, Math.min(body.length(), MOST_OF_AN_ANSWER));
        }
        return failure.getClass().getSimpleName() + ": " + failure.getMessage();
    }

    /** For {@code caffeine-cache:entities}. */
    @ReplaceableBean
    Cache<String, Optional<Entity>> entities(Catalog catalog) {
        return catalog.cache();
    }

    /** For {@code caffeine-cache:totalUsers}. */
    @ReplaceableBean
    Cache<String, Object> totalUsers(CatalogProperties properties) {
        return Caffeine.newBuilder().maximumSize(1_000).expireAfterWrite(properties.totalUsersTtl()).build();
    }

    @ReplaceableBean
    Processor totalUsersQuery(LiveSettings settings, @Qualifier("totalUsers") Cache<String, Object> counts) {
        Supplier<TotalUsersQuery> query = settings.derive(now -> new TotalUsersQuery(BackstageBlock.of(now).totalUsersEntityQueryFilter()), (before, after) -> counts.invalidateAll());
        return exchange -> query.get().process(exchange);
    }

    /** Makes of by-query's answers, a list in the body, the number of users: as the body and as the exchange property {@code count}. */
    @ReplaceableBean
    Processor totalUsersCount() {
        return exchange -> {
            List<Long> counts = new ArrayList<>();
            for (Object answer : exchange.getMessage().getBody(List.class)) {
                JsonNode total = ((JsonNode) answer).path("totalItems");
                if (!total.isIntegralNumber()) {
                    throw new CatalogException("The catalog's answer to by-query has no totalItems");
                }
                counts.add(total.asLong());
            }
            long total = TotalUsersQuery.total(counts);
            exchange.setProperty("count", total);
            exchange.getMessage().setBody(total);
        };
    }
}

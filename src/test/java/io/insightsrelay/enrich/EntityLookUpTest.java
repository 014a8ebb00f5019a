package io.insightsrelay.enrich;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.insightsrelay.catalog.Catalog;
import io.insightsrelay.catalog.CatalogProperties;
import io.insightsrelay.event.Event;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.apache.camel.Exchange;
import org.apache.camel.impl.DefaultCamelContext;
import org.apache.camel.support.DefaultExchange;
import org.junit.jupiter.api.Test;

class EntityLookUpTest {

    private static final CatalogProperties PROPERTIES = new CatalogProperties(Duration.ofMinutes(5), Duration.ofSeconds(10), 1_000, 100_000,
            Duration.ofSeconds(5), Duration.ofSeconds(30), Duration.ofHours(24), Duration.ofMinutes(10));

    private final CompletableFuture<List<JsonNode>> answer = new CompletableFuture<>();
    private final EntityLookUp lookUp = new EntityLookUp(new Catalog((refs, fields) -> answer, List.of("kind"), () -> PROPERTIES), true, Duration.ofHours(24));

    private Exchange batch() {
        Exchange exchange = new DefaultExchange(new DefaultCamelContext());
        exchange.getMessage().setBody(List.of(Event.fromEnvelope(("{\"id\":\"x\",\"received\":\"2026-01-02T03:04:05Z\",\"kind\":\"app\","
                + "\"event\":{\"context\":{\"entityRef\":\"Component:default/X\"}}}").getBytes(StandardCharsets.UTF_8))));
        return exchange;
    }

    private CompletableFuture<LookedUp.Of> go(CountDownLatch afterwards) {
        return CompletableFuture.supplyAsync(() -> {
            Exchange batch = batch();
            try {
                lookUp.process(batch);
                afterwards.countDown();
                // as a batch waits for its turn
                assertThat(afterwards.await(10, TimeUnit.SECONDS)).isTrue();
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
            return LookedUp.in(batch).of(EntityLookUp.events(batch).get(0));
        }, work -> new Thread(work).start());
    }

    @Test
    void batchesThatShareALookUpGoOnByThemselves() throws Exception {
        CountDownLatch both = new CountDownLatch(2);
        CompletableFuture<LookedUp.Of> first = go(both);
        CompletableFuture<LookedUp.Of> second = go(both);
        await().pollDelay(Duration.ofMillis(200)).until(() -> true);
        answer.complete(List.of(new ObjectMapper().readTree("{\"kind\":\"Component\"}")));
        assertThat(first.get(10, TimeUnit.SECONDS).entity().ref()).isEqualTo("component:default/x");
        assertThat(second.get(10, TimeUnit.SECONDS).entity()).isSameAs(first.get().entity());
    }
}

package io.insightsrelay.ingest;

import static org.assertj.core.api.Assertions.assertThat;

import io.insightsrelay.auth.AgentIdentity;
import io.insightsrelay.spool.SpoolEndpoint;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.apache.camel.Exchange;
import org.apache.camel.impl.DefaultCamelContext;
import org.apache.camel.support.DefaultExchange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.util.unit.DataSize;

/** By what events are recognised of which some others in the request are left out (ingest.keepGoodEvents). */
class SentIdsTest {

    private static final String JSON = "application/json";
    private static final String A = "{\"id\":\"0198c0de-0000-7000-8000-00000000000a\",\"action\":\"a\",\"subject\":\"s\"}";
    private static final String ENVELOPE = "{\"id\":\"0198c0de-0000-7000-8000-00000000000b\",\"event\":{\"action\":\"b\",\"subject\":\"s\"}}";
    private static final String WITHOUT = "{\"action\":\"c\",\"subject\":\"s\"}";

    private final RequestReader reader = new RequestReader(RequestReader.Interface.EVENTS, new IngestProperties(DataSize.ofKilobytes(256), 10, 16, 1000, 50, true,
            List.of(), 100, Duration.ofSeconds(60), new IngestProperties.RateLimit(0, 0, Duration.ofSeconds(10), 1, List.of()), new IngestProperties.Cors(List.of())),
            new AgentIdentity(""), "x");

    /** The ids of what is kept, in its order; null where there is none. */
    @SuppressWarnings("unchecked")
    private List<UUID> ids(String type, String key, String body) {
        Exchange exchange = new DefaultExchange(new DefaultCamelContext());
        exchange.getMessage().setBody(body.getBytes(StandardCharsets.UTF_8));
        exchange.getMessage().setHeader("Content-Type", type);
        exchange.getMessage().setHeader(SentIds.HEADER, key);
        reader.process(exchange);
        Map<byte[], UUID> ids = exchange.getProperty(SpoolEndpoint.IDS, Map.of(), Map.class);
        return ((List<byte[]>) exchange.getMessage().getBody(List.class)).stream().map(envelope -> {
            String event = new String(envelope, StandardCharsets.UTF_8).split(",\"event\":", 2)[1];
            UUID id = ids.get(envelope);
            assertThat(event.contains("\"id\":\"0198c0de-")).as("the client's id goes on: " + event).isEqualTo(!event.contains("\"c\""));
            return id;
        }).toList();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', value = {
        JSON + "             | [7," + A + ",{\"x\":1}," + ENVELOPE + ",null]",
        JSON + "             | [" + A + "," + ENVELOPE + ",{\"id\":\"0198c0de-0000-7000-8000-00000000000c\",\"action\":\"c\",\"context\":1}]",
        "application/x-ndjson | garbage\\n" + A + "\\n" + A + " trailing\\n" + ENVELOPE + "\\n{\"id\":",
    })
    void whatIsKeptHasTheIdThatItsClientGave(String type, String body) {
        UUID a = ids(JSON, null, A).get(0);
        UUID b = ids(JSON, null, ENVELOPE).get(0);
        assertThat(a).isNotNull().isNotEqualTo(b);
        assertThat(ids(type, null, body.replace("\\n", "\n"))).containsExactly(a, b);
    }

    @Test
    void theirPlaceIsThatInTheRequestAndNotAmongThoseThatAreKept() {
        List<UUID> first = ids(JSON, "one", "[7," + WITHOUT + ",8," + WITHOUT + "]");
        List<UUID> mended = ids(JSON, "one", "[" + WITHOUT + "," + WITHOUT + "," + WITHOUT + "," + WITHOUT + "]");
        assertThat(first).doesNotContainNull().containsExactly(mended.get(1), mended.get(3));
        assertThat(mended).doesNotHaveDuplicates();
    }
}

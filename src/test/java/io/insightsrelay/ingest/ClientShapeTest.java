package io.insightsrelay.ingest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.insightsrelay.ingest.EventReader.Shape;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.util.unit.DataSize;

/** The payloads of public Backstage analytics clients, as they send them. */
class ClientShapeTest {

    private static final ObjectMapper MAPPER = new ObjectMapper();
    private static final String ID = "0197f2a4-7c1e-7d3a-9b65-3f0e8d1c2b4a";

    private final EventReader reader = new EventReader(new IngestProperties(DataSize.ofKilobytes(256), 100, 64, 65536, 100, false,
            List.of(), 100, Duration.ofSeconds(60),
            new IngestProperties.RateLimit(0, 0, Duration.ofSeconds(10), 1, List.of()), new IngestProperties.Cors(List.of())));

    private EventReader.Result read(String body, Shape shape) {
        return reader.read(body.getBytes(StandardCharsets.UTF_8), shape);
    }

    private static String text(EventReader.Slice event) {
        return new String(event.bytes(), event.start(), event.end() - event.start(), StandardCharsets.UTF_8);
    }

    /** Reads the payload as it is sent, alone, and as lines; what comes of them is the same. */
    private List<JsonNode> read(String array) throws IOException {
        List<JsonNode> events = new ArrayList<>();
        StringBuilder lines = new StringBuilder();
        List<JsonNode> alone = new ArrayList<>();
        for (EventReader.Slice event : read(array, Shape.ONE_OR_ARRAY).events()) {
            events.add(MAPPER.readTree(text(event)));
        }
        for (JsonNode element : MAPPER.readTree(array)) {
            lines.append(element).append('\n');
            alone.add(MAPPER.readTree(text(read(element.toString(), Shape.ONE_OR_ARRAY).events().get(0))));
        }
        List<JsonNode> ofLines = new ArrayList<>();
        for (EventReader.Slice event : read(lines.toString(), Shape.LINES).events()) {
            ofLines.add(MAPPER.readTree(text(event)));
        }
        assertThat(events).isNotEmpty().isEqualTo(alone).isEqualTo(ofLines);
        return events;
    }

    @Test
    void theGenericModulesEnvelopesAreUnwrapped() throws IOException {
        List<JsonNode> events = read("""
                [{"event":{"action":"navigate","subject":"/catalog/default/component/petstore","attributes":{},
                           "context":{"extension":"App","pluginId":"catalog","routeRef":"catalog:entity"}},
                  "timestamp":"2026-03-02T09:14:55.120Z","user":"user:default/jane.doe",
                  "teamMetadata":{"kind":"User","metadata":{"name":"jane.doe"},"spec":{"profile":{"email":"jane.doe@example.com"}}},
                  "sessionId":"f3b2b6d1-2f1b-4a53-9b7e-0c6a4f1f7a10"},
                 {"event":{"action":"click","subject":"Docs","value":1.50},"timestamp":"2026-03-02T09:14:56.001Z","user":null,"sessionId":"s"}]""");
        assertThat(events).containsExactly(MAPPER.readTree("""
                {"action":"navigate","subject":"/catalog/default/component/petstore","attributes":{},
                 "context":{"timestamp":"2026-03-02T09:14:55.120Z","user":"user:default/jane.doe",
                  "teamMetadata":{"kind":"User","metadata":{"name":"jane.doe"},"spec":{"profile":{"email":"jane.doe@example.com"}}},
                  "sessionId":"f3b2b6d1-2f1b-4a53-9b7e-0c6a4f1f7a10","extension":"App","pluginId":"catalog","routeRef":"catalog:entity"}}"""),
                MAPPER.readTree("""
                {"action":"click","subject":"Docs","value":1.50,"context":{"timestamp":"2026-03-02T09:14:56.001Z","user":null,"sessionId":"s"}}"""));
    }

    @Test
    void theAdoptionModulesEventsAreBackstagesOwn() throws IOException {
        String event = """
                {"action":"click","subject":"Create","value":2,"attributes":{"to":"/create"},"context":{"pluginId":"scaffolder",\
                "userName":"Jane Doe","userId":"user:default/jane.doe","timestamp":"2026-03-02T09:14:55.120Z"}}""";
        assertThat(read("[" + event + "]")).containsExactly(MAPPER.readTree(event));
        assertThat(text(read(event, Shape.ONE_OR_ARRAY).events().get(0))).isEqualTo(event);
    }

    @Test
    void flatEventsGetAContext() throws IOException {
        assertThat(read("""
                [{"action":"navigate","subject":"/docs","value":null,"pluginId":"techdocs","pathname":"/docs/default/component/petstore",
                  "sessionId":"f3b2b6d1","timestamp":1772442895120},
                 {"action":"search","subject":"kafka","attributes":{"hits":3},"pluginId":"search","pathname":"/search"}]""")).containsExactly(MAPPER.readTree("""
                {"action":"navigate","subject":"/docs","value":null,"context":{"pluginId":"techdocs","pathname":"/docs/default/component/petstore",
                 "sessionId":"f3b2b6d1","timestamp":1772442895120}}"""), MAPPER.readTree("""
                {"action":"search","subject":"kafka","attributes":{"hits":3},"context":{"pluginId":"search","pathname":"/search"}}"""));
    }

    @Test
    void whatIsUnwrappedKeepsItsNumbersAndTheHalfOfACutEmoji() {
        assertThat(text(read("{\"action\":\"a\",\"subject\":\"\\ud83d\",\"value\":12345678901234567890.10,\"pluginId\":\"p\"}", Shape.ONE_OR_ARRAY).events().get(0)))
                .isEqualToIgnoringCase("{\"action\":\"a\",\"subject\":\"\\ud83d\",\"value\":12345678901234567890.10,\"context\":{\"pluginId\":\"p\"}}");
    }

    @Test
    void anEnvelopesMemberDoesNotReplaceTheEventsOwn() throws IOException {
        assertThat(read("[{\"event\":{\"action\":\"a\",\"context\":{\"sessionId\":\"inner\"}},\"sessionId\":\"outer\",\"user\":\"u\"}]"))
                .containsExactly(MAPPER.readTree("{\"action\":\"a\",\"context\":{\"user\":\"u\",\"sessionId\":\"inner\"}}"));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', value = {
        "{'id':'$','action':'a','subject':'s'}                     | $",
        "{'action':'a','pluginId':'p','id':'$'}                    | $",
        "{'id':'$','event':{'action':'a'}}                         | $",
        "{'event':{'id':'$','action':'a'},'user':'u'}              | $",
        "{'action':'a','context':{'id':'$'}}                       |",
        "{'action':'a','id':'button-1'}                            |",
        "{'action':'a','id':17}                                    |",
    })
    void theIdIsAUuidOfTheEventOrItsEnvelope(String event, String id) {
        assertThat(read(event.replace('\'', '"').replace("$", ID), Shape.ONE_OR_ARRAY).events()).singleElement().extracting(EventReader.Slice::id)
                .isEqualTo(id == null ? null : ID);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', value = {
        "{}                                    | this has no members",
        "{'type':'track','properties':{}}      | this has the members type, properties",
        "{'events':[{'action':'a'}]}           | this has the members events",
        "{'action':1,'subject':'s'}            | this has the members action, subject",
        "{'event':'click','timestamp':1}       | this has the members event, timestamp",
        "{'event':{'subject':'s'}}             | the event in the envelope has to have an action",
        "{'event':{'action':'a','context':1}}  | the context of the event in the envelope has to be a JSON object",
    })
    void anUnknownShapeIsRefused(String event, String message) {
        String body = event.replace('\'', '"');
        assertThatThrownBy(() -> read(body, Shape.ONE_OR_ARRAY)).isInstanceOfSatisfying(RequestException.class, e -> assertThat(e.status()).isEqualTo(400))
                .hasMessageContaining(message);
        assertThat(read("[{\"action\":\"a\"}," + body + "]", Shape.ONE_OR_ARRAY).refused()).singleElement()
                .satisfies(refused -> assertThat(refused.index()).isEqualTo(1)).extracting(EventReader.Refused::message).asString().contains(message);
    }

    @Test
    void theNamesInAnAnswerAreCut() {
        String members = "\"" + "n".repeat(500) + "\":1,\"" + "m".repeat(500) + "\":1,\"a\":1,\"b\":1,\"c\":1,\"d\":1,\"e\":1,\"f\":1,\"g\":1,\"h\":1";
        assertThat(read("[{" + members + "}]", Shape.ONE_OR_ARRAY).refused().get(0).message()).hasSizeLessThan(500);
    }
}

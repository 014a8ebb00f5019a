package io.insightsrelay.event;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.IntNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.OffsetDateTime;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class EventTest {

    private static final ObjectMapper MAPPER = new ObjectMapper();

    private static Event event(String body) {
        return Event.fromEnvelope(("{\"id\":\"id-1\",\"received\":\"2026-01-02T03:04:05.678Z\",\"kind\":\"app\",\"user\":\"user:default/jane\","
                + "\"headers\":{\"referer\":\"https://example.com/\"},\"event\":" + body + "}").getBytes(StandardCharsets.UTF_8));
    }

    private static String text(byte[] bytes) {
        return new String(bytes, StandardCharsets.UTF_8);
    }

    private static Event with(String body) {
        Event event = event(body);
        event.added().put("entity.kind", TextNode.valueOf("Com\"ponent é \ud83d"));
        event.added().put("entity.n", IntNode.valueOf(3));
        return event;
    }

    @Test
    void whatIsAskedForMostIsReadFromTheEnvelope() {
        Event event = event("{\"a\":1,\"context\":{\"entityRef\":\"component:default/x\",\"_origin\":\"https://o\"}}");
        assertThat(event.id()).isEqualTo("id-1");
        assertThat(event.received()).hasToString("2026-01-02T03:04:05.678Z");
        assertThat(event.kind()).isEqualTo(Event.Kind.APP);
        assertThat(event.user()).isEqualTo("user:default/jane");
        assertThat(event.header("referer")).isEqualTo("https://example.com/");
        assertThat(event.header("cookie")).isNull();
        assertThat(event.entityRef()).isEqualTo("component:default/x");
        assertThat(event.origin()).isEqualTo("https://o");
        assertThat(event.attempts()).isZero();
        assertThat(event.history()).isEmpty();
        assertThat(event.body().path("a").asInt()).isEqualTo(1);
    }

    /** The bytes put together are the JSON that the tree makes. */
    @ParameterizedTest
    @ValueSource(strings = {
        "{}", " { } ", "{\"a\":[1,{\"context\":{\"x\":1}}]}", "{\"context\":{}}", "{\"context\":{ }, \"b\":1.50}",
        "{\"context\":{\"_origin\":\"https://o\"}}", "{\"context\":{\"_origin\":{\"a\":[1]}},\"b\":2}",
        "{\"context\":{\"_origin\":\"x\",\"a\":1}}", "{\"context\":{\"a\":1,\"_origin\":\"x\"}}", "{\"context\":{\"a\":1 , \"_origin\" : 5 , \"b\" : \"}\" } , \"c\":{}}",
        "{\"context\":{\"a\":\",\" , \"_origin\":\"x\" }}", "{\"context\":{\"_origin\":1,\"_origin\":2}}", "{\"context\":{\"entity.kind\":\"forged\",\"a\":1}}",
        "{\"context\":{\"entity\\u002ekind\":\"forged\"}}", "{\"context\":{\"\\u005forigin\":1,\"é\":\"\\ud83d\"}}", "{\n\"context\":{\n\"a\":1},\r\n\"b\":2}",
        "{\"context\":[1]}", "{\"context\":null,\"a\":1}", "{\"a\":\"{\\\"context\\\":{}}\",\"n\":12345678901234567890.10}",
    })
    void whatGoesOutIsTheBodyWithWhatWasAdded(String body) throws IOException {
        for (Event sent : List.of(event(body), with(body))) {
            Event changed = sent.again();
            changed.added().putAll(sent.added());
            changed.body();
            JsonNode expected = MAPPER.readTree(changed.outgoing());
            assertThat(MAPPER.readTree(sent.outgoing())).isEqualTo(expected);
            assertThat(text(sent.outgoing())).doesNotContain("_origin", "\n", "\r", "forged".repeat(sent.added().isEmpty() ? 2 : 1));
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            Event.write(List.of(sent), out);
            assertThat(MAPPER.readTree(out.toByteArray())).isEqualTo(MAPPER.createObjectNode().put("id", "id-1")
                    .put("received", "2026-01-02T03:04:05.678Z").put("kind", "app").set("event", expected));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"2026-01-02T03:04:05.678Z", "2026-01-02T03:04:05Z", "2024-02-29T23:59:59.999Z", "2026-01-02T03:04:05.123456Z", "2026-01-02T03:04:05.6+01:00"})
    void theTimeIsReadAsItWasWritten(String received) {
        Event event = Event.fromEnvelope(("{\"id\":\"x\",\"received\":\"" + received + "\",\"kind\":\"app\",\"event\":{}}").getBytes(StandardCharsets.UTF_8));
        assertThat(event.received()).isEqualTo(OffsetDateTime.parse(received).toInstant());
    }

    @Test
    void bytesGoOutAsTheyCame() {
        assertThat(text(event("{\"n\":1.50,\"t\":\"\\ud83d\",\"context\":{\"a\":\"é\",\"_origin\":\"x\"}}").outgoing()))
                .isEqualTo("{\"n\":1.50,\"t\":\"\\ud83d\",\"context\":{\"a\":\"é\"}}");
    }

    @Test
    void aBodyThatARouteChangedGoesOutChanged() {
        Event event = event("{\"a\":1,\"context\":{\"entityRef\":\"component:default/x\"}}");
        event.body().put("a", 2).withObject("/context").put("entityRef", "component:default/y");
        assertThat(text(event.outgoing())).isEqualTo("{\"a\":2,\"context\":{\"entityRef\":\"component:default/y\"}}");
        assertThat(event.entityRef()).isEqualTo("component:default/y");
        assertThat(text(event.again().outgoing())).isEqualTo("{\"a\":1,\"context\":{\"entityRef\":\"component:default/x\"}}");
    }

    @Test
    void aFailureIsKeptInTheEnvelopeAndTheEventStaysAsItCame() {
        String body = "{\"a\":1e99999999999,\"context\":{\"_origin\":\"x\"}}";
        Event failed = Event.fromEnvelope(event(body).envelopeAfter(new Event.Failure("2026-01-02T03:04:06Z", "spotify", "it \"answered\" 400", 400), 2), 5);
        assertThat(failed.attempts()).isEqualTo(2);
        assertThat(failed.history()).containsExactly(new Event.Failure("2026-01-02T03:04:06Z", "spotify", "it \"answered\" 400", 400));
        assertThat(failed.user()).isEqualTo("user:default/jane");
        assertThat(failed.header("referer")).isEqualTo("https://example.com/");
        assertThat(text(failed.envelope())).endsWith(",\"event\":" + body + "}");
        Event replayed = Event.fromEnvelope(failed.envelopeForReplay());
        assertThat(replayed.attempts()).isZero();
        assertThat(replayed.history()).hasSize(1);
        for (int i = 0; i < 30; i++) {
            failed = Event.fromEnvelope(failed.envelopeAfter(new Event.Failure("t" + i, "spotify", "r", null), i));
        }
        assertThat(failed.history()).hasSize(20).last().isEqualTo(new Event.Failure("t29", "spotify", "r", null));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', value = {
        "{\"id\":\"x\",\"received\":\"y\",\"kind\":\"app\",\"event\":{}}", "[]", "1", "``", "{", "{\"id\":\"x\"}", "{\"id\":\"x\",\"received\":\"2026-01-02T03:04:05Z\",\"kind\":\"app\",\"event\":[]}",
        "{\"id\":\"x\",\"received\":\"2026-01-02T03:04:05Z\",\"kind\":\"app\",\"event\":{}", "{\"id\":\"x\",\"received\":\"2026-01-02T03:04:05Z\",\"kind\":\"app\",\"event\":{\"a\":}}",
        "{\"id\":\"x\",\"received\":\"2026-01-02T03:04:05Z\",\"kind\":\"app\",\"event\":{\"a\":\"\\x\"}}", "{\"id\":\"x\",\"received\":\"2026-01-02T03:04:05Z\",\"kind\":\"other\",\"event\":{}}",
        "{\"id\":\"x\",\"received\":\"2026-01-02T03:04:05Z\",\"kind\":\"app\",\"event\":{},\"more\":1}", "{\"id\":{},\"received\":\"2026-01-02T03:04:05Z\",\"kind\":\"app\",\"event\":{}}",
        "{\"id\":\"x\",\"received\":\"2026-01-02T03:04:05Z\",\"kind\":\"app\",\"event\":{},\"history\":[1]}", "{\"id\":\"x\",\"received\":\"2026-01-02T03:04:05Z\",\"kind\":\"app\",\"headers\":[],\"event\":{}}",
    })
    void whatIsNoEnvelopeIsSaidToBeNone(String bytes) {
        assertThatThrownBy(() -> Event.fromEnvelope(bytes.getBytes(StandardCharsets.UTF_8)))
                .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("not an envelope");
    }

    @Test
    void anEventThatAStepFailsForIsLeftOut() {
        List<Event> events = List.of(event("{\"a\":1}"), event("{\"a\":2}"), event("{\"a\":3}"));
        List<Event> passed = Event.each(events, event -> {
            if (event.body().path("a").asInt() == 2) {
                throw new IllegalStateException("not this one");
            }
        });
        assertThat(passed).containsExactly(events.get(0), events.get(2));
        assertThat(events.get(1).outcome()).isEqualTo(Outcome.of(Outcome.Type.FAILED, "IllegalStateException: not this one"));
        assertThat(events.get(0).outcome()).isNull();
    }
}

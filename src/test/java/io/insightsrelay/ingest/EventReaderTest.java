package io.insightsrelay.ingest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParseException;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.StreamReadFeature;
import io.insightsrelay.ingest.EventReader.Shape;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.StringJoiner;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.util.unit.DataSize;

class EventReaderTest {

    private final EventReader reader = new EventReader(new IngestProperties(DataSize.ofKilobytes(256), 10, 16, 1000, 50, false,
            List.of(), 100, Duration.ofSeconds(60),
            new IngestProperties.RateLimit(0, 0, Duration.ofSeconds(10), 1, List.of()), new IngestProperties.Cors(List.of())));

    private List<String> read(String body, Shape shape) {
        byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
        EventReader.Result result = reader.read(bytes, shape);
        assertThat(result.refused()).isEmpty();
        return result.events().stream().map(event -> new String(event.bytes(), event.start(), event.end() - event.start(), StandardCharsets.UTF_8)).toList();
    }

    @Test
    void keepsTheBytesOfAnEventAsTheyCame() {
        String event = "{ \"action\" : \"é\\u00e9\", \"value\": 1.50, \"context\":{\"a\":[1,{\"b\":null}]} }";
        assertThat(read("  " + event + "\n", Shape.ONE)).containsExactly(event);
        assertThat(read("\uFEFF" + event, Shape.ONE)).containsExactly(event);
    }

    @Test
    void readsAnArrayAndLines() {
        assertThat(read("[ {\"action\":\"é\"} , {\"a\":[{}],\"action\":\"b\"}]", Shape.ONE_OR_ARRAY))
                .containsExactly("{\"action\":\"é\"}", "{\"a\":[{}],\"action\":\"b\"}");
        assertThat(read("{\"action\":\"a\"}", Shape.ONE_OR_ARRAY)).containsExactly("{\"action\":\"a\"}");
        assertThat(read("\uFEFF{\"action\":\"é\"}\r\n\n {\"action\":\"b\"} \n", Shape.LINES)).containsExactly("{\"action\":\"é\"}", "{\"action\":\"b\"}");
    }

    @ParameterizedTest
    @ValueSource(strings = {"{\"action\":\"a\"} garbage", "{\"action\":\"a\"} {\"action\":\"b\"}", "7 garbage", "7 8", "{\"action\":\"a\",", "garbage"})
    void aLineIsEitherReadOrRefusedOnce(String line) {
        EventReader.Result result = reader.read(("{\"action\":\"good\"}\n" + line + "\n{\"action\":\"good\"}").getBytes(StandardCharsets.UTF_8), Shape.LINES);
        assertThat(result.events()).hasSize(2);
        assertThat(result.refused()).singleElement().extracting(EventReader.Refused::index).isEqualTo(1);
    }

    @Test
    void findsTheIdentityOfAnAgentEvent() {
        byte[] body = "{\"context\":{\"identity\":\"no\"},\"identity\":\"abc\"}".getBytes(StandardCharsets.UTF_8);
        assertThat(reader.read(body, Shape.ONE).events()).singleElement().extracting(EventReader.Slice::identity).isEqualTo("abc");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', value = {
        "                         | is empty",
        "{\"a\":1,\"a\":2}        | Duplicate",
        "{\"a\":NaN}              | NaN",
        "{\"a\":Infinity}         | Infinity",
        "{\"a\":1} x              | x",
        "{\"a\":1}{\"b\":2}       | Something follows",
        "{\"a\":01}               | leading zeroes",
        "{\"a\":}                 | Unexpected",
        "{\"a\":1                 | end-of-input",
        "[]                       | JSON object",
        "\"text\"                 | a string",
        "null                     | null",
        "{\"context\":1}          | context has to be a JSON object, this is a number",
        "{\"context\":null}       | context has to be a JSON object, this is null",
        "{'a':1}                  | Unexpected",
        "{\"a\":1,}               | Unexpected",
        "{a:1}                    | Unexpected",
        "{\"a\":\"\t\"}           | Illegal unquoted character",
        "{\"a\":\"\\x\"}          | escape",
        "/**/{}                   | comment",
    })
    void refusesWhatIsNoSoundEvent(String body, String message) {
        byte[] bytes = (body == null ? "" : body.replace("\\n", "\n")).getBytes(StandardCharsets.UTF_8);
        assertThatThrownBy(() -> reader.read(bytes, Shape.ONE)).isInstanceOfSatisfying(RequestException.class, e -> {
            assertThat(e.status()).isEqualTo(400);
            assertThat(e.getMessage()).containsIgnoringCase(message).doesNotContain("com.fasterxml", "StreamReadConstraints", "StreamReadFeature", "JsonReadFeature");
        });
    }

    /** Objects in objects and arrays, of 0 to 25 members, some of them with a name that comes twice. */
    private static String object(Random random, int depth) {
        StringJoiner members = new StringJoiner(",", "{", "}");
        int count = random.nextInt(4) == 0 ? 13 + random.nextInt(13) : random.nextInt(6);
        for (int i = 0; i < count; i++) {
            // 0x41 is A: an escaped name is the same name
            String name = "\"" + (random.nextInt(8) == 0 ? "\\u0041" : "A") + (random.nextInt(120) == 0 ? random.nextInt(count) : i) + "\"";
            String value = depth > 4 || random.nextInt(3) > 0 ? "1" : random.nextBoolean() ? object(random, depth + 1)
                    : "[" + object(random, depth + 1) + ",2," + object(random, depth + 1) + "]";
            members.add(name + ":" + value);
        }
        return members.toString();
    }

    @Test
    void refusesANameThatComesTwiceWhereverJacksonDoes() throws IOException {
        JsonFactory strict = JsonFactory.builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION).build();
        Random random = new Random(1);
        int refused = 0;
        for (int i = 0; i < 5_000; i++) {
            String body = object(random, 0);
            String problem = null;
            try (JsonParser parser = strict.createParser(body)) {
                while (parser.nextToken() != null) {
                    parser.finishToken();
                }
            } catch (JsonParseException e) {
                problem = e.getOriginalMessage();
                refused++;
            }
            if (problem == null) {
                assertThat(read(body, Shape.ONE)).containsExactly(body);
            } else {
                assertThatThrownBy(() -> read(body, Shape.ONE)).as(body).hasMessageContaining(problem);
            }
        }
        assertThat(refused).isBetween(500, 4_500);
    }

    @ParameterizedTest
    @CsvSource({"100,1,1", "1,2000,1", "1,1,100"})
    void refusesWhatExceedsTheLimits(int depth, int string, int number) {
        String body = "{\"a\":" + "[".repeat(depth) + "]".repeat(depth) + ",\"b\":\"" + "x".repeat(string) + "\",\"c\":" + "1".repeat(number) + "}";
        assertThatThrownBy(() -> reader.read(body.getBytes(StandardCharsets.UTF_8), Shape.ONE)).isInstanceOf(RequestException.class)
                .hasMessageContaining("exceeds").message().doesNotContain("StreamReadConstraints");
    }

    @Test
    void refusesTooManyEvents() {
        String array = IntStream.range(0, 11).mapToObj(i -> "{\"action\":\"a\"}").collect(Collectors.joining(",", "[", "]"));
        for (Shape shape : List.of(Shape.ONE_OR_ARRAY, Shape.LINES)) {
            String body = shape == Shape.LINES ? array.substring(1, array.length() - 1).replace(",", "\n") : array;
            assertThatThrownBy(() -> reader.read(body.getBytes(StandardCharsets.UTF_8), shape))
                    .isInstanceOfSatisfying(RequestException.class, e -> assertThat(e.status()).isEqualTo(413)).hasMessageContaining("ingest.maxEvents");
        }
    }

    @Test
    void reportsBadElementsByTheirIndex() {
        EventReader.Result result = reader.read("[{\"action\":\"a\"},3,{\"action\":\"b\",\"context\":[]},{\"action\":\"c\",\"a\":{\"b\":1}}]".getBytes(StandardCharsets.UTF_8), Shape.ONE_OR_ARRAY);
        assertThat(result.events()).hasSize(2);
        assertThat(result.refused()).extracting(EventReader.Refused::index).containsExactly(1, 2);
        EventReader.Result lines = reader.read("{\"action\":\"a\"}\n{\"a\":\n{\"action\":\"b\"} {}\n{\"action\":\"c\"}".getBytes(StandardCharsets.UTF_8), Shape.LINES);
        assertThat(lines.events()).hasSize(2);
        assertThat(lines.refused()).extracting(EventReader.Refused::index).containsExactly(1, 2);
        assertThat(lines.refused().get(0).message()).contains("line 2");
    }

    @Test
    void refusesWhatIsNotUtf8() {
        byte[][] bodies = {
            {'{', '"', (byte) 0xC3, '"', ':', '1', '}'},
            {'{', '"', (byte) 0xC0, (byte) 0xAF, '"', ':', '1', '}'},
            {'{', '"', (byte) 0xED, (byte) 0xA0, (byte) 0x80, '"', ':', '1', '}'},
            "{}".getBytes(StandardCharsets.UTF_16BE), "{}".getBytes(StandardCharsets.UTF_16LE), "{}".getBytes(StandardCharsets.UTF_16),
            {0, 0, 0, (byte) 123, 0, 0, 0, (byte) 125},
        };
        for (byte[] body : bodies) {
            assertThatThrownBy(() -> reader.read(body, Shape.ONE)).isInstanceOf(RequestException.class).hasMessageContaining("UTF-8");
        }
    }

    @Test
    void aLoneSurrogateEscapeIsKept() {
        assertThat(read("{\"a\":\"\\ud83d\"}", Shape.ONE)).containsExactly("{\"a\":\"\\ud83d\"}");
    }
}

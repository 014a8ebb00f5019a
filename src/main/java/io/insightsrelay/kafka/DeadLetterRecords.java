package io.insightsrelay.kafka;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.insightsrelay.deadletter.DeadLetter;
import io.insightsrelay.kafka.KafkaEngine.Opening;
import io.insightsrelay.spool.SpoolException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.springframework.lang.Nullable;

/**
 * How the topic of dead letters is written. A letter's record has its envelope as value and the other fields as headers; records beside it
 * ask for its replay and count, for each destination, what became of letters:
 *
 * <pre>
 * letter/&lt;destination&gt;/&lt;id&gt;   the letter
 * replay/&lt;destination&gt;/&lt;id&gt;   it waits for its replay
 * handled/&lt;destination&gt;       {"deleted","expired","replayed"}
 * opening/&lt;destination&gt;/&lt;id&gt;  {"waiting","deadLetters"}: what came from the spool of a relay, by the id of the move
 * </pre>
 *
 * A record without a value takes away what one with its key said.
 */
final class DeadLetterRecords {

    static final String LETTER = "letter";
    static final String REPLAY = "replay";
    static final String HANDLED = "handled";
    static final String OPENING = "opening";
    private static final JsonMapper JSON = new JsonMapper();

    private DeadLetterRecords() {
    }

    /** @param id null for what is about the destination as a whole */
    static ProducerRecord<byte[], byte[]> record(String topic, String kind, String destination, @Nullable String id, @Nullable byte[] value) {
        return new ProducerRecord<>(topic, 0, key(kind, destination, id), value);
    }

    static ProducerRecord<byte[], byte[]> letter(String topic, DeadLetter letter) {
        Headers headers = new RecordHeaders();
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("id", letter.id());
        fields.put("destination", letter.destination());
        fields.put("reason", letter.reason());
        fields.put("status", letter.status());
        fields.put("attempts", letter.attempts());
        fields.put("received", letter.received());
        fields.put("died", letter.died());
        fields.forEach((name, value) -> {
            if (value != null) {
                headers.add(name, value.toString().getBytes(StandardCharsets.UTF_8));
            }
        });
        return new ProducerRecord<>(topic, 0, key(LETTER, letter.destination(), letter.id()), letter.envelope(), headers);
    }

    /** What the destination was given from elsewhere, in place of an earlier one of the same move. */
    static ProducerRecord<byte[], byte[]> opening(String topic, String destination, String move, Opening opening) {
        return record(topic, OPENING, destination, move, json(opening));
    }

    /** Whether the headers are those of a letter. */
    static boolean isLetter(Headers headers) {
        return headers.lastHeader("id") != null;
    }

    /** @param envelope empty where it is not wanted yet */
    static DeadLetter letter(Headers headers, byte[] envelope) {
        String status = text(headers, "status");
        return new DeadLetter(text(headers, "id"), text(headers, "destination"), text(headers, "reason"), status == null ? null : Integer.valueOf(status),
                Integer.parseInt(text(headers, "attempts")), Instant.parse(text(headers, "received")), Instant.parse(text(headers, "died")), envelope);
    }

    @Nullable
    private static String text(Headers headers, String name) {
        Header header = headers.lastHeader(name);
        return header == null ? null : new String(header.value(), StandardCharsets.UTF_8);
    }

    private static byte[] key(String kind, String destination, @Nullable String id) {
        return (kind + "/" + destination + (id == null ? "" : "/" + id)).getBytes(StandardCharsets.UTF_8);
    }

    static byte[] json(Object counts) {
        try {
            return JSON.writeValueAsBytes(counts);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }

    /** @throws SpoolException if it cannot be read */
    static <T> T read(byte[] json, Class<T> type) {
        try {
            return JSON.readValue(json, type);
        } catch (IOException e) {
            throw new SpoolException("The counts of dead letters cannot be read: " + e.getMessage(), e);
        }
    }
}

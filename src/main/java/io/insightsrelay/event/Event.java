package io.insightsrelay.event;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonValue;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.json.JsonWriteFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.ObjectWriter;
import com.fasterxml.jackson.databind.cfg.JsonNodeFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.springframework.lang.Nullable;

/**
 * One event while a route works on it. It is read from its envelope, the JSON object that the spool keeps:
 * {@code {"id", "received", "kind", "user", "headers", "event", "attempts", "history"}}. What a browser sent stands
 * unchanged in {@code event}; what enrichment finds is kept apart in {@link #added()} until the event is encoded.
 * Not thread-safe: one thread at a time works on an event.
 */
public final class Event {

    /** Which interface an event came in by, and goes out by. */
    public enum Kind {
        /** From a Backstage app, a browser. */
        @JsonProperty("app") APP,
        /** From an agent or another service. */
        @JsonProperty("agent") AGENT
    }

    /**
     * An earlier failure to deliver.
     *
     * @param at          ISO-8601, UTC
     * @param destination where to
     * @param reason      what went wrong
     * @param status      the HTTP status, or null
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Failure(String at, String destination, String reason, @Nullable Integer status) {
    }

    @JsonInclude(JsonInclude.Include.NON_EMPTY)
    private record Envelope(String id, String received, Kind kind, @Nullable String user, @Nullable Map<String, String> headers,
                            @JsonInclude(JsonInclude.Include.NON_DEFAULT) int attempts, @Nullable List<Failure> history,
                            @JsonInclude(JsonInclude.Include.ALWAYS) JsonNode event) {
    }

    private record Sent(String id, String received, Kind kind, ObjectNode event) {
    }

    /** Name of the exchange property that holds the event while routes/ work on one of a batch. */
    public static final String PROPERTY = "event";
    private static final int MOST_HISTORY = 20;
    // numbers stay as they came, however large; a lone surrogate that an escape brought in can be written again
    private static final JsonMapper MAPPER = JsonMapper.builder()
            .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
            .disable(JsonNodeFeature.STRIP_TRAILING_BIGDECIMAL_ZEROES)
            .enable(JsonWriteFeature.ESCAPE_NON_ASCII)
            .build();
    private static final ObjectReader READER = MAPPER.readerFor(Envelope.class);
    private static final ObjectWriter WRITER = MAPPER.writerFor(Envelope.class);

    private final Envelope envelope;
    private final byte[] bytes;
    private final int place;
    private final Map<String, JsonNode> added = new LinkedHashMap<>();
    private Outcome outcome;

    private Event(Envelope envelope, byte[] bytes, int place) {
        this.envelope = envelope;
        this.bytes = bytes;
        this.place = place;
    }

    /**
     * Reads an envelope.
     *
     * @param place of the event in its batch, from 0
     * @throws IllegalArgumentException if the bytes are not one; the message says what is wrong
     */
    public static Event fromEnvelope(byte[] bytes, int place) {
        try {
            Envelope envelope = READER.readValue(bytes);
            if (envelope == null || envelope.id == null || envelope.received == null || envelope.kind == null || !(envelope.event instanceof ObjectNode)) {
                throw new IllegalArgumentException("an envelope has id, received, kind and an event that is a JSON object");
            }
            return new Event(envelope, bytes, place);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException("not an envelope: " + e.getOriginalMessage(), e);
        } catch (IOException e) {
            throw new IllegalArgumentException("not an envelope: " + e.getMessage(), e);
        }
    }

    /** An envelope that is in no batch. */
    public static Event fromEnvelope(byte[] bytes) {
        return fromEnvelope(bytes, 0);
    }

    /** The same event before any attempt made something of it. */
    public Event again() {
        return fromEnvelope(bytes, place);
    }

    /** Its place in the batch that it came in, from 0. */
    public int place() {
        return place;
    }

    /** The envelope as it was stored: what a dead letter keeps and a retry starts from. Do not modify. */
    public byte[] envelope() {
        return bytes;
    }

    /**
     * The envelope with one more failure in its history (the latest 20 are kept).
     *
     * @param attempts what the envelope's count of attempts becomes
     */
    public byte[] envelopeAfter(Failure failure, int attempts) {
        List<Failure> history = new ArrayList<>(history());
        history.add(failure);
        List<Failure> latest = history.subList(Math.max(0, history.size() - MOST_HISTORY), history.size());
        return write(new Envelope(envelope.id, envelope.received, envelope.kind, envelope.user, envelope.headers, attempts, latest, envelope.event));
    }

    /** The envelope for a replay: attempts start again, the history stays. */
    public byte[] envelopeForReplay() {
        return write(new Envelope(envelope.id, envelope.received, envelope.kind, envelope.user, envelope.headers, 0, envelope.history, envelope.event));
    }

    private static byte[] write(Envelope envelope) {
        try {
            return WRITER.writeValueAsBytes(envelope);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("an envelope that was read cannot be written: " + e.getOriginalMessage(), e);
        }
    }

    /** UUIDv7, 36 characters; the same through retries, restarts and replays. */
    public String id() {
        return envelope.id;
    }

    /** When the relay received it. */
    public Instant received() {
        return Instant.parse(envelope.received);
    }

    /** Which interface it came in by. */
    public Kind kind() {
        return envelope.kind;
    }

    /** Entity ref of the signed-in user as the token spells it, or null for an anonymous event. */
    @Nullable
    public String user() {
        return envelope.user;
    }

    /** A header of the browser's request that ingest keeps, by its lower-case name; null if there was none. */
    @Nullable
    public String header(String lowerCaseName) {
        return envelope.headers == null ? null : envelope.headers.get(lowerCaseName);
    }

    /** How often delivery was tried while the destination took other events. */
    public int attempts() {
        return envelope.attempts;
    }

    /** Earlier failures, oldest first; empty for most events. */
    public List<Failure> history() {
        return envelope.history == null ? List.of() : envelope.history;
    }

    /** What the sender sent; never null. Processors may change it: a retry starts again from the envelope. */
    public ObjectNode body() {
        return (ObjectNode) envelope.event;
    }

    /** Entity ref that the event is about: {@code context.entityRef}, where it is a string; otherwise null. */
    @Nullable
    public String entityRef() {
        JsonNode ref = envelope.event.path("context").path("entityRef");
        return ref.isTextual() ? ref.textValue() : null;
    }

    /** The members that enrichment adds to {@code context}, by dotted path; in the order in which they are sent. */
    public Map<String, JsonNode> added() {
        return added;
    }

    /** This event as it goes to destinations of one's own: its id, when it was received, its kind, and what goes out. */
    @JsonValue
    Sent sent() {
        return new Sent(envelope.id, envelope.received, envelope.kind, outgoing());
    }

    /**
     * What goes out: the body, its context without {@code _origin} and with what enrichment added. A copy where it differs.
     */
    public ObjectNode outgoing() {
        ObjectNode body = body();
        if (added.isEmpty() && !body.path("context").has("_origin")) {
            return body;
        }
        ObjectNode outgoing = JsonNodeFactory.instance.objectNode();
        outgoing.setAll(body);
        ObjectNode context = outgoing.putObject("context");
        if (body.get("context") instanceof ObjectNode given) {
            context.setAll(given);
        }
        context.remove("_origin");
        context.setAll(added);
        return outgoing;
    }

    /** Writes events and their parts as they have to be written: numbers as they came, lone surrogates escaped. */
    public static ObjectMapper mapper() {
        return MAPPER.copy();
    }

    /** What came of the latest attempt, or null while nothing has. */
    @Nullable
    public Outcome outcome() {
        return outcome;
    }

    /** Says what came of the attempt; null forgets it, before the next one. */
    public void outcome(@Nullable Outcome outcome) {
        this.outcome = outcome;
    }
}

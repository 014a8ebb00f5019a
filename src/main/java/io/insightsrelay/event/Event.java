package io.insightsrelay.event;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonPointer;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.json.JsonWriteFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.cfg.JsonNodeFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.OutputStream;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import org.springframework.lang.Nullable;

/**
 * One event while a route works on it. It is read from its envelope, the JSON object that the spool keeps:
 * {@code {"id", "received", "kind", "endpoint", "user", "headers", "event", "attempts", "history"}}. What a browser sent stands
 * unchanged in {@code event}; what enrichment finds is kept apart in {@link #added()} until the event is encoded. The bytes
 * of the event go out as they came, with what was added put in between; only who asks for {@link #body()} has a tree made.
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

    /** Where an event was posted to. */
    public enum Endpoint {
        /** {@code /api/backstage-insights/events/app}. */
        APP,
        /** {@code /api/backstage-insights/events/agent}. */
        AGENT,
        /** {@code /v1/events}, which takes what other clients send. */
        EVENTS
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

    /** Name of the exchange property that holds the event while routes/ work on one of a batch. */
    public static final String PROPERTY = "event";
    private static final int MOST_HISTORY = 20;
    // numbers stay as they came, however large; a lone surrogate that an escape brought in can be written again
    static final JsonMapper MAPPER = JsonMapper.builder()
            .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
            .disable(JsonNodeFeature.STRIP_TRAILING_BIGDECIMAL_ZEROES)
            .enable(JsonWriteFeature.ESCAPE_NON_ASCII)
            .build();

    private final byte[] bytes;
    private final int place;
    private final EnvelopeLayout layout;
    private final Instant received;
    private final Map<String, JsonNode> added = new LinkedHashMap<>();
    private ObjectNode body;
    private Outcome outcome;

    private Event(byte[] bytes, int place, EnvelopeLayout layout, Instant received) {
        this.bytes = bytes;
        this.place = place;
        this.layout = layout;
        this.received = received;
    }

    /**
     * Reads an envelope.
     *
     * @param place of the event in its batch, from 0
     * @throws IllegalArgumentException if the bytes are not one; the message says what is wrong
     */
    public static Event fromEnvelope(byte[] bytes, int place) {
        try {
            EnvelopeLayout layout = EnvelopeLayout.read(bytes);
            return new Event(bytes, place, layout, parse(layout.received));
        } catch (DateTimeParseException e) {
            throw new IllegalArgumentException("not an envelope: " + e.getMessage(), e);
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

    /**
     * Does something with each event of a list. One that it fails for gets the outcome {@link Outcome.Type#FAILED} and is
     * left out, so that one event's failure is never another's.
     *
     * @return the events that it did not fail for
     */
    public static List<Event> each(List<Event> events, Consumer<Event> work) {
        List<Event> passed = new ArrayList<>(events.size());
        for (Event event : events) {
            try {
                work.accept(event);
                passed.add(event);
            } catch (RuntimeException e) {
                event.outcome = Outcome.of(Outcome.Type.FAILED, e.getClass().getSimpleName() + (e.getMessage() == null ? "" : ": " + e.getMessage()));
            }
        }
        return passed;
    }

    /** The same event before any attempt made something of it. */
    public Event again() {
        return new Event(bytes, place, layout, received);
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
        List<Failure> history = new ArrayList<>(layout.history);
        history.add(failure);
        return envelope(attempts, history.subList(Math.max(0, history.size() - MOST_HISTORY), history.size()));
    }

    /** The envelope for a replay: attempts start again, the history stays. */
    public byte[] envelopeForReplay() {
        return envelope(0, layout.history);
    }

    private byte[] envelope(int attempts, List<Failure> history) {
        Splice envelope = new Splice(bytes.length + 256).raw("{\"id\":").quoted(layout.id).raw(",\"received\":").quoted(layout.received)
                .raw(",\"kind\":").value(layout.kind);
        if (layout.endpoint != null) {
            envelope.raw(",\"endpoint\":\"events\"");
        }
        if (layout.user != null) {
            envelope.raw(",\"user\":").quoted(layout.user);
        }
        if (!layout.headers.isEmpty()) {
            envelope.raw(",\"headers\":").value(layout.headers);
        }
        if (attempts != 0) {
            envelope.raw(",\"attempts\":").value(attempts);
        }
        if (!history.isEmpty()) {
            envelope.raw(",\"history\":").value(history);
        }
        envelope.raw(",\"event\":").write(bytes, layout.start, layout.end - layout.start);
        return envelope.raw("}").toByteArray();
    }

    /** UUIDv7, 36 characters; the same through retries, restarts and replays. */
    public String id() {
        return layout.id;
    }

    /** When the relay received it. */
    public Instant received() {
        return received;
    }

    /** What ingest writes is taken apart by hand, since it is asked for with every batch; anything else is ISO-8601 too. */
    private static Instant parse(String received) {
        if (received.length() == "2026-01-02T03:04:05.678Z".length() && received.endsWith("Z")) {
            try {
                return LocalDateTime.of(number(received, 0, 4), number(received, 5, 7), number(received, 8, 10), number(received, 11, 13),
                        number(received, 14, 16), number(received, 17, 19), number(received, 20, 23) * 1_000_000).toInstant(ZoneOffset.UTC);
            } catch (NumberFormatException | DateTimeException e) {
                return Instant.parse(received);
            }
        }
        return Instant.parse(received);
    }

    private static int number(String text, int from, int to) {
        return Integer.parseInt(text, from, to, 10);
    }

    /** Which interface it came in by. */
    public Kind kind() {
        return layout.kind;
    }

    /** Where it was posted to. */
    public Endpoint endpoint() {
        return layout.endpoint != null ? layout.endpoint : kind() == Kind.APP ? Endpoint.APP : Endpoint.AGENT;
    }

    /** Entity ref of the signed-in user as the token spells it, or null for an anonymous event. */
    @Nullable
    public String user() {
        return layout.user;
    }

    /** A header of the browser's request that ingest keeps, by its lower-case name; null if there was none. */
    @Nullable
    public String header(String lowerCaseName) {
        return layout.headers.get(lowerCaseName);
    }

    /** How often delivery was tried while the destination took other events. */
    public int attempts() {
        return layout.attempts;
    }

    /** Earlier failures, oldest first; empty for most events. */
    public List<Failure> history() {
        return layout.history;
    }

    /** What the sender sent; never null. Processors may change it: a retry starts again from the envelope. */
    public ObjectNode body() {
        if (body == null) {
            body = read();
        }
        return body;
    }

    private ObjectNode read() {
        try {
            return (ObjectNode) MAPPER.readTree(bytes, layout.start, layout.end - layout.start);
        } catch (IOException e) {
            throw new IllegalStateException("an event that was read cannot be read again: " + e.getMessage(), e);
        }
    }

    /**
     * What the sender sent, token by token, for what needs no tree of it. The caller closes it.
     *
     * @return null once the body was asked for, which may differ
     * @throws IOException as Jackson does
     */
    @Nullable
    public JsonParser sent() throws IOException {
        return body != null ? null : MAPPER.createParser(bytes, layout.start, layout.end - layout.start);
    }

    /**
     * Has the body changed by something that seldom changes anything: as long as it does not, the bytes go out as they came.
     *
     * @param change returns the object that it is given if nothing changes, and another one otherwise
     */
    public void change(UnaryOperator<ObjectNode> change) {
        ObjectNode before = body == null ? read() : body;
        ObjectNode after = change.apply(before);
        if (after != before) {
            body = after;
        }
    }

    /**
     * A member of what the sender sent, for routes: {@code ${body.text('/context/pluginId')}}.
     *
     * @param pointer JSON pointer (RFC 6901), such as /action or /attributes/query
     * @return a string as it is, anything else as JSON; null where there is nothing
     */
    @Nullable
    public String text(String pointer) {
        JsonNode node = body().at(pointer);
        return node.isMissingNode() || node.isNull() ? null : node.isTextual() ? node.textValue() : node.toString();
    }

    /**
     * Sets a member, for routes: {@code ${body.set('/attributes/portal','north')}}. Objects on the way to it are made; an attempt that follows
     * starts from what was sent.
     *
     * @param pointer JSON pointer (RFC 6901)
     * @return this event
     * @throws IllegalArgumentException if the pointer leads through something that is no object
     */
    public Event set(String pointer, String value) {
        JsonPointer whole = JsonPointer.compile(pointer);
        JsonNode parent = body().at(whole.head());
        ObjectNode object = parent instanceof ObjectNode known ? known : body().withObject(whole.head());
        object.put(whole.last().getMatchingProperty(), value);
        return this;
    }

    /**
     * Removes a member, for routes.
     *
     * @param pointer JSON pointer (RFC 6901)
     * @return this event
     */
    public Event remove(String pointer) {
        JsonPointer whole = JsonPointer.compile(pointer);
        if (body().at(whole.head()) instanceof ObjectNode parent) {
            parent.remove(whole.last().getMatchingProperty());
        }
        return this;
    }

    /** Entity ref that the event is about: {@code context.entityRef}, where it is a string; otherwise null. */
    @Nullable
    public String entityRef() {
        return text("entityRef", layout.entityRef);
    }

    /** The page's origin: {@code context._origin}, where it is a string; otherwise null. It does not go out. */
    @Nullable
    public String origin() {
        return text(EnvelopeLayout.ORIGIN, layout.origin);
    }

    @Nullable
    private String text(String member, @Nullable String sent) {
        return body == null ? sent : body.path("context").path(member).textValue();
    }

    /** The members that enrichment adds to {@code context}, by dotted path; in the order in which they are sent. */
    public Map<String, JsonNode> added() {
        return added;
    }

    /** What goes out, as JSON: the body, its context without {@code _origin} and with what enrichment added. */
    public byte[] outgoing() {
        return outgoing(new Splice(bytes.length + 64 * added.size() + 64)).toByteArray();
    }

    /**
     * Writes events as they go to destinations of one's own, each a JSON object, with a comma in between: its id, when it was
     * received, its kind, and in {@code event} what goes out.
     */
    public static void write(List<Event> events, OutputStream out) throws IOException {
        Splice sent = new Splice(4096);
        for (int i = 0; i < events.size(); i++) {
            Event event = events.get(i);
            sent.reset();
            sent.raw(i == 0 ? "" : ",").raw("{\"id\":").quoted(event.layout.id).raw(",\"received\":").quoted(event.layout.received)
                    .raw(event.layout.kind == Kind.APP ? ",\"kind\":\"app\"" : ",\"kind\":\"agent\"").raw(",\"event\":");
            event.outgoing(sent).raw("}").writeTo(out);
        }
    }

    private Splice outgoing(Splice out) {
        if (body == null && layout.takesSplice(added)) {
            return out.event(bytes, layout, added);
        }
        ObjectNode outgoing = MAPPER.createObjectNode();
        outgoing.setAll(body());
        if (!added.isEmpty() || body().path("context").has(EnvelopeLayout.ORIGIN)) {
            ObjectNode context = outgoing.putObject("context");
            if (body().get("context") instanceof ObjectNode given) {
                context.setAll(given);
            }
            context.remove(EnvelopeLayout.ORIGIN);
            context.setAll(added);
        }
        return out.value(outgoing);
    }

    /** Writes parts of events as they have to be written: numbers as they came, lone surrogates escaped. */
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

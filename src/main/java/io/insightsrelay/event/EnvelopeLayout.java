package io.insightsrelay.event;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectReader;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Where the parts of an envelope stand in its bytes, and the values that every event is asked for; read in one pass and
 * without a tree. Immutable once it is read.
 */
final class EnvelopeLayout {

    /** Member of the context that does not go out. */
    static final String ORIGIN = "_origin";
    private static final JsonFactory JSON = JsonFactory.builder()
            // the names come from strangers: a table of all that were ever seen would be theirs to fill
            .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
            .build();
    private static final ObjectReader FAILURES = Event.MAPPER.readerForListOf(Event.Failure.class);

    String id;
    String received;
    Event.Kind kind;
    /** Null where it is that of the kind. */
    Event.Endpoint endpoint;
    String user;
    Map<String, String> headers = Map.of();
    int attempts;
    List<Event.Failure> history = List.of();
    String entityRef;
    String origin;
    /** The event, from its opening brace to behind its closing one. */
    int start = -1;
    int end;
    boolean empty = true;
    /** The closing brace of the context; -1 where there is none. */
    int contextEnd = -1;
    /** What is to be cut out of the context so that {@link #ORIGIN} is not in it; -1 where it is not. */
    int originStart = -1;
    int originEnd;
    /** Without {@link #ORIGIN}. */
    final List<String> contextNames = new ArrayList<>();
    /** A member that comes twice, a context that is no object, or a line break: what goes out is written anew. */
    private boolean irregular;

    private EnvelopeLayout() {
    }

    /** @throws IllegalArgumentException if the bytes are JSON, but not an envelope */
    static EnvelopeLayout read(byte[] bytes) throws IOException {
        EnvelopeLayout layout = new EnvelopeLayout();
        try (JsonParser parser = JSON.createParser(bytes)) {
            expect(parser.nextToken() == JsonToken.START_OBJECT, "it is a JSON object");
            for (String name = parser.nextFieldName(); name != null; name = parser.nextFieldName()) {
                layout.readMember(name, parser, bytes);
            }
        }
        expect(layout.id != null && layout.received != null && layout.kind != null && layout.start >= 0,
                "it has id, received, kind and an event that is a JSON object");
        return layout;
    }

    private static void expect(boolean holds, String what) {
        if (!holds) {
            throw new IllegalArgumentException("not an envelope: " + what);
        }
    }

    private void readMember(String name, JsonParser parser, byte[] bytes) throws IOException {
        JsonToken token = parser.nextToken();
        switch (name) {
            case "id" -> id = text(name, parser);
            case "received" -> received = text(name, parser);
            case "kind" -> {
                String text = text(name, parser);
                expect("app".equals(text) || "agent".equals(text), "its kind is app or agent");
                kind = "app".equals(text) ? Event.Kind.APP : Event.Kind.AGENT;
            }
            case "endpoint" -> {
                expect("events".equals(text(name, parser)), "its endpoint is events, or that of its kind");
                endpoint = Event.Endpoint.EVENTS;
            }
            case "user" -> user = text(name, parser);
            case "headers" -> readHeaders(parser);
            case "attempts" -> {
                expect(token == JsonToken.VALUE_NUMBER_INT, "attempts is a number");
                attempts = parser.getIntValue();
            }
            case "history" -> {
                expect(token == JsonToken.START_ARRAY, "history is a list");
                history = FAILURES.readValue(parser);
            }
            case "event" -> {
                expect(token == JsonToken.START_OBJECT && start < 0, "its event is one JSON object");
                readEvent(parser, bytes);
            }
            default -> expect(false, "it has no member " + name);
        }
    }

    private static String text(String name, JsonParser parser) throws IOException {
        expect(parser.currentToken() == JsonToken.VALUE_STRING || parser.currentToken() == JsonToken.VALUE_NULL, name + " is a string");
        return parser.currentToken() == JsonToken.VALUE_NULL ? null : parser.getText();
    }

    private void readHeaders(JsonParser parser) throws IOException {
        if (parser.currentToken() == JsonToken.VALUE_NULL) {
            return;
        }
        expect(parser.currentToken() == JsonToken.START_OBJECT, "headers is a JSON object");
        headers = new HashMap<>(4);
        for (String name = parser.nextFieldName(); name != null; name = parser.nextFieldName()) {
            parser.nextToken();
            headers.put(name, text("a header", parser));
        }
    }

    private void readEvent(JsonParser parser, byte[] bytes) throws IOException {
        JsonLocation begin = parser.currentTokenLocation();
        start = (int) begin.getByteOffset();
        for (String name = parser.nextFieldName(); name != null; name = parser.nextFieldName()) {
            empty = false;
            JsonToken token = parser.nextToken();
            if (!name.equals("context")) {
                parser.skipChildren();
            } else if (token == JsonToken.START_OBJECT && contextEnd < 0) {
                readContext(parser, bytes);
            } else {
                irregular = true;
                parser.skipChildren();
            }
        }
        JsonLocation last = parser.currentLocation();
        end = (int) last.getByteOffset();
        irregular |= last.getLineNr() != begin.getLineNr();
    }

    private void readContext(JsonParser parser, byte[] bytes) throws IOException {
        boolean afterOrigin = false;
        for (String name = parser.nextFieldName(); name != null; name = parser.nextFieldName()) {
            if (afterOrigin) {
                originEnd = offset(parser);
                afterOrigin = false;
            }
            if (name.equals(ORIGIN)) {
                irregular |= originStart >= 0;
                originStart = offset(parser);
                origin = parser.nextTextValue();
                afterOrigin = true;
            } else {
                contextNames.add(name);
                if (parser.nextToken() == JsonToken.VALUE_STRING && name.equals("entityRef")) {
                    entityRef = parser.getText();
                }
            }
            parser.skipChildren();
        }
        contextEnd = offset(parser);
        if (afterOrigin) {
            originEnd = contextEnd;
            // the comma before the last member goes with it
            while (!contextNames.isEmpty() && bytes[originStart] != ',') {
                originStart--;
            }
        }
    }

    private static int offset(JsonParser parser) {
        return (int) parser.currentTokenLocation().getByteOffset();
    }

    /** Whether what goes out can be put together of the bytes as they are: no member that is added is there already. */
    boolean takesSplice(Map<String, JsonNode> added) {
        if (irregular) {
            return false;
        }
        for (String name : contextNames) {
            if (added.containsKey(name)) {
                return false;
            }
        }
        return true;
    }
}

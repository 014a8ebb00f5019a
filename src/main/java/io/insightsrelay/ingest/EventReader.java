package io.insightsrelay.ingest;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.springframework.lang.Nullable;

/**
 * Reads JSON events strictly, in one pass and without building trees: the bytes of an event stay as they came. Refused
 * are duplicate keys, invalid UTF-8, NaN, trailing garbage, and what exceeds the limits. Thread-safe.
 */
final class EventReader {

    /** What the body may hold. */
    enum Shape { ONE, ONE_OR_ARRAY, LINES }

    /**
     * An event: its JSON, from {@code start} up to {@code end} of {@code bytes}, which are the body's where it is as it came; its
     * {@code identity} member where that is a string, and its {@code id} where that is a UUID.
     */
    record Slice(byte[] bytes, int start, int end, @Nullable String identity, @Nullable String id) {
    }

    /** An element that was refused, by its index from 0. */
    record Refused(int index, String message) {
    }

    /** The good events, and the bad ones. */
    record Result(List<Slice> events, List<Refused> refused) {
    }

    private static final Pattern UUID = Pattern.compile("[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}");
    private static final int UUID_LENGTH = 36;

    private final JsonFactory json;
    private final int maxEvents;

    EventReader(IngestProperties properties) {
        this.maxEvents = properties.maxEvents();
        this.json = JsonFactory.builder()
                .streamReadConstraints(StreamReadConstraints.builder()
                        .maxNestingDepth(properties.maxDepth())
                        .maxStringLength(properties.maxString())
                        .maxNameLength(Math.min(properties.maxString(), 50_000))
                        .maxNumberLength(properties.maxNumber())
                        .build())
                // the names come from strangers: a table of all that were ever seen would be theirs to fill
                .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
                .build();
    }

    /**
     * Reads the events of a body. Where it may hold several, each has to have a {@link ClientShape}, and comes in Backstage's own.
     *
     * @throws RequestException 400 if nothing of it can be read, 413 if there are too many events
     */
    Result read(byte[] body, Shape shape) {
        int start = startOfJson(body);
        List<Slice> events = new ArrayList<>();
        List<Refused> refused = new ArrayList<>();
        if (shape == Shape.LINES) {
            readLines(body, start, events, refused);
        } else {
            readDocument(body, start, shape, events, refused);
        }
        return new Result(events, refused);
    }

    private void readDocument(byte[] body, int start, Shape shape, List<Slice> events, List<Refused> refused) {
        try (JsonParser parser = json.createParser(body, start, body.length - start)) {
            JsonToken first = parser.nextToken();
            if (first == JsonToken.START_ARRAY && shape == Shape.ONE_OR_ARRAY) {
                int index = 0;
                while (parser.nextToken() != JsonToken.END_ARRAY) {
                    checkCount(index);
                    readElement(parser, body, start, shape, index++, events, refused);
                }
                if (index == 0) {
                    throw RequestException.input("The array holds no event");
                }
            } else if (first == null) {
                throw RequestException.input("The body is empty; a JSON object is expected");
            } else {
                readElement(parser, body, start, shape, -1, events, refused);
            }
            if (parser.nextToken() != null) {
                throw RequestException.input("Something follows the JSON " + at(parser.currentTokenLocation()));
            }
        } catch (JsonProcessingException e) {
            throw RequestException.input(describe(e));
        } catch (IOException e) {
            throw RequestException.input("The JSON cannot be read: " + e.getMessage());
        }
    }

    private void readLines(byte[] body, int start, List<Slice> events, List<Refused> refused) {
        int index = 0;
        int line = 0;
        for (int from = start; from < body.length; ) {
            int to = from;
            while (to < body.length && body[to] != '\n') {
                to++;
            }
            line++;
            if (!isBlank(body, from, to)) {
                checkCount(index);
                readLine(body, from, to, line, index++, events, refused);
            }
            from = to + 1;
        }
        if (index == 0) {
            throw RequestException.input("The body is empty; one JSON object a line is expected");
        }
    }

    private void readLine(byte[] body, int from, int to, int line, int index, List<Slice> events, List<Refused> refused) {
        int before = events.size();
        int refusedBefore = refused.size();
        String fault = null;
        try (JsonParser parser = json.createParser(body, from, to - from)) {
            parser.nextToken();
            readElement(parser, body, from, Shape.LINES, index, events, refused);
            if (parser.nextToken() != null) {
                fault = "something follows the event on line " + line;
            }
        } catch (JsonProcessingException e) {
            fault = "line " + line + ": " + describe(e);
        } catch (IOException e) {
            fault = "line " + line + ": " + e.getMessage();
        }
        if (fault != null) {
            // what follows it may be what cannot be read: it is refused then, and so not kept
            events.subList(before, events.size()).clear();
            if (refused.size() == refusedBefore) {
                refused.add(new Refused(index, fault));
            }
        }
    }

    /** Reads the value that the parser stands on. An index of -1: the whole body is this event, so a fault refuses it all. */
    private static void readElement(JsonParser parser, byte[] body, int offset, Shape shape, int index, List<Slice> events, List<Refused> refused)
            throws IOException {
        String fault = null;
        if (parser.currentToken() != JsonToken.START_OBJECT) {
            fault = "an event is a JSON object, this is " + name(parser.currentToken()) + " " + at(parser.currentTokenLocation());
            parser.skipChildren();
        } else {
            int start = offset + (int) parser.currentTokenLocation().getByteOffset();
            ClientShape.Members members = shape == Shape.ONE ? null : new ClientShape.Members();
            String identity = null;
            String id = null;
            while (parser.nextToken() != JsonToken.END_OBJECT) {
                String field = MemberNames.next(parser);
                JsonToken value = parser.nextToken();
                if (members != null) {
                    members.add(field, value == JsonToken.VALUE_STRING, value == JsonToken.START_OBJECT);
                }
                if (field.equals("identity") && value == JsonToken.VALUE_STRING) {
                    identity = parser.getText();
                } else if (field.equals("id") && value == JsonToken.VALUE_STRING) {
                    id = uuid(parser.getText());
                } else if (field.equals("context") && value != JsonToken.START_OBJECT && fault == null) {
                    fault = "context has to be a JSON object, this is " + name(value) + " " + at(parser.currentTokenLocation());
                }
                finish(parser);
            }
            if (fault == null) {
                Slice sent = new Slice(body, start, offset + (int) parser.currentLocation().getByteOffset(), identity, id);
                try {
                    events.add(members == null ? sent : inBackstagesShape(sent, members.shape()));
                    return;
                } catch (IllegalArgumentException e) {
                    fault = e.getMessage();
                }
            }
        }
        if (index < 0) {
            throw RequestException.input(fault);
        }
        refused.add(new Refused(index, fault));
    }

    private static Slice inBackstagesShape(Slice sent, @Nullable ClientShape shape) {
        int length = sent.end() - sent.start();
        if (shape == ClientShape.PLAIN) {
            return sent;
        }
        if (shape == null) {
            throw new IllegalArgumentException(ClientShape.unknown(sent.bytes(), sent.start(), length));
        }
        ObjectNode event = shape.unwrap(sent.bytes(), sent.start(), length);
        byte[] bytes = ClientShape.write(event);
        return new Slice(bytes, 0, bytes.length, null, uuid(event.path("id").asText()));
    }

    @Nullable
    private static String uuid(String text) {
        return text.length() == UUID_LENGTH && UUID.matcher(text).matches() ? text : null;
    }

    /** Reads the current value to its end, strings and numbers included, so that every limit and check applies to it. */
    private static void finish(JsonParser parser) throws IOException {
        int depth = 0;
        do {
            JsonToken token = parser.currentToken();
            if (token.isStructStart()) {
                depth++;
            } else if (token.isStructEnd()) {
                depth--;
            } else if (token == JsonToken.FIELD_NAME) {
                MemberNames.next(parser);
            } else {
                parser.finishToken();
            }
            if (depth > 0 && parser.nextToken() == null) {
                return;
            }
        } while (depth > 0);
    }

    private void checkCount(int index) {
        if (index >= maxEvents) {
            throw new RequestException(413, "PayloadTooLargeError", "More than " + maxEvents + " events in one request (ingest.maxEvents)");
        }
    }

    /** Jackson guesses UTF-16 and UTF-32, and is lenient with some invalid UTF-8: only strict UTF-8 is taken here. */
    private static int startOfJson(byte[] body) {
        for (byte b : body) {
            if (b < 0) {
                try {
                    StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(body));
                } catch (CharacterCodingException e) {
                    throw RequestException.input("The body is not valid UTF-8");
                }
                break;
            }
        }
        for (int i = 0; i < Math.min(4, body.length); i++) {
            if (body[i] == 0) {
                throw RequestException.input("The body is not JSON in UTF-8: there is a zero byte at offset " + i);
            }
        }
        boolean byteOrderMark = body.length >= 3 && body[0] == (byte) 0xEF && body[1] == (byte) 0xBB && body[2] == (byte) 0xBF;
        return byteOrderMark ? 3 : 0;
    }

    private static boolean isBlank(byte[] body, int from, int to) {
        for (int i = from; i < to; i++) {
            if (body[i] != ' ' && body[i] != '\t' && body[i] != '\r') {
                return false;
            }
        }
        return true;
    }

    private static String name(@Nullable JsonToken token) {
        return switch (token == null ? JsonToken.NOT_AVAILABLE : token) {
            case START_ARRAY -> "an array";
            case START_OBJECT -> "an object";
            case VALUE_STRING -> "a string";
            case VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT -> "a number";
            case VALUE_TRUE, VALUE_FALSE -> "a boolean";
            case VALUE_NULL -> "null";
            default -> "no value";
        };
    }

    private static String at(JsonLocation location) {
        return "(line " + location.getLineNr() + ", column " + location.getColumnNr() + ")";
    }

    private static String describe(JsonProcessingException e) {
        // Jackson appends hints about its own settings, which say nothing to the caller
        String message = e.getOriginalMessage().split("\n", 2)[0]
                .replaceAll(": enable `.*", "").replaceAll(" ?\\(start marker at \\[[^\\]]*\\]\\)", "").replaceAll("`[^`]*`", "the limit");
        return "The JSON cannot be read: " + message + (e.getLocation() == null ? "" : " " + at(e.getLocation()));
    }
}

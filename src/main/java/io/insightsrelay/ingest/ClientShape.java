package io.insightsrelay.ingest;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.insightsrelay.event.Event;
import java.io.IOException;
import java.util.List;
import java.util.Set;
import java.util.StringJoiner;
import org.springframework.lang.Nullable;

/**
 * What public Backstage analytics clients send to an address of one's own, told apart by the members of the event. One that is not
 * in Backstage's own shape is put into it: {@code {action, subject, value?, attributes?, context}}, and what its client added
 * goes into the context. Nothing is dropped.
 */
enum ClientShape {

    /** Backstage's AnalyticsEvent, which may have further members; its bytes stay as they came. */
    PLAIN,
    /** An AnalyticsEvent without a context, whose parts stand beside the action: {@code {action, subject, pluginId, pathname, sessionId, timestamp}}. */
    FLAT,
    /** An AnalyticsEvent in an envelope: {@code {event: {action, subject, ...}, timestamp, user, sessionId, ...}}. */
    ENVELOPE;

    private static final ObjectMapper MAPPER = Event.mapper();
    /** What an event has outside of its context. */
    private static final List<String> OWN = List.of("action", "subject", "value", "attributes", "context", "id");
    private static final Set<String> FLAT_MEMBERS = Set.of("pluginId", "pathname", "sessionId", "timestamp");
    /** About how many characters of the names in an answer, and how many of each. */
    private static final int SHOWN = 200;
    private static final int SHOWN_NAME = 40;

    /** The members of an event that its shape is told by. */
    static final class Members {
        boolean action;
        boolean event;
        boolean context;
        boolean flat;

        /**
         * Takes note of a member.
         *
         * @param isText   whether its value is a string
         * @param isObject whether its value is a JSON object
         */
        void add(String name, boolean isText, boolean isObject) {
            switch (name) {
                case "action" -> action = isText;
                case "event" -> event = isObject;
                case "context" -> context = true;
                default -> flat |= FLAT_MEMBERS.contains(name);
            }
        }

        /** The shape; null if it is none that is known. */
        @Nullable
        ClientShape shape() {
            return action ? flat && !context ? FLAT : PLAIN : event ? ENVELOPE : null;
        }
    }

    /** Why an event is refused whose shape is not known. */
    static String unknown(byte[] sent, int start, int length) {
        StringJoiner names = new StringJoiner(", ", "the members ", "").setEmptyValue("no members");
        read(sent, start, length).fieldNames().forEachRemaining(name -> {
            if (names.length() < SHOWN) {
                names.add(name.substring(0, Math.min(SHOWN_NAME, name.length())));
            }
        });
        return "an event has an action that is a string, as Backstage's AnalyticsEvent does, or is an envelope whose event has one; this has " + names;
    }

    /**
     * The event in Backstage's own shape.
     *
     * @param sent sound JSON of this shape, from {@code start} for {@code length} bytes
     * @throws IllegalArgumentException if an envelope holds no event
     */
    ObjectNode unwrap(byte[] sent, int start, int length) {
        ObjectNode rest = read(sent, start, length);
        ObjectNode event = this == ENVELOPE ? (ObjectNode) rest.remove("event") : MAPPER.createObjectNode();
        for (String name : this == ENVELOPE ? List.of("id") : OWN) {
            if (rest.has(name)) {
                event.set(name, rest.remove(name));
            }
        }
        check(event);
        // where both have a member, the event's own counts
        rest.setAll(event.withObjectProperty("context"));
        event.set("context", rest);
        return event;
    }

    /** JSON in ASCII, numbers as they came. */
    static byte[] write(ObjectNode event) {
        try {
            return MAPPER.writeValueAsBytes(event);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("what was read as JSON cannot be written: " + e.getOriginalMessage(), e);
        }
    }

    private static ObjectNode read(byte[] sent, int start, int length) {
        try {
            return (ObjectNode) MAPPER.readTree(sent, start, length);
        } catch (IOException e) {
            throw new IllegalStateException("an event that was read cannot be read again: " + e.getMessage(), e);
        }
    }

    private static void check(ObjectNode event) {
        if (!event.path("action").isTextual()) {
            throw new IllegalArgumentException("the event in the envelope has to have an action that is a string");
        }
        if (event.has("context") && !event.get("context").isObject()) {
            throw new IllegalArgumentException("the context of the event in the envelope has to be a JSON object");
        }
    }
}

package io.insightsrelay.event;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import java.io.ByteArrayOutputStream;
import java.util.Arrays;
import java.util.Map;

/** JSON that is put together of bytes as they came and of what is added to them. Used by one thread. */
final class Splice extends ByteArrayOutputStream {

    Splice(int size) {
        super(size);
    }

    /** ASCII that is JSON already. */
    Splice raw(String json) {
        reserve(json.length());
        for (int i = 0; i < json.length(); i++) {
            buf[count++] = (byte) json.charAt(i);
        }
        return this;
    }

    /** A string, in quotes. */
    Splice quoted(String text) {
        reserve(text.length() + 2);
        int start = count;
        buf[count++] = '"';
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c < ' ' || c > '~' || c == '"' || c == '\\') {
                count = start;
                return value(text);
            }
            buf[count++] = (byte) c;
        }
        buf[count++] = '"';
        return this;
    }

    /** Anything that Jackson writes. */
    Splice value(Object value) {
        try {
            writeBytes(Event.MAPPER.writeValueAsBytes(value));
            return this;
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("what was read as JSON cannot be written: " + e.getOriginalMessage(), e);
        }
    }

    /** The event of an envelope: its context without the origin and with what was added. */
    Splice event(byte[] envelope, EnvelopeLayout layout, Map<String, JsonNode> added) {
        int from = layout.start;
        if (layout.contextEnd >= 0) {
            if (layout.originStart >= 0) {
                write(envelope, from, layout.originStart - from);
                from = layout.originEnd;
            }
            write(envelope, from, layout.contextEnd - from);
            members(added, layout.contextNames.isEmpty());
            from = layout.contextEnd;
        } else if (!added.isEmpty()) {
            write(envelope, from, layout.end - 1 - from);
            raw(layout.empty ? "\"context\":{" : ",\"context\":{").members(added, true).raw("}");
            from = layout.end - 1;
        }
        write(envelope, from, layout.end - from);
        return this;
    }

    private Splice members(Map<String, JsonNode> members, boolean first) {
        boolean comma = !first;
        for (Map.Entry<String, JsonNode> member : members.entrySet()) {
            raw(comma ? "," : "").quoted(member.getKey()).raw(":");
            comma = true;
            JsonNode value = member.getValue();
            if (value.isTextual()) {
                quoted(value.textValue());
            } else {
                value(value);
            }
        }
        return this;
    }

    private void reserve(int bytes) {
        if (buf.length - count < bytes) {
            buf = Arrays.copyOf(buf, Math.max(buf.length * 2, count + bytes));
        }
    }
}

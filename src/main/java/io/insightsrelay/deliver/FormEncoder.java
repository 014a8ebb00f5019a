package io.insightsrelay.deliver;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.nio.charset.StandardCharsets;

/**
 * Encodes a JSON object as {@code application/x-www-form-urlencoded}: nested objects as {@code a[b]=c}, lists as
 * {@code a[0]=x}, null as an empty value; UTF-8, percent-encoded, a space as %20. Empty objects and lists have no form and
 * are left out, as in every encoder of this kind. A lone surrogate becomes U+FFFD. In one pass over the JSON, without a
 * tree. Thread-safe.
 */
final class FormEncoder {

    private static final char[] HEX = "0123456789ABCDEF".toCharArray();
    private static final boolean[] PLAIN = new boolean[128];
    private static final JsonFactory JSON = JsonFactory.builder().disable(JsonFactory.Feature.INTERN_FIELD_NAMES).build();

    static {
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~*".chars().forEach(c -> PLAIN[c] = true);
    }

    private final StringBuilder form;
    /** The encoded name of the value that is read, such as {@code a%5Bb%5D}. */
    private final StringBuilder key = new StringBuilder(64);

    private FormEncoder(int length) {
        form = new StringBuilder(length);
    }

    /** @throws IOException if the bytes are no JSON object */
    static byte[] encode(byte[] object) throws IOException {
        FormEncoder encoder = new FormEncoder(object.length * 3 / 2);
        try (JsonParser parser = JSON.createParser(object)) {
            if (parser.nextToken() != JsonToken.START_OBJECT) {
                throw new IOException("a form is made of a JSON object");
            }
            encoder.appendObject(parser);
        }
        return encoder.form.toString().getBytes(StandardCharsets.ISO_8859_1);
    }

    private void appendObject(JsonParser parser) throws IOException {
        int outer = key.length();
        for (String name = parser.nextFieldName(); name != null; name = parser.nextFieldName()) {
            if (outer > 0) {
                key.append("%5B");
            }
            percent(name, key);
            if (outer > 0) {
                key.append("%5D");
            }
            appendValue(parser, parser.nextToken());
            key.setLength(outer);
        }
    }

    private void appendArray(JsonParser parser) throws IOException {
        int outer = key.length();
        int index = 0;
        for (JsonToken item = parser.nextToken(); item != JsonToken.END_ARRAY; item = parser.nextToken()) {
            key.append("%5B").append(index++).append("%5D");
            appendValue(parser, item);
            key.setLength(outer);
        }
    }

    private void appendValue(JsonParser parser, JsonToken value) throws IOException {
        if (value == JsonToken.START_OBJECT) {
            appendObject(parser);
        } else if (value == JsonToken.START_ARRAY) {
            appendArray(parser);
        } else {
            if (!form.isEmpty()) {
                form.append('&');
            }
            form.append(key).append('=');
            if (value != JsonToken.VALUE_NULL) {
                percent(parser.getText(), form);
            }
        }
    }

    private static void percent(String text, StringBuilder to) {
        int plain = 0;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c < 128 && PLAIN[c]) {
                continue;
            }
            to.append(text, plain, i);
            if (c < 128) {
                octet(c, to);
            } else if (c < 0x800) {
                octet(0xC0 | c >> 6, to);
                octet(0x80 | c & 0x3F, to);
            } else if (Character.isHighSurrogate(c) && i + 1 < text.length() && Character.isLowSurrogate(text.charAt(i + 1))) {
                int point = Character.toCodePoint(c, text.charAt(++i));
                octet(0xF0 | point >> 18, to);
                octet(0x80 | point >> 12 & 0x3F, to);
                octet(0x80 | point >> 6 & 0x3F, to);
                octet(0x80 | point & 0x3F, to);
            } else {
                char valid = Character.isSurrogate(c) ? '\uFFFD' : c;
                octet(0xE0 | valid >> 12, to);
                octet(0x80 | valid >> 6 & 0x3F, to);
                octet(0x80 | valid & 0x3F, to);
            }
            plain = i + 1;
        }
        to.append(text, plain, text.length());
    }

    private static void octet(int value, StringBuilder to) {
        to.append('%').append(HEX[value >> 4 & 0xF]).append(HEX[value & 0xF]);
    }
}

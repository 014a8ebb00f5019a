package io.insightsrelay.deliver;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.charset.StandardCharsets;
import java.util.Map;

/**
 * Encodes a JSON object as {@code application/x-www-form-urlencoded}: nested objects as {@code a[b]=c}, lists as
 * {@code a[0]=x}, null as an empty value; UTF-8, percent-encoded, a space as %20. Empty objects and lists have no form and
 * are left out, as in every encoder of this kind. A lone surrogate becomes U+FFFD. Thread-safe.
 */
final class FormEncoder {

    private static final char[] HEX = "0123456789ABCDEF".toCharArray();
    private static final boolean[] PLAIN = new boolean[128];

    static {
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~*".chars().forEach(c -> PLAIN[c] = true);
    }

    private FormEncoder() {
    }

    static byte[] encode(JsonNode object) {
        StringBuilder form = new StringBuilder(512);
        for (Map.Entry<String, JsonNode> field : object.properties()) {
            append(form, percent(field.getKey()), field.getValue());
        }
        return form.toString().getBytes(StandardCharsets.US_ASCII);
    }

    private static void append(StringBuilder form, String key, JsonNode value) {
        if (value.isObject()) {
            for (Map.Entry<String, JsonNode> field : value.properties()) {
                append(form, key + "%5B" + percent(field.getKey()) + "%5D", field.getValue());
            }
        } else if (value.isArray()) {
            for (int i = 0; i < value.size(); i++) {
                append(form, key + "%5B" + i + "%5D", value.get(i));
            }
        } else {
            if (!form.isEmpty()) {
                form.append('&');
            }
            form.append(key).append('=');
            if (!value.isNull()) {
                percent(value.asText(), form);
            }
        }
    }

    private static String percent(String text) {
        StringBuilder encoded = new StringBuilder(text.length() + 16);
        percent(text, encoded);
        return encoded.toString();
    }

    private static void percent(String text, StringBuilder to) {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c < 128) {
                if (PLAIN[c]) {
                    to.append(c);
                } else {
                    octet(c, to);
                }
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
        }
    }

    private static void octet(int value, StringBuilder to) {
        to.append('%').append(HEX[value >> 4 & 0xF]).append(HEX[value & 0xF]);
    }
}

package io.insightsrelay.redact;

import org.springframework.lang.Nullable;

/**
 * A text with its percent-encoding and the escapes of JSON resolved, and where each of its characters stood before. Immutable.
 *
 * @param text   the resolved text
 * @param places by character where it began in the original, and at the end the original's length; null if nothing was encoded
 */
record Decoded(String text, @Nullable int[] places) {

    /** Values in URLs in parameters of URLs are encoded twice. */
    private static final int MOST_ROUNDS = 3;

    static Decoded of(String text) {
        Decoded decoded = new Decoded(text, null);
        for (int round = 0; round < MOST_ROUNDS; round++) {
            Decoded next = decoded.once();
            if (next == decoded) {
                break;
            }
            decoded = next;
        }
        return decoded;
    }

    /** Where a place of the text is in the original. */
    int original(int index) {
        return places == null ? index : places[index];
    }

    private Decoded once() {
        if (text.indexOf('%') < 0 && text.indexOf('\\') < 0) {
            return this;
        }
        StringBuilder resolved = new StringBuilder(text.length());
        int[] from = new int[text.length() + 1];
        int i = 0;
        while (i < text.length()) {
            int before = resolved.length();
            int next = switch (text.charAt(i)) {
                case '%' -> percent(i, resolved);
                case '\\' -> escape(i, resolved);
                default -> i;
            };
            if (next == i) {
                resolved.append(text.charAt(i));
                next = i + 1;
            }
            for (int at = before; at < resolved.length(); at++) {
                from[at] = original(i);
            }
            i = next;
        }
        if (resolved.length() == text.length()) {
            return this;
        }
        from[resolved.length()] = original(text.length());
        return new Decoded(resolved.toString(), from);
    }

    /** One character of UTF-8; the same index where there is none. */
    private int percent(int index, StringBuilder to) {
        int first = octet(index);
        if (first < 0x80) {
            if (first < 0) {
                return index;
            }
            to.append((char) first);
            return index + 3;
        }
        int more = first >= 0xF0 && first < 0xF8 ? 3 : first >= 0xE0 && first < 0xF0 ? 2 : first >= 0xC2 && first < 0xE0 ? 1 : 0;
        int point = first & 0x3F >> more;
        for (int n = 1; n <= more; n++) {
            int octet = octet(index + 3 * n);
            if (octet < 0x80 || octet > 0xBF) {
                return index;
            }
            point = point << 6 | octet & 0x3F;
        }
        if (more == 0 || !Character.isValidCodePoint(point)) {
            return index;
        }
        to.appendCodePoint(point);
        return index + 3 * (more + 1);
    }

    private int octet(int index) {
        return index + 2 < text.length() && text.charAt(index) == '%' ? hex(index + 1, 2) : -1;
    }

    private int escape(int index, StringBuilder to) {
        if (index + 1 == text.length()) {
            return index;
        }
        char kind = text.charAt(index + 1);
        if (kind == 'u' && index + 5 < text.length()) {
            int unit = hex(index + 2, 4);
            if (unit < 0) {
                return index;
            }
            to.append((char) unit);
            return index + 6;
        }
        int plain = "ntr\"\\/".indexOf(kind);
        if (plain < 0) {
            return index;
        }
        to.append("\n\t\r\"\\/".charAt(plain));
        return index + 2;
    }

    private int hex(int index, int digits) {
        int value = 0;
        for (int i = index; i < index + digits; i++) {
            int digit = text.charAt(i) < 128 ? Character.digit(text.charAt(i), 16) : -1;
            if (digit < 0) {
                return -1;
            }
            value = value << 4 | digit;
        }
        return value;
    }
}

package io.insightsrelay.redact;

import io.insightsrelay.redact.RedactProperties.Detector;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.springframework.lang.Nullable;

/** What was found in a text, and the text without it, in which the next detector looks. Used by one thread. */
final class Findings {

    /**
     * Something personal.
     *
     * @param start    where it begins
     * @param end      behind it
     * @param detector what found it; null for a pattern of the settings
     */
    record Span(int start, int end, @Nullable Detector detector) {
    }

    /** What stands in the place of what was found: no letter, digit, space or sign, so that nothing is found across it. */
    private static final char TAKEN = '\u0000';
    private static final boolean[] WORD = new boolean[128];

    static {
        for (char c = 0; c < 128; c++) {
            WORD[c] = Character.isLetterOrDigit(c) || c == '_';
        }
    }

    private final String name;
    private final List<Span> spans;
    @Nullable
    private final Findings origin;
    private String text;
    private char[] remaining;

    Findings(String name, String text) {
        this(name, text, new ArrayList<>(2), null);
    }

    private Findings(String name, String text, List<Span> spans, @Nullable Findings origin) {
        this.name = name;
        this.text = text;
        this.spans = spans;
        this.origin = origin;
    }

    /** The same with spaces for the plus signs between words, as forms are encoded; a plus before a number stays. */
    Findings withSpaces() {
        String text = text();
        StringBuilder spaced = new StringBuilder(text);
        for (int i = text.indexOf('+', 1); i >= 0 && i + 1 < text.length(); i = text.indexOf('+', i + 1)) {
            boolean after = Character.isLetterOrDigit(text.charAt(i - 1)) || text.charAt(i - 1) == ')';
            if (after && (Character.isLetterOrDigit(text.charAt(i + 1)) || text.charAt(i + 1) == '(')) {
                spaced.setCharAt(i, ' ');
            }
        }
        return new Findings(name, spaced.toString(), spans, this);
    }

    /** The member's name, in lower case; empty if there is none. */
    String name() {
        return name.toLowerCase(Locale.ROOT);
    }

    /** The text, of the same length throughout, without what was found before this call. */
    String text() {
        if (remaining != null) {
            text = new String(remaining);
            remaining = null;
        }
        return text;
    }

    /** Takes a part of the text for personal. */
    void take(int start, int end, @Nullable Detector detector) {
        spans.add(new Span(start, end, detector));
        for (Findings at = this; at != null; at = at.origin) {
            at.blank(start, end);
        }
    }

    private void blank(int start, int end) {
        if (remaining == null) {
            remaining = text.toCharArray();
        }
        Arrays.fill(remaining, start, end, TAKEN);
    }

    List<Span> spans() {
        return spans;
    }

    // what detectors ask of a text

    static boolean isWord(String text, int index) {
        if (index < 0 || index >= text.length()) {
            return false;
        }
        char c = text.charAt(index);
        return c < 128 ? WORD[c] : Character.isLetterOrDigit(c);
    }

    static boolean isLetter(String text, int index) {
        return index >= 0 && index < text.length() && Character.isLetter(text.charAt(index));
    }

    static boolean isDigit(String text, int index) {
        return index >= 0 && index < text.length() && text.charAt(index) >= '0' && text.charAt(index) <= '9';
    }

    static boolean is(String text, int index, char c) {
        return index >= 0 && index < text.length() && text.charAt(index) == c;
    }
}

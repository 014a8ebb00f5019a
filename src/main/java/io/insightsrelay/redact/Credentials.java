package io.insightsrelay.redact;

import io.insightsrelay.redact.RedactProperties.Detector;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.springframework.lang.Nullable;

/**
 * Finds tokens and API keys of known shapes, private keys, passwords in URLs, and values that are named as secrets. Where none of the words that
 * these begin with is in the text, it takes one look at each character. Thread-safe.
 */
final class Credentials {

    private static final String LOWER = "abcdefghijklmnopqrstuvwxyz";
    private static final String UPPER = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    private static final String DIGITS = "0123456789";
    private static final Characters HEX = new Characters(DIGITS + "abcdef");
    private static final Characters CAPITALS = new Characters(UPPER + DIGITS);
    private static final Characters ALPHANUMERIC = new Characters(LOWER + UPPER + DIGITS);
    private static final Characters BASE64_URL = new Characters(LOWER + UPPER + DIGITS + "-_");
    private static final Characters BASE64 = new Characters(LOWER + UPPER + DIGITS + "-_+/=.~");
    private static final Characters PATH = new Characters(LOWER + UPPER + DIGITS + "/");

    private record Characters(String all, boolean[] of) {

        Characters(String all) {
            this(all, new boolean[128]);
            all.chars().forEach(c -> of[c] = true);
        }

        int end(String text, int from) {
            return end(text, from, text.length());
        }

        /** Where they end, but not behind so many: what is looked at again and again for nothing has to be short. */
        int end(String text, int from, int most) {
            int to = Math.min(text.length() - from, most) + from;
            int end = from;
            while (end < to && text.charAt(end) < 128 && of[text.charAt(end)]) {
                end++;
            }
            return end;
        }
    }

    /** Begins with a word at the beginning of a word, goes on with so many characters. */
    private record Shape(String prefix, Characters characters, int fewest) {
    }

    private static final List<Shape> SHAPES = List.of(
            new Shape("AKIA", CAPITALS, 16), new Shape("ASIA", CAPITALS, 16),
            new Shape("ghp_", ALPHANUMERIC, 30), new Shape("gho_", ALPHANUMERIC, 30), new Shape("ghu_", ALPHANUMERIC, 30),
            new Shape("ghs_", ALPHANUMERIC, 30), new Shape("ghr_", ALPHANUMERIC, 30), new Shape("github_pat_", BASE64_URL, 22),
            new Shape("glpat-", BASE64_URL, 16), new Shape("gldt-", BASE64_URL, 16), new Shape("glrt-", BASE64_URL, 16),
            new Shape("xoxa-", BASE64_URL, 10), new Shape("xoxb-", BASE64_URL, 10), new Shape("xoxe-", BASE64_URL, 10), new Shape("xoxo-", BASE64_URL, 10),
            new Shape("xoxp-", BASE64_URL, 10), new Shape("xoxr-", BASE64_URL, 10), new Shape("xoxs-", BASE64_URL, 10), new Shape("xapp-", BASE64_URL, 20),
            new Shape("sk_live_", ALPHANUMERIC, 10), new Shape("sk_test_", ALPHANUMERIC, 10), new Shape("rk_live_", ALPHANUMERIC, 10),
            new Shape("rk_test_", ALPHANUMERIC, 10), new Shape("pk_live_", ALPHANUMERIC, 10), new Shape("pk_test_", ALPHANUMERIC, 10),
            new Shape("whsec_", ALPHANUMERIC, 16), new Shape("AIza", BASE64_URL, 35), new Shape("ya29.", BASE64_URL, 20), new Shape("npm_", ALPHANUMERIC, 36),
            new Shape("sk-", BASE64_URL, 20), new Shape("SG.", BASE64, 32), new Shape("hf_", ALPHANUMERIC, 30), new Shape("pypi-", BASE64_URL, 50),
            new Shape("dop_v1_", HEX, 64), new Shape("dckr_pat_", BASE64_URL, 20), new Shape("shpat_", HEX, 32), new Shape("shpss_", HEX, 32),
            new Shape("hooks.slack.com/services/", PATH, 20));
    /** What names a secret, in any case and as the end of a longer word. */
    private static final List<String> NAMES = List.of("password", "passwd", "passphrase", "pwd", "secret", "secret_key", "secretkey", "token", "apikey", "api_key",
            "api-key", "access_key", "access-key", "accesskey", "private_key", "authorization", "x-api-key");
    private static final List<String> SCHEMES = List.of("bearer", "basic");
    private static final String[] SCHEME_NAMES = SCHEMES.toArray(String[]::new);
    private static final String BEGIN = "-----BEGIN ";
    private static final String JWT = "eyJ";
    private static final int SHORTEST_VALUE = 4;
    private static final int SHORTEST_TOKEN = 8;
    private static final int LONGEST_USER = 256;
    private static final int LONGEST_KEY = 1024;
    private static final int LONGEST_HEADER = 4096;

    /** Whether a character may begin a credential. */
    private static final boolean[] FIRST = new boolean[128];
    /** The same for it and the next one, as {@code first << 7 | next}. */
    private static final boolean[] FIRST_TWO = new boolean[1 << 14];
    private static final Shape[][] BY_FIRST = new Shape[128][];
    private static final String[][] NAMES_BY_FIRST = new String[128][];

    static {
        for (int c = 0; c < 128; c++) {
            char first = (char) c;
            BY_FIRST[c] = SHAPES.stream().filter(shape -> shape.prefix.charAt(0) == first).toArray(Shape[]::new);
            NAMES_BY_FIRST[c] = NAMES.stream().filter(name -> name.charAt(0) == Character.toLowerCase(first)).toArray(String[]::new);
        }
        List<String> beginnings = new ArrayList<>(List.of("://", BEGIN, JWT));
        SHAPES.forEach(shape -> beginnings.add(shape.prefix));
        beginnings.forEach(beginning -> first(beginning.charAt(0), beginning.charAt(1)));
        Stream.concat(NAMES.stream(), SCHEMES.stream()).forEach(name -> {
            for (char first : new char[] {name.charAt(0), Character.toUpperCase(name.charAt(0))}) {
                first(first, name.charAt(1));
                first(first, Character.toUpperCase(name.charAt(1)));
            }
        });
    }

    private Credentials() {
    }

    private static void first(char first, char next) {
        FIRST[first] = true;
        FIRST_TWO[first << 7 | next] = true;
    }

    static void find(Findings findings) {
        String text = findings.text();
        for (int i = 0; i + 4 < text.length(); ) {
            char c = text.charAt(i);
            int end = c < 128 && FIRST[c] && text.charAt(i + 1) < 128 && FIRST_TWO[c << 7 | text.charAt(i + 1)] ? at(findings, text, i, c) : i;
            i = Math.max(i + 1, end);
        }
    }

    /** Takes what begins at the index; its end, or the index. */
    private static int at(Findings findings, String text, int index, char c) {
        if (c == ':') {
            return text.startsWith("://", index) ? userInfo(findings, text, index + 3) : index;
        }
        if (c == '-') {
            return text.startsWith(BEGIN, index) ? privateKey(findings, text, index) : index;
        }
        if (!Findings.isWord(text, index - 1)) {
            int end = c == 'e' && text.startsWith(JWT, index) ? jwt(text, index) : shape(text, index, c);
            if (end > index) {
                findings.take(index, end, Detector.CREDENTIAL);
                return end;
            }
            String scheme = longest(SCHEME_NAMES, text, index);
            if (scheme != null && Findings.is(text, index + scheme.length(), ' ')) {
                int start = index + scheme.length() + 1;
                return token(findings, text, start, BASE64.end(text, start));
            }
        }
        String name = longest(NAMES_BY_FIRST[c], text, index);
        return name == null ? index : named(findings, text, index, index + name.length());
    }

    private static int shape(String text, int index, char c) {
        for (Shape shape : BY_FIRST[c]) {
            if (text.startsWith(shape.prefix, index)) {
                int from = index + shape.prefix.length();
                int end = shape.characters.end(text, from, LONGEST_KEY);
                // sk- begins words too: a key has a digit
                if (end - from >= shape.fewest && (!shape.prefix.equals("sk-") || hasDigit(text, from, end))) {
                    return end;
                }
            }
        }
        return index;
    }

    private static int jwt(String text, int index) {
        int header = BASE64_URL.end(text, index, LONGEST_HEADER);
        int claims = Findings.is(text, header, '.') ? BASE64_URL.end(text, header + 1) : header;
        if (header - index < 10 || claims - header < 5) {
            return index;
        }
        return Findings.is(text, claims, '.') ? BASE64_URL.end(text, claims + 1) : claims;
    }

    @Nullable
    private static String longest(String[] names, String text, int index) {
        String longest = null;
        for (String name : names) {
            if (text.regionMatches(true, index, name, 0, name.length()) && (longest == null || name.length() > longest.length())) {
                longest = name;
            }
        }
        return longest;
    }

    /** A token after its scheme; a word such as authentication is none. */
    private static int token(Findings findings, String text, int start, int end) {
        if (end - start < SHORTEST_TOKEN || !hasDigit(text, start, end) && end - start < 3 * SHORTEST_TOKEN) {
            return start;
        }
        findings.take(start, end, Detector.CREDENTIAL);
        return end;
    }

    /** {@code password=...}, {@code "password": "..."}, {@code Authorization: Bearer ...}; in prose, {@code password: ...} with a digit. */
    private static int named(Findings findings, String text, int index, int nameEnd) {
        int at = skip(text, nameEnd, "\"'\\ ");
        if (!Findings.is(text, at, '=') && !Findings.is(text, at, ':')) {
            return index;
        }
        boolean prose = text.charAt(at) == ':' && at == nameEnd;
        int start = skip(text, at + 1, " \t");
        int quoted = skip(text, start, "\"'\\");
        prose &= quoted == start && start > at + 1;
        String scheme = longest(SCHEME_NAMES, text, quoted);
        start = scheme == null ? quoted : skip(text, quoted + scheme.length(), " ");
        int end = start;
        while (end < text.length() && "\"'&,;}\\\u0000".indexOf(text.charAt(end)) < 0 && !Character.isWhitespace(text.charAt(end))) {
            end++;
        }
        if (end - start < SHORTEST_VALUE || prose && !hasDigit(text, start, end)) {
            return index;
        }
        findings.take(start, end, Detector.CREDENTIAL);
        return end;
    }

    private static int skip(String text, int from, String characters) {
        int to = from;
        while (to < text.length() && to < from + 4 && characters.indexOf(text.charAt(to)) >= 0) {
            to++;
        }
        return to;
    }

    private static int userInfo(Findings findings, String text, int start) {
        int colon = -1;
        int most = Math.min(text.length(), start + LONGEST_USER);
        for (int i = start; i < most; i++) {
            char c = text.charAt(i);
            if (c == '@' && colon >= start && i > colon + 1) {
                findings.take(start, i, Detector.CREDENTIAL);
                return i;
            }
            if (c == '/' || c == '?' || c == '@' || Character.isWhitespace(c)) {
                return start;
            }
            colon = c == ':' && colon < 0 ? i : colon;
        }
        return start;
    }

    private static int privateKey(Findings findings, String text, int start) {
        int dashes = text.indexOf("-----", start + BEGIN.length());
        if (dashes < 0 || dashes - start > 60 || !text.startsWith("PRIVATE KEY", dashes - "PRIVATE KEY".length())) {
            return start;
        }
        int last = text.indexOf("-----END", dashes);
        int close = last < 0 ? -1 : text.indexOf("-----", last + 8);
        int end = close < 0 ? text.length() : close + 5;
        findings.take(start, end, Detector.CREDENTIAL);
        return end;
    }

    private static boolean hasDigit(String text, int from, int to) {
        for (int i = from; i < to; i++) {
            if (Findings.isDigit(text, i)) {
                return true;
            }
        }
        return false;
    }
}

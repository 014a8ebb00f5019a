package io.insightsrelay.redact;

import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import java.util.zip.CRC32;

/**
 * Texts of which it is known what in them is personal. There are two halves. They have different seeds, and what a text is made of, the
 * value, the template around it and the country or language, belongs to one half only, by the hash of its spelling: what is tuned on one half cannot
 * have been fitted to the other.
 */
final class Corpus {

    /** One is for work on the detectors, the other for the figures. */
    enum Half {
        TUNED_ON(20261124L), REPORTED(77003L);

        private final long seed;

        Half(long seed) {
            this.seed = seed;
        }

        Random random() {
            return new Random(seed);
        }

        /** For one kind of values. */
        long seed(String kind) {
            return seed + hash(kind);
        }

        /** Whether a value is this half's, whatever words are around what is personal of it. */
        boolean owns(String value) {
            int open = value.indexOf('\u2983');
            return hash(open < 0 ? value : value.substring(open + 1, value.indexOf('\u2984'))) % 2 == ordinal();
        }

        /** Those templates, countries or languages that are this half's: every second one in the order of their hashes. */
        List<String> of(String... spellings) {
            List<String> all = new ArrayList<>(List.of(spellings));
            all.sort(Comparator.comparingLong(Half::hash));
            return IntStream.range(0, all.size()).filter(i -> i % 2 == ordinal()).mapToObj(all::get).toList();
        }

        private static long hash(String spelling) {
            CRC32 hash = new CRC32();
            hash.update(spelling.getBytes(StandardCharsets.UTF_8));
            return hash.getValue() / 7;
        }
    }

    /**
     * A text.
     *
     * @param kind  class of what is personal in it, or of what it looks like
     * @param form  how it is embedded
     * @param name  of the member whose value it is
     * @param start where the personal part begins; -1 if nothing in it is personal
     * @param end   behind the personal part
     */
    record Case(String kind, String form, String name, String text, int start, int end) {

        boolean isPersonal() {
            return start >= 0;
        }
    }

    /** How values are embedded: the template, %s where the value is, and the spelling of the value. */
    private record Form(String name, List<String> templates, UnaryOperator<String> spelling) {
    }

    private static final int CASES_OF_A_KIND = 900;
    private static final String[] SENTENCES = {
        "see %s for details", "contact %s (urgent)", "Bitte %s verwenden", "reported by %s, twice", "voir %s pour la suite", "from %s; retry later", "%s",
        "<%s>", "[%s]", "\"%s\"", "'%s'", "- %s", "it was %s.", "was it %s?", "%s, please", "ver %s ahora", "owner: %s", "(%s)", "was %s before", "%s (old)",
        "note=%s;x=1", "a | %s | b", "Kunde %s hat gefragt", "use %s!", "använd %s nu", "usare %s qui", "value is %s", "gebruik %s hier", "first\t%s\tlast",
        "line\n%s\nnext", "{%s}", "ID %s", "use %s or ask", "fix for %s in prod", "%s failed", "%s -> ok", "clicked %s", "search: %s", "por favor use %s",
        "何か %s です", "пользователь %s сказал", "%s/", "`%s`", "*%s*", "field %s is wrong", "the %s thing", "* %s *", "re: %s", "Ref.: %s", "Hallo %s,",
    };
    private static final String[] URLS = {
        "https://portal.example.com/search?q=%s", "https://x.example/a?b=c&d=%s&e=1", "/catalog?filters=%s", "http://h.example:8080/find/%s/edit",
        "/search?query=%s#results", "https://api.example.org/v2/items?key=%s&limit=10", "/a/b?u=%s", "https://docs.example.net/page#%s",
        "https://portal.example.com/login?hint=%s&next=/home", "app://open?x=%s", "/find/%s", "https://e.example/r?to=%s;v=2", "?q=%s&page=2",
    };
    private static final String[] JSON = {
        "{\"note\":\"%s\"}", "{\"a\":1,\"b\":\"%s\",\"c\":true}", "[\"%s\"]", "[\"x\", \"%s\", \"y\"]", "{\"data\": {\"v\": \"%s\"}}", "{\"msg\":\"got %s today\"}",
        "{\\\"q\\\":\\\"%s\\\"}", "{\"list\":[{\"k\":\"%s\"}]}", "{\"text\":\"is %s\",\"n\":3}", "{\"labels\":[\"%s\",\"b\"]}", "{\n  \"value\": \"%s\"\n}",
    };
    private static final List<Form> FORMS = List.of(
            new Form("alone", List.of("%s"), value -> value),
            new Form("in a sentence", List.of(SENTENCES), value -> value),
            new Form("in a sentence", List.of(SENTENCES), value -> value),
            new Form("in a URL", List.of(URLS), Corpus::inUrl),
            new Form("in a URL, percent-encoded", List.of(URLS), Corpus::percentEncoded),
            new Form("in a URL, form-encoded", List.of(URLS), value -> URLEncoder.encode(value, StandardCharsets.UTF_8)),
            new Form("in a URL, encoded twice", List.of(URLS), value -> percentEncoded(percentEncoded(value))),
            new Form("in a JSON string", List.of(JSON), value -> value.replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", "\\n")),
            new Form("in a JSON string, \\u-escaped", List.of(JSON), Corpus::unicodeEscaped));

    private Corpus() {
    }

    /** The half, always the same: per class of personal data and of look-alikes so many cases, fewer where there are no more values. */
    static List<Case> of(Half half) {
        List<Case> cases = new ArrayList<>();
        Random random = half.random();
        CorpusValues values = new CorpusValues(half, random);
        for (CorpusValues.Kind kind : values.kinds()) {
            // identity numbers hold birthdays, which Datafaker draws up to today: no other kind may depend on what they took
            random.setSeed(half.seed(kind.name()));
            for (int i = 0; i < CASES_OF_A_KIND; i++) {
                String value = kind.values().get();
                for (int tries = 0; tries < 50 && !half.owns(value); tries++) {
                    value = kind.values().get();
                }
                if (half.owns(value)) {
                    cases.add(embed(kind, value, half, random));
                }
            }
        }
        return cases;
    }

    private static Case embed(CorpusValues.Kind kind, String value, Half half, Random random) {
        Form form = FORMS.get(kind.onlyAsText() ? random.nextInt(3) : random.nextInt(FORMS.size()));
        List<String> templates = form.templates.size() == 1 ? form.templates : half.of(form.templates.toArray(String[]::new));
        String template = templates.get(random.nextInt(templates.size()));
        if (!kind.personal()) {
            return new Case(kind.name(), form.name, kind.member(), template.replace("%s", form.spelling.apply(value)), -1, -1);
        }
        // what is personal may have words around it that are not, in braces marked: tel. {030 901820}
        int open = value.indexOf('\u2983');
        int close = value.indexOf('\u2984');
        String before = form.spelling.apply(open < 0 ? "" : value.substring(0, open));
        String personal = form.spelling.apply(open < 0 ? value : value.substring(open + 1, close));
        String after = form.spelling.apply(open < 0 ? "" : value.substring(close + 1));
        int start = template.indexOf("%s") + before.length();
        return new Case(kind.name(), form.name, kind.member(), template.replace("%s", before + personal + after), start, start + personal.length());
    }

    /** As people write it: only what would end the value is encoded. */
    private static String inUrl(String value) {
        StringBuilder url = new StringBuilder();
        value.codePoints().forEach(c -> url.append(" \"<>#&%\n\t".indexOf(c) >= 0 || c > 126 ? percentEncoded(Character.toString(c)) : Character.toString(c)));
        return url.toString();
    }

    private static String percentEncoded(String value) {
        return URLEncoder.encode(value, StandardCharsets.UTF_8).replace("+", "%20");
    }

    private static String unicodeEscaped(String value) {
        StringBuilder json = new StringBuilder();
        for (char c : value.toCharArray()) {
            json.append(c > 126 || "\"\\<>&='@+\n\t".indexOf(c) >= 0 ? String.format("\\u%04x", (int) c) : String.valueOf(c));
        }
        return json.toString();
    }
}

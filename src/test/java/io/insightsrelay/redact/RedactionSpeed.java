package io.insightsrelay.redact;

import io.insightsrelay.redact.Corpus.Case;
import io.insightsrelay.redact.Corpus.Half;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/**
 * What it takes to look at a short value in which nothing is found, beside copying it and looking for one character; bench/redact.sh runs it. The values are
 * the look-alikes of the half of the corpus that is reported. Prints lines of class, values, mean length, ns a value, ns of the reference.
 */
final class RedactionSpeed {

    private static final int LONGEST = 64;
    private static final int ROUNDS = 25;
    private static final int REPEATS = 10;

    private static long sink;

    private RedactionSpeed() {
    }

    public static void main(String[] arguments) {
        RedactProperties shipped = Shipped.properties();
        // the scanner itself: no value is remembered
        TextScanner scanner = new TextScanner(shipped.detectors(), shipped.regions(), List.of(), shipped.replacement());
        Map<String, List<String>> values = new TreeMap<>();
        for (Case text : Corpus.of(Half.REPORTED)) {
            if (!text.isPersonal() && text.text().length() <= LONGEST && scanner.find(text.name(), text.text()).isEmpty()) {
                values.computeIfAbsent("all", all -> new ArrayList<>()).add(text.text());
                values.computeIfAbsent(text.kind(), kind -> new ArrayList<>()).add(text.text());
            }
        }
        values.forEach((kind, texts) -> {
            double scan = Double.MAX_VALUE;
            double copy = Double.MAX_VALUE;
            for (int round = 0; round < ROUNDS; round++) {
                long begin = System.nanoTime();
                for (int i = 0; i < REPEATS; i++) {
                    texts.forEach(text -> sink += scanner.clean("attributes.note", text).length());
                }
                long middle = System.nanoTime();
                for (int i = 0; i < REPEATS; i++) {
                    texts.forEach(text -> sink += new StringBuilder(text.length()).append(text).toString().indexOf('@'));
                }
                scan = Math.min(scan, middle - begin);
                copy = Math.min(copy, System.nanoTime() - middle);
            }
            double all = (double) texts.size() * REPEATS;
            System.out.printf(Locale.ROOT, "SPEED|%s|%d|%.0f|%.0f|%.0f%n", kind, texts.size(), texts.stream().mapToInt(String::length).average().orElse(0), scan / all, copy / all);
        });
        if (sink == 0) {
            throw new IllegalStateException("nothing was looked at");
        }
    }
}

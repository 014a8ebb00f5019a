package io.insightsrelay.redact;

import static org.assertj.core.api.Assertions.assertThat;

import io.insightsrelay.redact.Corpus.Case;
import io.insightsrelay.redact.Corpus.Half;
import io.insightsrelay.redact.Findings.Span;
import io.insightsrelay.redact.RedactProperties.Detector;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;

/**
 * Recall and precision of redaction, as shipped, on the half of the corpus that it was not tuned on. {@code mvn test -Dtest=RedactionCorpusTest} prints the
 * tables of docs/redaction.md; with {@code -Dcorpus=TUNED_ON} also the failures of the other half.
 */
class RedactionCorpusTest {

    private static final double GOAL = 0.99;

    /** How many there were, and of how many of them that is true which is counted. */
    private static final class Count {
        private int all;
        private int right;

        void add(boolean isRight) {
            all++;
            right += isRight ? 1 : 0;
        }

        double share() {
            return all == 0 ? 1 : (double) right / all;
        }

        @Override
        public String toString() {
            return String.format(Locale.ROOT, "%.4f | %d of %d", share(), right, all);
        }
    }

    /** By class; personal ones first. */
    private record Figures(Map<String, Count> recall, Map<String, Count> recallByForm, Map<String, Count> precision, Map<String, Count> untouched, List<String> failures) {

        Figures() {
            this(new TreeMap<>(), new TreeMap<>(), new TreeMap<>(), new TreeMap<>(), new ArrayList<>());
        }

        void print(Half half) {
            StringBuilder table = new StringBuilder("\nRedaction, " + half + "\n");
            append(table, "class", "recall", recall);
            append(table, "embedded", "recall", recallByForm);
            append(table, "found as", "precision", precision);
            append(table, "look-alikes", "left alone", untouched);
            System.out.println(table);
        }

        private static void append(StringBuilder table, String what, String figure, Map<String, Count> counts) {
            table.append("\n| ").append(what).append(" | ").append(figure).append(" | cases |\n|---|---|---|\n");
            counts.forEach((name, count) -> table.append("| ").append(name).append(" | ").append(count).append(" |\n"));
        }
    }

    private static Figures measure(Half half) {
        RedactProperties shipped = Shipped.properties();
        // national phone numbers are those of twelve countries here: more than a portal would set, and harder
        Redactor redactor = new Redactor(new RedactProperties(true, shipped.replacement(), shipped.detectors(), Set.copyOf(CorpusValues.PHONE_REGIONS),
                shipped.keys(), shipped.patterns(), shipped.allow(), shipped.sent()));
        Set<String> withGoal = new CorpusValues(half, half.random()).kinds().stream().filter(CorpusValues.Kind::goal).map(CorpusValues.Kind::name).collect(Collectors.toSet());
        Figures figures = new Figures();
        for (Case text : Corpus.of(half)) {
            List<Span> spans = redactor.find(text.name(), text.text());
            boolean right = text.isPersonal() ? isCovered(text, spans) : spans.isEmpty();
            if (text.isPersonal()) {
                figures.recall.computeIfAbsent(text.kind(), kind -> new Count()).add(right);
                if (withGoal.contains(text.kind())) {
                    figures.recallByForm.computeIfAbsent(text.form(), form -> new Count()).add(right);
                }
            } else {
                figures.untouched.computeIfAbsent(text.kind(), kind -> new Count()).add(right);
            }
            boolean precise = true;
            for (Span span : spans) {
                boolean personal = span.start() < text.end() && text.start() < span.end();
                precise &= personal;
                String detector = span.detector() == null ? "member's name" : span.detector().name().toLowerCase(Locale.ROOT).replace('_', '-');
                figures.precision.computeIfAbsent(detector, name -> new Count()).add(personal);
            }
            if ((!right && (withGoal.contains(text.kind()) || !text.isPersonal())) || !precise) {
                figures.failures.add(text + " -> " + spans);
            }
        }
        return figures;
    }

    /** Nothing of it is left. */
    private static boolean isCovered(Case text, List<Span> spans) {
        int covered = text.start();
        for (Span span : spans) {
            if (span.start() <= covered && span.end() > covered) {
                covered = span.end();
            }
        }
        return covered >= text.end();
    }

    @Test
    void findsWhatHasAShapeAndLeavesTheRestAlone() {
        Figures figures = measure(Half.REPORTED);
        figures.print(Half.REPORTED);
        Set<String> withGoal = new CorpusValues(Half.REPORTED, Half.REPORTED.random()).kinds().stream().filter(CorpusValues.Kind::goal)
                .map(CorpusValues.Kind::name).collect(Collectors.toSet());
        assertThat(withGoal).hasSizeGreaterThan(15).allSatisfy(kind -> assertThat(figures.recall.get(kind).share()).as("recall of %s", kind).isGreaterThanOrEqualTo(GOAL));
        assertThat(figures.precision).hasSizeGreaterThanOrEqualTo(Detector.values().length)
                .allSatisfy((detector, count) -> assertThat(count.share()).as("precision of %s", detector).isGreaterThanOrEqualTo(GOAL));
        assertThat(figures.untouched).allSatisfy((kind, count) -> assertThat(count.share()).as("%s left alone", kind).isGreaterThanOrEqualTo(GOAL));
    }

    @Test
    @EnabledIfSystemProperty(named = "corpus", matches = "TUNED_ON", disabledReason = "no check: it prints what to work on")
    void printsTheFailuresOfTheOtherHalf() {
        Figures figures = measure(Half.TUNED_ON);
        figures.print(Half.TUNED_ON);
        figures.failures.forEach(System.out::println);
    }

    @Test
    void theHalvesShareNoPersonalValue() {
        Set<String> reported = personalValues(Half.REPORTED);
        assertThat(reported).hasSizeGreaterThan(10_000);
        assertThat(personalValues(Half.TUNED_ON)).hasSizeGreaterThan(10_000).doesNotContainAnyElementsOf(reported);
    }

    private static Set<String> personalValues(Half half) {
        return Corpus.of(half).stream().filter(Case::isPersonal).map(text -> text.text().substring(text.start(), text.end())).collect(Collectors.toSet());
    }
}

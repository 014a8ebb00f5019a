package io.insightsrelay.redact;

import static io.insightsrelay.redact.Findings.is;
import static io.insightsrelay.redact.Findings.isDigit;
import static io.insightsrelay.redact.Findings.isLetter;
import static io.insightsrelay.redact.Findings.isWord;

import io.insightsrelay.redact.RedactProperties.Detector;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.apache.commons.validator.routines.CreditCardValidator;
import org.apache.commons.validator.routines.CreditCardValidator.CreditCardRange;
import org.apache.commons.validator.routines.IBANValidator;
import org.springframework.lang.Nullable;

/** Finds card numbers, bank account numbers and national ids: written as they are written, and with the right check digits. Thread-safe. */
final class Numbers {

    private static final CreditCardValidator CARDS = new CreditCardValidator(new CreditCardRange[] {
        new CreditCardRange("4", null, new int[] {13, 16, 19}), new CreditCardRange("51", "55", 16, 16), new CreditCardRange("2221", "2720", 16, 16),
        new CreditCardRange("34", null, 15, 15), new CreditCardRange("37", null, 15, 15),
        new CreditCardRange("30", null, 14, 14), new CreditCardRange("36", null, 14, 14), new CreditCardRange("38", "39", 14, 14),
        new CreditCardRange("6011", null, 16, 16), new CreditCardRange("644", "659", 16, 16), new CreditCardRange("3528", "3589", 16, 16),
        // JCB before
        new CreditCardRange("3088", "3094", 16, 16), new CreditCardRange("3096", "3102", 16, 16), new CreditCardRange("3112", "3120", 16, 16),
        new CreditCardRange("3158", "3159", 16, 16), new CreditCardRange("3337", "3349", 16, 16),
        new CreditCardRange("62", null, 16, 19),
    });
    /** How cards are written; in one piece too. */
    private static final Set<String> CARD_SHAPES = Set.of("4-4-4-4", "4-6-5", "4-6-4", "4-4-4-4-3", "4-4-4-1");
    private static final int SHORTEST_CARD = 13;
    private static final int SHORTEST = 9;
    private static final int LONGEST = 19;
    private static final String SEPARATORS = " -./\u00a0";
    private static final int MOST_GROUPS = 8;

    private Numbers() {
    }

    static void find(Findings findings, Set<Detector> detectors) {
        String text = findings.text();
        List<Integer> ends = new ArrayList<>(MOST_GROUPS);
        boolean ibans = detectors.contains(Detector.IBAN);
        boolean ids = detectors.contains(Detector.NATIONAL_ID);
        int i = 0;
        while (i < text.length()) {
            if (!isAsciiWord(text, i) || isWord(text, i - 1)) {
                i++;
                continue;
            }
            int end = i;
            while (isAsciiWord(text, end)) {
                end++;
            }
            int taken = isWord(text, end) ? i : ibans ? iban(findings, text, i, end) : i;
            if (taken == i && !isWord(text, end) && ids) {
                taken = NationalIds.findWord(findings, text, i, end);
            }
            if (taken == i && isDigit(text, i) && !isPartOfAnId(text, i)) {
                taken = digits(findings, text, i, detectors, ends);
            }
            i = Math.max(end, taken);
        }
    }

    private static boolean isAsciiWord(String text, int index) {
        return index < text.length() && text.charAt(index) < 128 && Character.isLetterOrDigit(text.charAt(index));
    }

    /** pay-4111111111111111 is a name, and so is ABC-123-45-6789. */
    private static boolean isPartOfAnId(String text, int start) {
        return is(text, start - 1, '-') && isWord(text, start - 2) || is(text, start - 1, '.') && isDigit(text, start - 2);
    }

    /** The groups of digits that begin here, one separator between two: does one of their beginnings make a number? */
    private static int digits(Findings findings, String text, int start, Set<Detector> detectors, List<Integer> ends) {
        ends.clear();
        int digits = 0;
        int end = start;
        while (ends.size() < MOST_GROUPS && digits <= LONGEST) {
            int group = end;
            while (isDigit(text, end)) {
                end++;
            }
            if (end == group || isWord(text, end)) {
                break;
            }
            digits += end - group;
            ends.add(end);
            if (end == text.length() || SEPARATORS.indexOf(text.charAt(end)) < 0 || !isDigit(text, end + 1)) {
                break;
            }
            end++;
        }
        if (digits < SHORTEST) {
            return start;
        }
        for (int last = ends.size() - 1; last >= 0; last--) {
            int to = ends.get(last);
            // 1.2.3.4.5 and 12-34-56 go on: neither is the beginning of a longer number of the same kind
            boolean goesOn = (is(text, to, '-') || is(text, to, '.')) && isWord(text, to + 1);
            int signs = to - start - last;
            if (!goesOn && signs >= SHORTEST && signs <= LONGEST) {
                Detector detector = kind(text, start, ends.subList(0, last + 1), detectors, findings);
                if (detector != null) {
                    findings.take(start, to, detector);
                    return to;
                }
            }
        }
        return start;
    }

    @Nullable
    private static Detector kind(String text, int start, List<Integer> ends, Set<Detector> detectors, Findings findings) {
        StringBuilder shape = new StringBuilder();
        StringBuilder digits = new StringBuilder();
        int from = start;
        for (int end : ends) {
            if (from > start) {
                shape.append(text.charAt(from - 1) == '\u00a0' ? ' ' : text.charAt(from - 1));
            }
            shape.append(end - from);
            digits.append(text, from, end);
            from = end + 1;
        }
        String number = digits.toString();
        String written = shape.toString();
        if (detectors.contains(Detector.CARD) && (ends.size() == 1 || CARD_SHAPES.contains(written.replace(' ', '-'))) && isCard(number)) {
            return Detector.CARD;
        }
        return detectors.contains(Detector.NATIONAL_ID) && NationalIds.isNumber(number, written, text, start, findings) ? Detector.NATIONAL_ID : null;
    }

    private static boolean isCard(String number) {
        return number.length() >= SHORTEST_CARD && number.charAt(0) >= '2' && number.charAt(0) <= '6' && CARDS.isValid(number);
    }

    /** In one piece, or in groups of four. */
    private static int iban(Findings findings, String text, int start, int end) {
        if (end - start < 4 || !isLetter(text, start) || !isLetter(text, start + 1) || !isDigit(text, start + 2) || !isDigit(text, start + 3)) {
            return start;
        }
        int to = end;
        StringBuilder iban = new StringBuilder(34).append(text, start, end);
        if (end - start == 4) {
            while (iban.length() < 34 && (is(text, to, ' ') || is(text, to, '\u00a0') || is(text, to, '-')) && isAsciiWord(text, to + 1)) {
                int group = to + 1;
                int last = group;
                while (isAsciiWord(text, last) && last - group < 5) {
                    last++;
                }
                if (last - group > 4 || isWord(text, last)) {
                    break;
                }
                iban.append(text, group, last);
                to = last;
                if (last - group < 4 || isIban(iban)) {
                    break;
                }
            }
        }
        if (isIban(iban)) {
            findings.take(start, to, Detector.IBAN);
            return to;
        }
        return start;
    }

    private static boolean isIban(CharSequence iban) {
        return iban.length() >= 15 && iban.length() <= 34 && IBANValidator.getInstance().isValid(iban.toString());
    }
}

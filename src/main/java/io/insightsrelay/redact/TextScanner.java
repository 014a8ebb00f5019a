package io.insightsrelay.redact;

import com.google.re2j.Matcher;
import com.google.re2j.Pattern;
import io.insightsrelay.redact.Findings.Span;
import io.insightsrelay.redact.RedactProperties.Detector;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;

/**
 * Finds personal data in text and replaces it, also where it is percent-encoded or escaped as in JSON. One look at each character says which detectors
 * have something to look at: in most text none has. Linear in the length of the text. Thread-safe.
 */
final class TextScanner {

    /** Of account numbers and ids, some of which have letters. */
    private static final int FEWEST_DIGITS = 4;

    private final Set<Detector> detectors;
    private final Phones phones;
    private final List<Pattern> more;
    private final String replacement;

    /** @throws IllegalArgumentException if a region is none */
    TextScanner(Set<Detector> detectors, Set<String> regions, List<Pattern> more, String replacement) {
        this.detectors = detectors;
        this.phones = new Phones(regions);
        this.more = more;
        this.replacement = replacement;
    }

    /**
     * The text without personal data; the same text where there is none.
     *
     * @param name the member's name, which tells a version from an address and an order number from a phone number
     */
    String clean(String name, String text) {
        List<Span> spans = find(name, text);
        if (spans.isEmpty()) {
            return text;
        }
        StringBuilder clean = new StringBuilder(text.length());
        int from = 0;
        for (Span span : spans) {
            clean.append(text, from, span.start()).append(replacement);
            from = span.end();
        }
        return clean.append(text, from, text.length()).toString();
    }

    /** What is personal in the text, in order and apart. */
    List<Span> find(String name, String text) {
        Glance glance = Glance.at(text);
        Decoded decoded = glance.encoded() ? Decoded.of(text) : new Decoded(text, null);
        Findings findings = new Findings(name, decoded.text());
        look(findings, decoded.places() == null ? glance : Glance.at(decoded.text()), glance.plus());
        return findings.spans().isEmpty() ? List.of() : inOrder(findings.spans(), decoded);
    }

    /** @param plus whether a plus stands for a space */
    private void look(Findings sent, Glance glance, boolean plus) {
        Findings findings = sent;
        if (detectors.contains(Detector.CREDENTIAL)) {
            Credentials.find(findings);
        }
        if (glance.at() && detectors.contains(Detector.EMAIL)) {
            Addresses.findEmails(findings);
        }
        for (Pattern pattern : more) {
            Matcher matcher = pattern.matcher(findings.text());
            while (matcher.find()) {
                if (matcher.end() > matcher.start()) {
                    findings.take(matcher.start(), matcher.end(), null);
                }
            }
        }
        if (plus) {
            findings = findings.withSpaces();
            if (detectors.contains(Detector.CREDENTIAL)) {
                Credentials.find(findings);
            }
        }
        // names of groups and components hold numbers of all kinds
        if (glance.colons() > 0 && isEntityRef(findings.text())) {
            return;
        }
        if (detectors.contains(Detector.IP)) {
            if (glance.colons() >= 2) {
                Addresses.findIpv6(findings);
            }
            if (glance.digits() >= 4 && glance.dots() >= 3) {
                Addresses.findIpv4(findings);
            }
        }
        if (glance.digits() >= FEWEST_DIGITS) {
            Numbers.find(findings, detectors);
            if (glance.mostDigits() >= Phones.FEWEST_DIGITS && detectors.contains(Detector.PHONE)) {
                phones.find(findings);
            }
        }
    }

    /** kind:namespace/name, and nothing else. */
    private static boolean isEntityRef(String text) {
        int colon = text.indexOf(':');
        int slash = text.indexOf('/');
        if (colon < 1 || slash < colon + 2 || slash == text.length() - 1) {
            return false;
        }
        boolean letter = false;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            letter |= i > colon && i < slash && Character.isLetter(c);
            boolean inName = c == '-' || c == '.' || c == '_' || i > slash && (c == '@' || c == '+');
            if (i != colon && i != slash && !(c < 128 && Character.isLetterOrDigit(c)) && !(inName && i > colon)) {
                return false;
            }
        }
        // ip:10.0.0.1/24 has no namespace
        return letter;
    }

    private static List<Span> inOrder(List<Span> found, Decoded decoded) {
        List<Span> spans = new ArrayList<>(found);
        spans.sort(Comparator.comparingInt(Span::start));
        spans.replaceAll(span -> new Span(decoded.original(span.start()), decoded.original(span.end()), span.detector()));
        return spans;
    }
}

package io.insightsrelay.redact;

import io.insightsrelay.event.Event;
import io.insightsrelay.redact.RedactProperties.Detector;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;
import org.apache.camel.Exchange;
import org.apache.camel.Processor;

/**
 * Takes personal data out of what enrichment added to the events of the list in the body. {@code redactEvents} is one with the rules of
 * application.yaml; a route file can have others, with rules of their own, as {@code beans:} of this type, whose properties are those of the
 * {@code redact} section, lists as texts with one item a line. What such a bean does not say is as in application.yaml, but for
 * {@code enabled}: a step that is there redacts. Each setter checks its value, so that a wrong one rejects the edit. Thread-safe once it
 * is set up.
 */
public class EventRedactor implements Processor {

    private RedactProperties rules;
    private volatile Redactor redactor;

    /** With these rules, whether enabled or not. */
    public EventRedactor(RedactProperties rules) {
        use(rules.replacement(), rules.detectors(), rules.region(), rules.keys(), rules.patterns(), rules.allow());
    }

    private void use(String replacement, Set<Detector> detectors, String region, List<String> keys, List<String> patterns, List<String> allow) {
        rules = new RedactProperties(true, replacement, detectors, region, keys, patterns, allow);
        redactor = new Redactor(rules);
    }

    /** What stands in the place of what was taken out. */
    public void setReplacement(String replacement) {
        use(replacement, rules.detectors(), rules.region(), rules.keys(), rules.patterns(), rules.allow());
    }

    /**
     * What is looked for in values and member names, one a line.
     *
     * @throws IllegalArgumentException if there is no such detector
     */
    public void setDetectors(String detectors) {
        use(rules.replacement(), lines(detectors).stream().map(EventRedactor::detector).collect(Collectors.toSet()), rules.region(), rules.keys(), rules.patterns(), rules.allow());
    }

    /**
     * ISO 3166 country whose national phone numbers are recognised.
     *
     * @throws IllegalArgumentException if it is none
     */
    public void setRegion(String region) {
        use(rules.replacement(), rules.detectors(), region, rules.keys(), rules.patterns(), rules.allow());
    }

    /** Members whose whole value is taken out, by name, one a line; * stands for any characters. */
    public void setKeys(String keys) {
        use(rules.replacement(), rules.detectors(), rules.region(), lines(keys), rules.patterns(), rules.allow());
    }

    /**
     * Further patterns of personal data, in RE2 syntax, one a line.
     *
     * @throws IllegalArgumentException if one is no pattern, or matches the empty text
     */
    public void setPatterns(String patterns) {
        use(rules.replacement(), rules.detectors(), rules.region(), rules.keys(), lines(patterns), rules.allow());
    }

    /** Members, by name with *, or exact values that stay as they are, one a line. */
    public void setAllow(String allow) {
        use(rules.replacement(), rules.detectors(), rules.region(), rules.keys(), rules.patterns(), lines(allow));
    }

    /** Camel gives a bean's properties as texts only. */
    private static List<String> lines(String text) {
        return text.lines().map(String::strip).filter(line -> !line.isEmpty()).toList();
    }

    private static Detector detector(String name) {
        try {
            return Detector.valueOf(name.toUpperCase(Locale.ROOT));
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("redact.detectors: there is no " + name + "; there are " + Arrays.toString(Detector.values()).toLowerCase(Locale.ROOT));
        }
    }

    @Override
    public void process(Exchange exchange) {
        @SuppressWarnings("unchecked")
        List<Event> events = (List<Event>) exchange.getMessage().getBody(List.class);
        exchange.getMessage().setBody(Event.each(events, event -> redactor.redact(event.added())));
    }
}

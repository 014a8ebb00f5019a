package io.insightsrelay.redact;

import io.insightsrelay.config.LiveSettings;
import io.insightsrelay.event.Event;
import io.insightsrelay.redact.RedactProperties.Detector;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import org.apache.camel.Exchange;
import org.apache.camel.Processor;

/**
 * Takes personal data out of the events of the list in the body: out of what enrichment added, and of what clients sent. {@code redactEvents}
 * is one with the rules of application.yaml; a route file can have others, with rules of their own, as {@code beans:} of this type, whose properties are those of the
 * {@code redact} section, lists as texts with one item a line. What such a bean does not say, or says with an empty list, is as in
 * application.yaml, but for {@code enabled}: a step that is there redacts. Each setter checks its value, so that a wrong one rejects the edit. Thread-safe once it
 * is set up.
 */
public class EventRedactor implements Processor {

    /** Rules, and those of application.yaml that they are made of. */
    private record Used(RedactProperties shared, RedactProperties rules, Redactor redactor) {
    }

    private final LiveSettings settings;
    private final List<UnaryOperator<RedactProperties>> own = new CopyOnWriteArrayList<>();
    private volatile Used used;

    /** With the rules of application.yaml, whether enabled or not, as they are when events come. */
    public EventRedactor(LiveSettings settings) {
        this.settings = settings;
        used = use();
    }

    private Used use() {
        RedactProperties shared = settings.current().get(RedactProperties.class);
        Used known = used;
        if (known != null && known.shared.equals(shared)) {
            return known;
        }
        RedactProperties rules = new RedactProperties(true, shared.replacement(), shared.detectors(), shared.regions(), shared.keys(), shared.patterns(),
                shared.allow(), shared.sent());
        for (UnaryOperator<RedactProperties> change : own) {
            rules = change.apply(rules);
        }
        used = new Used(shared, rules, new Redactor(rules));
        return used;
    }

    private void change(UnaryOperator<RedactProperties> change) {
        own.add(change);
        used = null;
        used = use();
    }

    /** What stands in the place of what was taken out. */
    public void setReplacement(String replacement) {
        change(rules -> new RedactProperties(true, replacement, rules.detectors(), rules.regions(), rules.keys(), rules.patterns(), rules.allow(), rules.sent()));
    }

    /**
     * What is looked for in values and member names, one a line or with commas in between.
     *
     * @throws IllegalArgumentException if there is no such detector
     */
    public void setDetectors(String detectors) {
        if (!detectors.isBlank()) {
            Set<Detector> those = items(detectors).stream().map(EventRedactor::detector).collect(Collectors.toSet());
            change(rules -> new RedactProperties(true, rules.replacement(), those, rules.regions(), rules.keys(), rules.patterns(), rules.allow(), rules.sent()));
        }
    }

    /**
     * ISO 3166 countries whose national phone numbers are recognised, one a line or with commas in between.
     *
     * @throws IllegalArgumentException if one is none
     */
    public void setRegions(String regions) {
        if (!regions.isBlank()) {
            Set<String> those = Set.copyOf(items(regions));
            change(rules -> new RedactProperties(true, rules.replacement(), rules.detectors(), those, rules.keys(), rules.patterns(), rules.allow(), rules.sent()));
        }
    }

    /** Members whose whole value is taken out, by name, one a line or with commas in between; * stands for any characters. */
    public void setKeys(String keys) {
        if (!keys.isBlank()) {
            change(rules -> new RedactProperties(true, rules.replacement(), rules.detectors(), rules.regions(), items(keys), rules.patterns(), rules.allow(), rules.sent()));
        }
    }

    /**
     * Further patterns of personal data, in RE2 syntax, one a line.
     *
     * @throws IllegalArgumentException if one is no pattern, or matches the empty text
     */
    public void setPatterns(String patterns) {
        if (!patterns.isBlank()) {
            change(rules -> new RedactProperties(true, rules.replacement(), rules.detectors(), rules.regions(), rules.keys(), lines(patterns), rules.allow(), rules.sent()));
        }
    }

    /** Members, by name with *, or exact values that stay as they are, one a line. */
    public void setAllow(String allow) {
        if (!allow.isBlank()) {
            change(rules -> new RedactProperties(true, rules.replacement(), rules.detectors(), rules.regions(), rules.keys(), rules.patterns(), lines(allow), rules.sent()));
        }
    }

    /** Camel gives a bean's properties as texts only. */
    private static List<String> lines(String text) {
        return text.lines().map(String::strip).filter(line -> !line.isEmpty()).toList();
    }

    private static List<String> items(String text) {
        return lines(text.replace(',', '\n'));
    }

    private static Detector detector(String name) {
        try {
            return Detector.valueOf(name.toUpperCase(Locale.ROOT).replace('-', '_'));
        } catch (IllegalArgumentException e) {
            String all = Arrays.toString(Detector.values()).toLowerCase(Locale.ROOT).replace('_', '-');
            throw new IllegalArgumentException("redact.detectors: there is no " + name + "; there are " + all);
        }
    }

    @Override
    public void process(Exchange exchange) {
        @SuppressWarnings("unchecked")
        List<Event> events = (List<Event>) exchange.getMessage().getBody(List.class);
        Redactor redactor = use().redactor;
        exchange.getMessage().setBody(Event.each(events, redactor::redact));
    }
}

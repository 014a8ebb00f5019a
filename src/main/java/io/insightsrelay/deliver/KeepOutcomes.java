package io.insightsrelay.deliver;

import io.insightsrelay.event.Event;
import java.util.ArrayList;
import java.util.List;
import org.apache.camel.AggregationStrategy;
import org.apache.camel.Exchange;

/**
 * The aggregation strategy of a {@code split} into events: one that failed gets its outcome and is left out, the body
 * becomes the list of those that passed. So that one event's failure is never another's. One whose part meets a {@code stop} is
 * dropped: it is not sent, and counts as delivered. The event of each part stands in the exchange property {@value #EVENT}.
 */
final class KeepOutcomes implements AggregationStrategy {

    @Override
    public Exchange aggregate(Exchange gathered, Exchange part) {
        Event event = part.getProperty(Event.PROPERTY, Event.class);
        Exchange result = gathered == null ? part : gathered;
        List<Event> passed = gathered == null ? new ArrayList<>() : passed(gathered);
        if (part.isRouteStop()) {
            // dropped: no part of what is sent, and done with when the others are
            part.setRouteStop(false);
        } else if (part.getException() == null) {
            passed.add(event);
        } else {
            event.outcome(FailurePolicy.ofException(part.getException()));
            part.setException(null);
        }
        result.getMessage().setBody(passed);
        return result;
    }

    @SuppressWarnings("unchecked")
    private static List<Event> passed(Exchange gathered) {
        return (List<Event>) gathered.getMessage().getBody();
    }
}

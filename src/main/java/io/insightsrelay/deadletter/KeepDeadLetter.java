package io.insightsrelay.deadletter;

import io.insightsrelay.event.Event;
import io.insightsrelay.event.Outcome;
import io.insightsrelay.spool.Transaction;
import java.util.List;
import org.apache.camel.AsyncCallback;
import org.apache.camel.Exchange;
import org.apache.camel.support.AsyncProcessorSupport;

/**
 * Keeps the dead letter in the body. Where the body is an {@link Event}, or a list of them, on its way to a destination, says instead that
 * it will never be delivered there; {@code delivery:} makes the dead letter of it. What follows gets the empty list, and a part of a {@code split}
 * ends. Set up before its first use, thread-safe then.
 */
public final class KeepDeadLetter extends AsyncProcessorSupport {

    private final DeadLetterStore store;
    private String reason = "a route says so";

    /** Keeps them there. */
    public KeepDeadLetter(DeadLetterStore store) {
        this.store = store;
    }

    /** Why, for events; a dead letter says that itself. */
    public void setReason(String reason) {
        this.reason = reason;
    }

    @Override
    public boolean process(Exchange exchange, AsyncCallback callback) {
        Object body = exchange.getMessage().getBody();
        if (body instanceof Event || body instanceof List) {
            bury(exchange, body);
            callback.done(true);
            return true;
        }
        DeadLetter letter = exchange.getMessage().getBody(DeadLetter.class);
        if (letter == null) {
            exchange.setException(new IllegalArgumentException("the body is " + (body == null ? "empty" : "a " + body.getClass().getSimpleName())
                    + "; it has to be a dead letter, an event or a list of events"));
            callback.done(true);
            return true;
        }
        Transaction transaction = exchange.getProperty(Transaction.PROPERTY, Transaction.class);
        if (transaction != null) {
            store.keep(letter, transaction);
            callback.done(true);
            return true;
        }
        store.keep(letter).whenComplete((nothing, failure) -> {
            if (failure != null) {
                exchange.setException(failure);
            }
            callback.done(false);
        });
        return false;
    }

    private void bury(Exchange exchange, Object body) {
        for (Object event : body instanceof List<?> several ? several : List.of(body)) {
            ((Event) event).outcome(Outcome.of(Outcome.Type.DEAD, reason));
        }
        if (body instanceof Event) {
            exchange.setRouteStop(true);
        } else {
            exchange.getMessage().setBody(List.of());
        }
    }
}

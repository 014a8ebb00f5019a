package io.insightsrelay.deliver;

import io.insightsrelay.event.Outcome;

/** A destination did not take an event; {@link #outcome()} says what happens to the event next. */
public final class DeliveryException extends RuntimeException {

    private final transient Outcome outcome;

    DeliveryException(Outcome outcome) {
        super(outcome.reason());
        this.outcome = outcome;
    }

    /** Never null, never delivered. */
    public Outcome outcome() {
        return outcome;
    }

    /** Thousands of these may fly in an outage, and where from is always the same. */
    @Override
    public synchronized Throwable fillInStackTrace() {
        return this;
    }
}

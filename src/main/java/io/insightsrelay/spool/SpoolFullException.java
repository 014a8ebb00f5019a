package io.insightsrelay.spool;

import java.time.Duration;

/** The spool is at its size limit. What was offered is not stored; the sender keeps it and comes back later. */
public final class SpoolFullException extends RuntimeException {

    private final transient Duration retryAfter;

    /** @param retryAfter what the sender should wait */
    public SpoolFullException(String message, Duration retryAfter) {
        super(message);
        this.retryAfter = retryAfter;
    }

    /** How long the sender should wait; never null. */
    public Duration retryAfter() {
        return retryAfter;
    }
}

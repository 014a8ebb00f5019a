package io.insightsrelay.ingest;

/** A sender is beyond {@code ingest.rateLimit}. */
final class RateLimitException extends RuntimeException {

    static final String MESSAGE = "Too many requests from this sender; send it again later";

    private final long retryAfterSeconds;

    RateLimitException(long retryAfterSeconds) {
        super(MESSAGE, null, false, false);
        this.retryAfterSeconds = retryAfterSeconds;
    }

    /** After how many seconds one more is taken, at least 1. */
    long retryAfterSeconds() {
        return retryAfterSeconds;
    }
}

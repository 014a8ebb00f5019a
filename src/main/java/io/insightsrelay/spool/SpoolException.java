package io.insightsrelay.spool;

/** The spool cannot read or write: it is closed, the disk is full or broken. What was offered is not stored. */
public final class SpoolException extends RuntimeException {

    SpoolException(String message, Throwable cause) {
        super(message, cause);
    }

    SpoolException(String message) {
        super(message);
    }
}

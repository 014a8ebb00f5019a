package io.insightsrelay.spool;

/** The spool cannot read or write: it is closed, the disk is full or broken. What was offered is not stored. */
public final class SpoolException extends RuntimeException {

    /** @param message for an operator to read */
    public SpoolException(String message, Throwable cause) {
        super(message, cause);
    }

    /** @param message for an operator to read */
    public SpoolException(String message) {
        super(message);
    }
}

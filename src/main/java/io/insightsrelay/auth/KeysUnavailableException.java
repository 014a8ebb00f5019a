package io.insightsrelay.auth;

/**
 * Whether the token is good cannot be told now, because its key cannot be had from Backstage: HTTP 503, to be tried again.
 * The message is safe to show to the caller. Has no stack trace, as one instance may answer many requests.
 */
public final class KeysUnavailableException extends RuntimeException {

    /** Takes a message that may be shown to the caller. */
    public KeysUnavailableException(String message) {
        super(message, null, false, false);
    }
}

package io.insightsrelay.auth;

/**
 * The token is refused: HTTP 401. The message says what is wrong, is safe to show to the caller, and never holds the token
 * or a claim of it. Has no stack trace, so that a flood of bad tokens stays cheap and an instance can be shared.
 */
public final class AuthenticationException extends RuntimeException {

    /** Takes a message that may be shown to the caller. */
    public AuthenticationException(String message) {
        super(message, null, false, false);
    }
}

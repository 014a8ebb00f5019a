package io.insightsrelay.ingest;

/** The request cannot be taken as it is. Its message goes to the caller. */
public final class RequestException extends RuntimeException {

    private final int status;
    private final String name;

    /**
     * @param status  the HTTP status, 4xx
     * @param name    the error's name in Backstage's manner, such as InputError
     * @param message what was wrong, where, and what would be right
     */
    public RequestException(int status, String name, String message) {
        super(message);
        this.status = status;
        this.name = name;
    }

    static RequestException input(String message) {
        return new RequestException(400, "InputError", message);
    }

    /** The HTTP status, 4xx. */
    public int status() {
        return status;
    }

    /** The error's name in Backstage's manner. */
    public String name() {
        return name;
    }

    /** Control flow that many bad requests cause: a stack trace would cost more than the request. */
    @Override
    public synchronized Throwable fillInStackTrace() {
        return this;
    }
}

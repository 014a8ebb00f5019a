package io.insightsrelay.spool;

import java.util.regex.Pattern;

/**
 * One named log: a table of rows in the order of their positions. Thread-safe: positions are assigned by the one writer;
 * readers see {@link #lastPosition()} grow after each commit.
 */
public final class SpoolLog {

    private static final String RETRIES = "retry-";
    private static final Pattern NAME = Pattern.compile("[a-z0-9][a-z0-9-]{0,62}");

    private final String name;
    private long lastPosition;

    SpoolLog(String name, long lastPosition) {
        this.name = checkName("log", name);
        this.lastPosition = lastPosition;
    }

    /** Names become table names, so they are restricted to what needs no escaping. */
    static String checkName(String what, String name) {
        if (name == null || !NAME.matcher(name).matches()) {
            throw new IllegalArgumentException("The name of a spool " + what + " is '" + name
                    + "'; allowed are 1 to 63 of a-z, 0-9 and -, such as events or retry-spotify");
        }
        return name;
    }

    /** The name, as it stands in a {@code spool:} URI. */
    public String name() {
        return name;
    }

    /** The log of what a consumer has to try again by itself; its events were received in another log already. */
    public static String retriesOf(String consumer) {
        return RETRIES + consumer;
    }

    boolean isRetries() {
        return name.startsWith(RETRIES);
    }

    String table() {
        return "\"log_" + name + "\"";
    }

    synchronized long lastPosition() {
        return lastPosition;
    }

    synchronized void committed(long position) {
        lastPosition = position;
        notifyAll();
    }

    /** Wakes whoever waits, so that it can see that it should stop. */
    synchronized void wake() {
        notifyAll();
    }

    /** Waits until the log reaches beyond {@code position}, something calls {@link #wake()}, or the time is over. */
    synchronized void awaitBeyond(long position, long millis) throws InterruptedException {
        if (lastPosition <= position) {
            wait(Math.max(1, millis));
        }
    }
}

package io.insightsrelay.spool;

/** Names of exchange properties that the {@code spool:} consumer sets. */
public final class SpoolConstants {

    /** A {@link java.util.function.BooleanSupplier} that answers true once the consumer is to stop, so that long work can end early. */
    public static final String STOPPING = "SpoolStopping";

    private SpoolConstants() {
    }
}

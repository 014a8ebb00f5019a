package io.insightsrelay.spool;

import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.springframework.lang.Nullable;

/** What health, metrics and the management port ask of the log between receiving and delivering, whichever engine keeps it. Thread-safe. */
public interface Spool {

    /**
     * How far a consumer is in a log.
     *
     * @param position every event up to it has an outcome
     * @param settled  how many beyond it have one too
     * @param end      position of the last event that it takes; null while it goes on
     */
    record Progress(long position, long settled, @Nullable Long end) {
        /** Whether it takes no more events: it had an end and has reached it. */
        public boolean isAtEnd() {
            return end != null && position >= end;
        }
    }

    /** What {@code /management/spool} shows of a log, with the progress of each consumer. */
    record LogState(String name, long lastPosition, Map<String, Progress> cursors) {
        /** Whether it holds what a consumer has to try again. */
        public boolean isRetries() {
            return new SpoolLog(name, 0).isRetries();
        }

        /** How many events of the log the consumer has before it. */
        public long waiting(String consumer) {
            Progress progress = cursors.getOrDefault(consumer, new Progress(0, 0, null));
            return (progress.end == null ? lastPosition : progress.end) - progress.position - progress.settled;
        }
    }

    /** Bytes that the log takes where it is kept. */
    long size();

    /** Null while events are accepted, otherwise the reason why not, for an operator to read. */
    @Nullable
    String trouble();

    /** The state of every log, by name. */
    List<LogState> logStates();

    /** Whether the consumer reads the log now; one that does not keeps what it has not finished with from being deleted all the same. */
    boolean isRunning(String log, String consumer);

    /** When the oldest event was stored that the log still has; null if it has none. */
    @Nullable
    Instant oldest(String log);

    /** What became of the events of each consumer, by its name; see {@link Ledger}. */
    Map<String, Ledger> ledgers();

    /** Has the callback called with the name of each consumer, those that are there and those that come; more than once if it reads several logs. */
    void eachConsumer(Consumer<String> callback);

    /**
     * Forgets a consumer that is no more, with its retries and its counts, so that nothing is kept for it but its dead
     * letters. Should it come back it starts as one that is new.
     *
     * @return whether there were any
     * @throws IllegalStateException if the consumer is running
     */
    boolean forget(String consumer);
}

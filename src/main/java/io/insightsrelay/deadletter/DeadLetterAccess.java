package io.insightsrelay.deadletter;

import org.springframework.lang.Nullable;

/** How the command line comes to the dead letters; each engine has its own, which {@link DeadLetterCommand} finds by its type. */
public interface DeadLetterAccess {

    /**
     * Dead letters that are open for a command.
     *
     * @param store   the dead letters; null: only the relay that runs has them, ask it at its management port
     * @param running whether a relay runs, which sends what is to be replayed
     * @param end     closes what was opened
     */
    record Opened(@Nullable DeadLetterStore store, boolean running, Runnable end) implements AutoCloseable {

        @Override
        public void close() {
            end.run();
        }
    }

    /** @throws io.insightsrelay.spool.SpoolException if there are none, or they cannot be reached; the message says what to do */
    Opened open();
}

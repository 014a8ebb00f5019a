package io.insightsrelay.deadletter;

import io.insightsrelay.spool.Transaction;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.springframework.lang.Nullable;

/** The dead letters, whichever engine keeps them. Thread-safe. Writes complete once they are as durable as events are. */
public interface DeadLetterStore {

    /**
     * Which dead letters are meant; null means any.
     *
     * @param id          event id
     * @param destination destination
     */
    record Selection(@Nullable String id, @Nullable String destination) {

        /** Whether the dead letter is one of them. */
        public boolean includes(String ofEvent, String ofDestination) {
            return (id == null || id.equals(ofEvent)) && (destination == null || destination.equals(ofDestination));
        }
    }

    /**
     * A dead letter in a list.
     *
     * @param replayRequested whether it waits to be replayed
     */
    record Listed(DeadLetter letter, boolean replayRequested) {
    }

    /** Keeps a dead letter; one of the same event and destination is replaced. */
    CompletableFuture<Void> keep(DeadLetter letter);

    /** The same as a part of a transaction of the same engine. */
    void keep(DeadLetter letter, Transaction transaction);

    /**
     * Lists dead letters in the order of their ids, which is the order in which the events were received.
     *
     * @param afterId goes on after this id; null starts with the oldest
     * @param limit   most entries
     * @return with envelopes that may be empty: {@link #find} has them
     */
    List<Listed> list(Selection selection, @Nullable String afterId, int limit);

    /** The dead letter of that event; the first of them if several destinations did not take it. */
    Optional<Listed> find(Selection selection);

    /** How many there are. */
    long count(Selection selection);

    /** How many wait to be replayed. */
    long countReplaying();

    /**
     * Asks for a replay of selected ones that wait for none yet, oldest first; {@link #replayRequested} then moves them at its own
     * pace.
     *
     * @param most how many at most
     * @return how many
     */
    int requestReplay(Selection selection, int most);

    /** Withdraws the replay of selected ones that have not gone out yet; gives their number. */
    int withdrawReplay(Selection selection);

    /**
     * Moves dead letters whose replay was asked for to the logs that their destinations take retries from, oldest first, in
     * one transaction; gives their number. Where several relays share the dead letters, only those that are this one's to move.
     *
     * @param most how many at most for each destination, less those that wait in its log of retries already: what piles up
     *             while a destination is slow or the relay is away must not go out all at once
     */
    int replayRequested(int most);

    /**
     * Deletes for good, oldest first.
     *
     * @param most how many at most
     * @return how many
     */
    int delete(Selection selection, int most);

    /** Deletes what died before that moment and waits for no replay; gives their number. */
    int expire(Instant before);
}

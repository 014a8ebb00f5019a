package io.insightsrelay.deadletter;

import io.insightsrelay.deadletter.DeadLetterStore.Listed;
import io.insightsrelay.deadletter.DeadLetterStore.Selection;
import io.insightsrelay.spool.SpoolStore;
import io.insightsrelay.spool.SpoolStore.Work;
import io.insightsrelay.spool.Tally;
import io.insightsrelay.spool.Tally.Outcome;
import java.util.List;

/** Takes the dead letters out of the spool of a stopped relay, for another engine. Used by one thread. */
public final class DeadLetterDrain {

    private static final int MOST = 1_000;

    private final EmbeddedDeadLetters letters;

    /** @param store of a folder that no relay has */
    public DeadLetterDrain(SpoolStore store) {
        letters = new EmbeddedDeadLetters(store);
    }

    /** The oldest of those that are there, with their envelopes; empty when there are none. */
    public List<Listed> next() {
        return letters.list(new Selection(null, null), null, MOST);
    }

    /** The work that commits that they are kept elsewhere: here they no longer count as received. */
    public Work<Void> taken(List<Listed> taken) {
        return (connection, appender) -> {
            for (Listed listed : taken) {
                DeadLetter letter = listed.letter();
                EmbeddedDeadLetters.delete(connection, new Selection(letter.id(), letter.destination()));
                Tally.add(connection, letter.destination(), Outcome.OPENING, -1);
            }
            return null;
        };
    }
}

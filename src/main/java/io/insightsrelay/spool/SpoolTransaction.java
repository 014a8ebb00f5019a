package io.insightsrelay.spool;

import io.insightsrelay.spool.SpoolStore.Work;
import java.util.ArrayList;
import java.util.List;
import org.apache.camel.Exchange;

/**
 * Writes that are committed together: an exchange that carries one, as the property {@link #PROPERTY}, makes {@code spool:}
 * producers, and whatever else writes to the spool's database, add their work to it in place of committing it. Used by one
 * exchange at a time.
 */
public final class SpoolTransaction implements Transaction {

    private final List<Work<?>> works = new ArrayList<>();

    /** Adds the work to the transaction of the exchange; false, with nothing done, where the exchange has none. */
    public static boolean join(Exchange exchange, Work<?> work) {
        SpoolTransaction transaction = exchange.getProperty(PROPERTY, SpoolTransaction.class);
        return transaction != null && transaction.works.add(work);
    }

    /** Adds the work. */
    public void add(Work<?> work) {
        works.add(work);
    }

    List<Work<?>> works() {
        return works;
    }
}

package io.insightsrelay.spool;

/**
 * Writes that an engine commits together with the outcomes of a batch, see {@link Batch#settle}. Used by one exchange at a time, as
 * its property {@value #PROPERTY}; each engine has its own.
 */
public interface Transaction {

    /** Name of the exchange property. */
    String PROPERTY = "Transaction";
}

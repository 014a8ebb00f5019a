/**
 * The durable log on SQLite and the {@code spool:} Camel component over it: appending with group commit, batches, cursors; and what a log
 * is to the others, whichever engine holds it ({@link io.insightsrelay.spool.Spool}, {@link io.insightsrelay.spool.Batch}).
 * Events that are sent again are found out here and not by Camel's idempotentConsumer: its repository is asked and told in steps of its own, one
 * key an exchange and on the caller's thread, so that a crash between storing an event and confirming its key would lose or repeat it.
 * What the bytes mean is not known here (see {@code event}), nor what becomes of a batch (see {@code deliver}).
 */
package io.insightsrelay.spool;

/**
 * The durable log on SQLite and the {@code spool:} Camel component over it: appending with group commit, batches, cursors.
 * What the bytes mean is not known here (see {@code event}), nor what becomes of a batch (see {@code deliver}).
 */
package io.insightsrelay.spool;

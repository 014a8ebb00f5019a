/**
 * Events that no destination took: keeping, listing, replaying and deleting them, over HTTP and on the command line.
 * Which events end here is decided in {@code deliver}.
 */
package io.insightsrelay.deadletter;

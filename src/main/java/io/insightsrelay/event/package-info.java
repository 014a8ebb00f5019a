/**
 * An event on its way through the relay, the envelope that it is stored in, and its outcome. Knows nothing of HTTP, the
 * spool or the catalog: those packages know it.
 */
package io.insightsrelay.event;

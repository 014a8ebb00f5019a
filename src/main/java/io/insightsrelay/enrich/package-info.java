/**
 * Which catalog fields an event gets: looks up the entities of a batch, adds their fields to each event, and the user's
 * groups as far as the filter accepts them. The look-up itself is {@code catalog}'s, taking personal data out {@code redact}'s.
 */
package io.insightsrelay.enrich;

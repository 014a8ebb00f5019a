/**
 * Backstage's Software Catalog as the relay sees it: entity refs, paths into entities, filters and the configuration block
 * that holds them, the cached look-up, and total-users. The HTTP calls themselves stand in routes/catalog.camel.yaml and
 * routes/total-users.camel.yaml; what an event gets from an entity is {@code enrich}'s.
 */
package io.insightsrelay.catalog;

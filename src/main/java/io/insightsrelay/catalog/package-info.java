/**
 * Backstage's Software Catalog as the relay sees it: entity refs, paths into entities, filters and the configuration block
 * that holds them, the cached look-up, and total-users. The HTTP calls themselves are routes/catalog.camel.yaml; what an event gets from an entity is {@code enrich}'s.
 */
package io.insightsrelay.catalog;

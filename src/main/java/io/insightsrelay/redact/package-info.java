/**
 * Takes personal data out of what enrichment added: the detectors, the member names that hold personal data, the settings.
 * Knows nothing of routes or the catalog.
 */
package io.insightsrelay.redact;

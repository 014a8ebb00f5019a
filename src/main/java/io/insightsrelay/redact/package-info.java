/**
 * Takes personal data out of what enrichment added and of what other clients sent: the detectors, the member names that hold personal data, hashes of users,
 * the settings. Knows nothing of routes or the catalog.
 */
package io.insightsrelay.redact;

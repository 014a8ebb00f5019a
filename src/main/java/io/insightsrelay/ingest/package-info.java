/**
 * The HTTP side that portals post to: the server, the check of the caller, reading a request into envelopes, the JSON
 * errors, and the gate that holds requests back while routes are replaced. Tokens themselves are verified in {@code auth};
 * which path takes which steps stands in routes/ingest.camel.yaml.
 */
package io.insightsrelay.ingest;

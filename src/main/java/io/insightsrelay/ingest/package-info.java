/**
 * The HTTP side that portals post to: the server, the check of the caller, reading a request into envelopes, and the JSON
 * errors. Tokens themselves are verified in {@code auth}; which path takes which steps stands in routes/ingest.camel.yaml.
 */
package io.insightsrelay.ingest;

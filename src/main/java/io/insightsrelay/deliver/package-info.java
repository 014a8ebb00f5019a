/**
 * What happens to a batch once it is to go out: attempts, back-off, pauses, retries of single events, dead letters, and
 * the encodings of requests. Which destination gets what, and over which component, stands in
 * routes/deliver-*.camel.yaml and routes/destinations/.
 */
package io.insightsrelay.deliver;

/**
 * The engine beyond one machine: what routes/engine/kafka needs over camel-kafka so that events, retries and dead letters mean there
 * what they mean in {@code spool}. How they travel, are replicated and shared out is Kafka's; what becomes of them is {@code deliver}'s.
 */
package io.insightsrelay.kafka;

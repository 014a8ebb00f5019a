package io.insightsrelay.deadletter;

import java.time.Instant;
import org.springframework.lang.Nullable;

/**
 * An event that a destination did not take.
 *
 * @param id          the event's id
 * @param destination the destination that did not take it; id and destination together are unique
 * @param reason      why, for an operator to read
 * @param status      the HTTP status that the destination answered, or null
 * @param attempts    how often delivery was tried
 * @param received    when the relay received the event
 * @param died        when it was given up
 * @param envelope    the event as it was stored, see {@link io.insightsrelay.event.Event}; do not modify
 */
public record DeadLetter(String id, String destination, String reason, @Nullable Integer status, int attempts,
                         Instant received, Instant died, byte[] envelope) {
}

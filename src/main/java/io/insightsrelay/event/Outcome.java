package io.insightsrelay.event;

import java.time.Duration;
import org.springframework.lang.Nullable;

/**
 * What came of one attempt to deliver an event.
 *
 * @param type       what happens next
 * @param reason     for an operator to read; empty when delivered; never a secret
 * @param status     the HTTP status that the destination answered, or null
 * @param retryAfter how long the destination asked to be left alone, or null
 */
public record Outcome(Type type, String reason, @Nullable Integer status, @Nullable Duration retryAfter) {

    /** What happens to the event next. */
    public enum Type {
        /** The destination has it. */
        DELIVERED,
        /** The destination did not take it now; it may later. */
        RETRY,
        /** What the event needs before it can go out, the catalog, is away: it waits, and neither it nor the destination is at fault. */
        HELD,
        /** The destination does not accept the relay's credentials: it pauses, the event waits. */
        UNAUTHORIZED,
        /** A step failed in a way that trying again is unlikely to mend; suspect is the event, unless others fail too. */
        FAILED,
        /** The event will never be taken: to the dead letters. */
        DEAD
    }

    /** Delivered. */
    public static final Outcome DELIVERED = new Outcome(Type.DELIVERED, "", null, null);

    /** An outcome without status. */
    public static Outcome of(Type type, String reason) {
        return new Outcome(type, reason, null, null);
    }
}

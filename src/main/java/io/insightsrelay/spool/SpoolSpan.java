package io.insightsrelay.spool;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.format.DateTimeParseException;
import org.apache.camel.util.TimeUtils;
import org.springframework.lang.Nullable;

/**
 * Which part of a log a consumer takes: where it begins if it was never there before, and where it ends. Times are those at which
 * events were stored. Immutable.
 */
final class SpoolSpan {

    /** All that there is, without an end. */
    static final SpoolSpan ALL = new SpoolSpan(Duration.ZERO, Instant.MIN, null);

    private static final String BEGINNING = "beginning";
    private static final String END = "end";

    @Nullable
    private final Duration back;
    @Nullable
    private final Instant from;
    @Nullable
    private final Instant until;

    /** @param back before now, where {@code from} is null */
    private SpoolSpan(@Nullable Duration back, @Nullable Instant from, @Nullable Instant until) {
        this.back = back;
        this.from = from;
        this.until = until;
    }

    /**
     * Reads the options of an endpoint.
     *
     * @param from  beginning, end, how far back, such as 24h, or a time, such as 2026-11-25T00:00:00Z
     * @param until a time; null or empty for no end
     * @throws IllegalArgumentException that says what is allowed
     */
    static SpoolSpan parse(String from, @Nullable String until) {
        Instant end = until == null || until.isEmpty() ? null : time(until);
        if (until != null && !until.isEmpty() && end == null) {
            throw new IllegalArgumentException("until=" + until + ": it has to be a time with its zone, such as 2026-11-26T00:00:00Z");
        }
        Instant start = BEGINNING.equals(from) ? Instant.MIN : END.equals(from) ? Instant.MAX : time(from);
        if (start != null && end != null && !END.equals(from) && !start.isBefore(end)) {
            throw new IllegalArgumentException("from=" + from + " is not before until=" + until);
        }
        return new SpoolSpan(start == null ? duration(from) : null, start, end);
    }

    @Nullable
    private static Instant time(String text) {
        try {
            // the + of a zone may have come as the space that it stands for in a URI
            return OffsetDateTime.parse(text.replace(' ', '+')).toInstant();
        } catch (DateTimeParseException e) {
            return null;
        }
    }

    private static Duration duration(String text) {
        try {
            Duration back = TimeUtils.toDuration(text);
            if (!back.isNegative() && !back.isZero()) {
                return back;
            }
        } catch (IllegalArgumentException | DateTimeException e) {
            // told below
        }
        throw new IllegalArgumentException("from=" + text + ": it has to be beginning, end, how far back, such as 24h, "
                + "or a time with its zone, such as 2026-11-25T00:00:00Z");
    }

    /** The position before the first event for a consumer that begins now; runs inside a {@link SpoolStore.Work}. */
    long start(Connection connection, SpoolLog log) throws SQLException {
        Instant first = from == null ? Instant.now().minus(back) : from;
        return first.equals(Instant.MIN) ? SpoolRows.beforeOldest(connection, log)
                : first.equals(Instant.MAX) ? SpoolRows.last(connection, log) : SpoolRows.before(connection, log, first.toEpochMilli());
    }

    /** Whether no event that is stored from now on belongs to it. */
    boolean isOver() {
        return until != null && !Instant.now().isBefore(until);
    }

    /** Whether an event that was stored then comes after it. */
    boolean isBefore(long storedAt) {
        return until != null && storedAt >= until.toEpochMilli();
    }

    /** The position of the last event of it, once it is over; null before, or if it has no end. Runs inside a {@link SpoolStore.Work}. */
    @Nullable
    Long end(Connection connection, SpoolLog log) throws SQLException {
        return isOver() ? SpoolRows.before(connection, log, until.toEpochMilli()) : null;
    }
}

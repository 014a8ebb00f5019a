package io.insightsrelay.deliver;

import io.github.resilience4j.circuitbreaker.CallNotPermittedException;
import io.insightsrelay.catalog.CatalogException;
import io.insightsrelay.event.Outcome;
import io.insightsrelay.event.Outcome.Type;
import io.insightsrelay.spool.SpoolException;
import io.insightsrelay.spool.SpoolFullException;
import java.io.IOException;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeParseException;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeoutException;
import org.apache.camel.component.direct.DirectConsumerNotAvailableException;
import org.apache.camel.http.base.HttpOperationFailedException;
import org.apache.kafka.common.InvalidRecordException;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.AuthenticationException;
import org.apache.kafka.common.errors.AuthorizationException;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.springframework.lang.Nullable;

/** What an answer or an exception means for the event: the same table for every destination. */
final class FailurePolicy {

    private static final Outcome NOT_ASKED = Outcome.of(Type.HELD, "catalog: not asked: the circuit breaker is open");
    private static final Outcome NOT_TRIED = Outcome.of(Type.RETRY, "not tried: the circuit breaker is open");

    private FailurePolicy() {
    }

    /**
     * What an HTTP answer means.
     *
     * @param status     the HTTP status, or null where no answer came
     * @param retryAfter the Retry-After header: seconds or an HTTP date; null or nonsense counts as absent
     */
    static Outcome ofAnswer(@Nullable Integer status, @Nullable String retryAfter) {
        if (status == null) {
            return Outcome.of(Type.RETRY, "there was no answer");
        }
        if (status >= 200 && status < 300) {
            return Outcome.DELIVERED;
        }
        return new Outcome(typeOf(status), "the destination answered " + status, status, parse(retryAfter));
    }

    private static Type typeOf(int status) {
        return switch (status) {
            case 401, 403 -> Type.UNAUTHORIZED;
            case 408, 425, 429 -> Type.RETRY;
            default -> status >= 400 && status < 500 ? Type.DEAD : Type.RETRY;
        };
    }

    /** What an exception of a route means. What neither the network nor a destination threw is a fault of the event or of the route. */
    static Outcome ofException(Throwable thrown) {
        for (Throwable cause = thrown; cause != null; cause = cause.getCause()) {
            if (cause instanceof DeliveryException delivery) {
                return delivery.outcome();
            }
            if (cause instanceof HttpOperationFailedException answer) {
                String retryAfter = answer.getResponseHeaders() == null ? null : answer.getResponseHeaders().get("Retry-After");
                return ofAnswer(answer.getStatusCode(), retryAfter);
            }
            if (cause instanceof CallNotPermittedException) {
                return NOT_TRIED;
            }
            if (cause instanceof CatalogException) {
                return held(cause);
            }
            if (cause instanceof RejectedExecutionException || cause instanceof DirectConsumerNotAvailableException) {
                return Outcome.of(Type.RETRY, "a route that it goes through is being replaced");
            }
            if (cause instanceof SQLException database) {
                return Outcome.of(typeOf(database.getSQLState()), describe(cause));
            }
            if (cause instanceof KafkaException) {
                return Outcome.of(typeOf(cause), describe(cause));
            }
            if (cause instanceof IOException || cause instanceof TimeoutException
                    || cause instanceof SpoolException || cause instanceof SpoolFullException) {
                return Outcome.of(Type.RETRY, describe(cause));
            }
        }
        return Outcome.of(Type.FAILED, describe(thrown));
    }

    /** By the class of the SQL state: bad data is that event's fault, all else (no connection, no table, no room) the database's. */
    private static Type typeOf(@Nullable String sqlState) {
        String kind = sqlState == null || sqlState.length() < 2 ? "" : sqlState.substring(0, 2);
        return switch (kind) {
            case "22", "23" -> Type.DEAD;
            case "28" -> Type.UNAUTHORIZED;
            default -> Type.RETRY;
        };
    }

    private static Type typeOf(Throwable ofKafka) {
        if (ofKafka instanceof RecordTooLargeException || ofKafka instanceof InvalidRecordException) {
            return Type.DEAD;
        }
        return ofKafka instanceof AuthenticationException || ofKafka instanceof AuthorizationException ? Type.UNAUTHORIZED : Type.RETRY;
    }

    /** Whether a circuit breaker was open, which says nothing that is not known. */
    static boolean isNotTried(Outcome outcome) {
        return outcome == NOT_TRIED || outcome == NOT_ASKED;
    }

    private static Outcome held(Throwable cause) {
        Outcome asked = cause.getCause() == null ? Outcome.DELIVERED : ofException(cause.getCause());
        return asked == NOT_TRIED ? NOT_ASKED : new Outcome(Type.HELD, "catalog: " + cause.getMessage(), null, asked.retryAfter());
    }

    private static String describe(Throwable cause) {
        return cause.getClass().getSimpleName() + (cause.getMessage() == null ? "" : ": " + cause.getMessage());
    }

    @Nullable
    private static Duration parse(@Nullable String retryAfter) {
        if (retryAfter == null) {
            return null;
        }
        String value = retryAfter.trim();
        try {
            if (value.matches("\\d{1,9}")) {
                return Duration.ofSeconds(Long.parseLong(value));
            }
            Duration until = Duration.between(Instant.now(), ZonedDateTime.parse(value, DateTimeFormatter.RFC_1123_DATE_TIME));
            return until.isNegative() ? Duration.ZERO : until;
        } catch (DateTimeParseException e) {
            return null;
        }
    }
}

package io.insightsrelay.ingest;

import com.fasterxml.jackson.core.io.JsonStringEncoder;
import io.insightsrelay.auth.AuthenticationException;
import io.insightsrelay.auth.KeysUnavailableException;
import io.insightsrelay.catalog.CatalogException;
import io.insightsrelay.spool.SpoolException;
import io.insightsrelay.spool.SpoolFullException;
import java.io.IOException;
import java.util.concurrent.RejectedExecutionException;
import org.apache.camel.Exchange;
import org.apache.camel.Message;
import org.apache.camel.Processor;
import org.apache.camel.http.base.HttpOperationFailedException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Turns what went wrong in a route into the answer {@code {"error":{"name","message"}}} with the right status. Thread-safe. */
final class ErrorAnswer implements Processor {

    private static final Logger LOG = LoggerFactory.getLogger(ErrorAnswer.class);
    private static final String SOON = "5";

    @Override
    public void process(Exchange exchange) {
        Exception cause = exchange.getProperty(Exchange.EXCEPTION_CAUGHT, Exception.class);
        Message answer = exchange.getMessage();
        answer.removeHeaders("*");
        if (cause instanceof RequestException refused) {
            answer(answer, refused.status(), refused.name(), refused.getMessage());
        } else if (cause instanceof AuthenticationException) {
            answer.setHeader("WWW-Authenticate", "Bearer");
            answer(answer, 401, "AuthenticationError", cause.getMessage());
        } else if (cause instanceof IllegalArgumentException) {
            answer(answer, 400, "InputError", cause.getMessage());
        } else if (cause instanceof SpoolFullException full) {
            answer.setHeader("Retry-After", String.valueOf(Math.max(1, full.retryAfter().toSeconds())));
            answer(answer, 429, "TooManyRequestsError", full.getMessage() + "; send it again later");
        } else if (cause instanceof RateLimitException limited) {
            answer.setHeader("Retry-After", String.valueOf(limited.retryAfterSeconds()));
            answer(answer, 429, "TooManyRequestsError", limited.getMessage());
        } else if (cause instanceof SpoolException || cause instanceof RejectedExecutionException) {
            retryLater(answer, "The event cannot be stored now; send it again later");
        } else if (cause instanceof KeysUnavailableException || cause instanceof CatalogException) {
            retryLater(answer, cause.getMessage());
        } else if (cause instanceof IOException || cause instanceof HttpOperationFailedException) {
            LOG.warn("A request to {} failed: {}", exchange.getFromEndpoint(), cause.toString());
            retryLater(answer, "The catalog cannot answer now; ask again later");
        } else {
            LOG.error("A request to {} failed", exchange.getFromEndpoint(), cause);
            answer(answer, 500, "InternalServerError", "The relay failed to handle the request; its log says why");
        }
    }

    private static void retryLater(Message answer, String message) {
        answer.setHeader("Retry-After", SOON);
        answer(answer, 503, "ServiceUnavailableError", message);
    }

    private static void answer(Message answer, int status, String name, String message) {
        answer.setHeader(Exchange.HTTP_RESPONSE_CODE, status);
        answer.setHeader(Exchange.CONTENT_TYPE, "application/json");
        answer.setBody(json(name, message));
    }

    static String json(String name, String message) {
        return "{\"error\":{\"name\":\"" + name + "\",\"message\":\"" + new String(JsonStringEncoder.getInstance().quoteAsString(String.valueOf(message))) + "\"}}";
    }
}

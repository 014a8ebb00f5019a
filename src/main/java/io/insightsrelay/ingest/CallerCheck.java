package io.insightsrelay.ingest;

import io.insightsrelay.auth.AuthenticationException;
import io.insightsrelay.auth.Caller;
import io.insightsrelay.auth.TokenVerifier;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.BooleanSupplier;
import org.apache.camel.AsyncCallback;
import org.apache.camel.Exchange;
import org.apache.camel.support.AsyncProcessorSupport;

/**
 * Finds out who posts, from the Bearer token, and leaves the {@link Caller} in the exchange property {@value #CALLER}. A
 * user beyond {@code ingest.rateLimit.perUser} is refused.
 */
final class CallerCheck extends AsyncProcessorSupport {

    static final String CALLER = "caller";
    private static final String BEARER = "bearer ";

    private final TokenVerifier verifier;
    private final BooleanSupplier anonymousAllowed;
    private final RateLimits users;

    CallerCheck(TokenVerifier verifier, BooleanSupplier anonymousAllowed, RateLimits users) {
        this.users = users;
        this.verifier = verifier;
        this.anonymousAllowed = anonymousAllowed;
    }

    @Override
    public boolean process(Exchange exchange, AsyncCallback callback) {
        CompletableFuture<Caller> verified;
        try {
            verified = verify(exchange);
        } catch (RuntimeException e) {
            exchange.setException(e);
            callback.done(true);
            return true;
        }
        if (verified.isDone()) {
            settle(exchange, verified);
            callback.done(true);
            return true;
        }
        verified.whenComplete((caller, failure) -> {
            settle(exchange, verified);
            callback.done(false);
        });
        return false;
    }

    private CompletableFuture<Caller> verify(Exchange exchange) {
        Object header = exchange.getMessage().getHeader("Authorization");
        if (header == null) {
            if (anonymousAllowed.getAsBoolean()) {
                return CompletableFuture.completedFuture(Caller.ANONYMOUS);
            }
            throw new AuthenticationException("Missing credentials: send a Backstage token, or an ingest token, as Authorization: Bearer");
        }
        if (!(header instanceof String value) || !value.regionMatches(true, 0, BEARER, 0, BEARER.length())) {
            throw new AuthenticationException("The Authorization header has to be one Bearer token");
        }
        return verifier.verify(value.substring(BEARER.length()).trim());
    }

    private void settle(Exchange exchange, CompletableFuture<Caller> verified) {
        try {
            Caller caller = verified.join();
            exchange.setProperty(CALLER, caller);
            long wait = caller.type() == Caller.Type.USER ? users.take(caller.subject()) : RateLimits.GO_ON;
            if (wait != RateLimits.GO_ON) {
                exchange.setException(new RateLimitException(wait));
            }
        } catch (CompletionException e) {
            exchange.setException(e.getCause());
        }
    }
}

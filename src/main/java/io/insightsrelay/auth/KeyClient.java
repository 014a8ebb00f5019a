package io.insightsrelay.auth;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.text.ParseException;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.Flow;
import java.util.concurrent.TimeUnit;

import com.nimbusds.jose.jwk.JWKSet;

/** Fetches key sets over HTTP, within limits of time and size, following no redirect and blocking no thread. Thread-safe. */
final class KeyClient {

    private final HttpClient http;
    private final Executor executor;
    private final long timeoutNanos;
    private final long maxBytes;

    KeyClient(AuthProperties.Keys limits, Executor executor) {
        this.http = HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1)
                .connectTimeout(limits.connectTimeout())
                .executor(executor)
                .build();
        this.executor = executor;
        this.timeoutNanos = limits.timeout().toNanos();
        this.maxBytes = limits.maxSize().toBytes();
    }

    /**
     * Fetches a JSON Web Key Set; nothing where the answer is 404. Any other answer, one that is too large, late or no key
     * set fails the stage.
     */
    CompletableFuture<Optional<JWKSet>> fetch(URI address) {
        HttpRequest request = HttpRequest.newBuilder(address).header("Accept", "application/json").build();
        CompletableFuture<HttpResponse<byte[]>> exchange;
        try {
            exchange = http.sendAsync(request, answer -> new Body(maxBytes));
        } catch (RuntimeException e) {
            return CompletableFuture.failedFuture(e);
        }
        // HttpRequest.timeout ends with the headers, this with the body. Cancelling closes the connection. What hangs on the
        // answer would otherwise run in the JVM's common pool.
        return exchange.copy().orTimeout(timeoutNanos, TimeUnit.NANOSECONDS)
                .whenComplete((answer, failure) -> exchange.cancel(true))
                .thenApplyAsync(KeyClient::keys, executor);
    }

    private static Optional<JWKSet> keys(HttpResponse<byte[]> answer) {
        if (answer.statusCode() == 404) {
            return Optional.empty();
        }
        if (answer.statusCode() != 200) {
            throw new CompletionException(new IOException("status " + answer.statusCode()));
        }
        try {
            return Optional.of(JWKSet.parse(new String(answer.body(), StandardCharsets.UTF_8)));
        } catch (ParseException | RuntimeException e) {
            throw new CompletionException(new IOException("the answer is no JSON Web Key Set"));
        }
    }

    /** Collects the body, and gives up as soon as it is larger than allowed; the JDK's collectors have no limit. */
    private static final class Body implements HttpResponse.BodySubscriber<byte[]> {

        private final long limit;
        private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        private final CompletableFuture<byte[]> whole = new CompletableFuture<>();
        private Flow.Subscription subscription;

        Body(long limit) {
            this.limit = limit;
        }

        @Override
        public CompletionStage<byte[]> getBody() {
            return whole;
        }

        @Override
        public void onSubscribe(Flow.Subscription subscription) {
            this.subscription = subscription;
            subscription.request(Long.MAX_VALUE);
        }

        @Override
        public void onNext(List<ByteBuffer> buffers) {
            for (ByteBuffer buffer : buffers) {
                if (whole.isDone()) {
                    return;
                }
                if (bytes.size() + buffer.remaining() > limit) {
                    whole.completeExceptionally(new IOException("the answer is larger than " + limit + " bytes"));
                    subscription.cancel();
                    return;
                }
                byte[] chunk = new byte[buffer.remaining()];
                buffer.get(chunk);
                bytes.writeBytes(chunk);
            }
        }

        @Override
        public void onError(Throwable failure) {
            whole.completeExceptionally(failure);
        }

        @Override
        public void onComplete() {
            whole.complete(bytes.toByteArray());
        }
    }
}

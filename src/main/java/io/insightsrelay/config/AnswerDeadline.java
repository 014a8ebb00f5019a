package io.insightsrelay.config;

import java.net.SocketTimeoutException;
import java.util.Arrays;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.apache.camel.CamelContext;
import org.apache.camel.component.http.HttpClientConfigurer;
import org.apache.camel.spi.ShutdownStrategy;
import org.apache.camel.support.LifecycleStrategySupport;
import org.apache.hc.client5.http.classic.ExecRuntime;
import org.apache.hc.client5.http.impl.classic.HttpClientBuilder;
import org.apache.hc.core5.http.ClassicHttpResponse;
import org.apache.hc.core5.http.ConnectionClosedException;
import org.apache.hc.core5.http.HttpHeaders;
import org.apache.hc.core5.http.HttpVersion;
import org.apache.hc.core5.util.Timeout;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.DisposableBean;

/**
 * Makes {@code responseTimeout} of camel-http's endpoints a limit for the whole answer. HttpClient takes it for the time
 * between two bytes, so that a server that sends one now and then would hold its thread for days. Once the relay stops
 * answers that are outstanding have half of {@code camel.main.shutdownTimeout}, so that the batches they belong to can end in
 * order. What is too late fails with an {@link java.io.IOException}, wherever it was; so does an answer that ends before its
 * head does, which HttpClient takes for a whole one. HttpClient's own retries, for which it sleeps on {@code Retry-After}, are off: a failed
 * request is the route's to repeat. Thread-safe.
 */
public final class AnswerDeadline implements HttpClientConfigurer, DisposableBean {

    private static final Logger LOG = LoggerFactory.getLogger(AnswerDeadline.class);
    private static final long CHECK_MILLIS = 100;

    private record InFlight(ExecRuntime connection, long deadline) {
    }

    // requests are blocking, so a thread has one at a time; one that is answered has let go of its connection
    private final Map<Thread, InFlight> inFlight = new ConcurrentHashMap<>();
    private final ScheduledExecutorService watch;
    private volatile Long stopBy;

    AnswerDeadline(CamelContext context) {
        // not an EventNotifier: Camel asks each of them about each exchange
        context.addLifecycleStrategy(new LifecycleStrategySupport() {
            @Override
            public void onContextStarted(CamelContext started) {
                stopBy = null;
            }

            @Override
            public void onContextStopping(CamelContext stopping) {
                ShutdownStrategy strategy = stopping.getShutdownStrategy();
                stopBy = System.nanoTime() + strategy.getTimeUnit().toNanos(strategy.getTimeout()) / 2;
            }
        });
        watch = Executors.newSingleThreadScheduledExecutor(work -> {
            Thread thread = new Thread(work, "answer-deadline");
            thread.setDaemon(true);
            return thread;
        });
        watch.scheduleWithFixedDelay(this::closeOverdue, CHECK_MILLIS, CHECK_MILLIS, TimeUnit.MILLISECONDS);
    }

    @Override
    public void configureHttpClient(HttpClientBuilder clientBuilder) {
        clientBuilder.disableAutomaticRetries();
        clientBuilder.addExecInterceptorFirst("answer-deadline", (request, scope, chain) -> {
            Timeout limit = scope.clientContext.getRequestConfigOrDefault().getResponseTimeout();
            long nanos = limit == null || limit.isDisabled() ? Long.MAX_VALUE / 2 : TimeUnit.MILLISECONDS.toNanos(limit.toMilliseconds());
            InFlight current = new InFlight(scope.execRuntime, System.nanoTime() + nanos);
            inFlight.put(Thread.currentThread(), current);
            try {
                return chain.proceed(request, scope);
            } catch (IllegalStateException e) {
                // a connection that is taken away between two steps of HttpClient is not what it expects; of a late answer it is no more than that
                if (!isOverdue(current)) {
                    throw e;
                }
                SocketTimeoutException late = new SocketTimeoutException("no answer in time");
                late.initCause(e);
                throw late;
            }
        });
        clientBuilder.addExecInterceptorLast("whole-head", (request, scope, chain) -> {
            ClassicHttpResponse answer = chain.proceed(request, scope);
            if (endsInItsHead(answer)) {
                scope.execRuntime.discardEndpoint();
                throw new ConnectionClosedException("the answer ends within its head");
            }
            return answer;
        });
    }

    /** What does not say how long its body is ends with the connection, and HTTP/1.1 has it say that (RFC 9112, 6.3 and 9.6). */
    private static boolean endsInItsHead(ClassicHttpResponse answer) {
        return answer.getEntity() != null && !answer.containsHeader(HttpHeaders.CONTENT_LENGTH) && !answer.containsHeader(HttpHeaders.TRANSFER_ENCODING)
                && answer.getVersion() != null && answer.getVersion().greaterEquals(HttpVersion.HTTP_1_1)
                && Arrays.stream(answer.getHeaders(HttpHeaders.CONNECTION)).noneMatch(header -> header.getValue().toLowerCase(Locale.ROOT).contains("close"));
    }

    private boolean isOverdue(InFlight request) {
        long now = System.nanoTime();
        Long stop = stopBy;
        return now - request.deadline > 0 || stop != null && now - stop > 0;
    }

    /** The thread that reads gets an exception, as if the connection had broken. */
    private void closeOverdue() {
        inFlight.forEach((thread, request) -> {
            if (!thread.isAlive()) {
                inFlight.remove(thread, request);
            } else if (isOverdue(request) && request.connection.isEndpointAcquired()) {
                // one that has no connection yet may get it later
                close(request.connection);
            }
        });
    }

    private static void close(ExecRuntime connection) {
        try {
            connection.discardEndpoint();
        } catch (RuntimeException e) {
            // one that cannot be closed must not end the watch over the others
            LOG.warn("A connection whose answer is late could not be closed: {}", e.toString());
        }
    }

    @Override
    public void destroy() {
        watch.shutdownNow();
    }
}

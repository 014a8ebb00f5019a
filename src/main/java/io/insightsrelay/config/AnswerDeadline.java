package io.insightsrelay.config;

import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.apache.camel.component.http.HttpClientConfigurer;
import org.apache.camel.spi.CamelEvent;
import org.apache.camel.support.EventNotifierSupport;
import org.apache.hc.client5.http.classic.ExecRuntime;
import org.apache.hc.client5.http.impl.classic.HttpClientBuilder;
import org.apache.hc.core5.util.Timeout;
import org.springframework.beans.factory.DisposableBean;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.stereotype.Component;

/**
 * Makes {@code responseTimeout} of camel-http's endpoints a limit for the whole answer. HttpClient takes it for the time
 * between two bytes, so that a server that sends one now and then would hold its thread for days. Once the relay stops
 * answers that are outstanding have half of {@code camel.main.shutdownTimeout}, so that the batches they belong to can end in
 * order. Thread-safe.
 */
@Component
public final class AnswerDeadline extends EventNotifierSupport implements HttpClientConfigurer, DisposableBean {

    private static final long CHECK_MILLIS = 100;

    private record InFlight(ExecRuntime connection, long deadline) {
    }

    // requests are blocking, so a thread has one at a time; one that is answered has let go of its connection
    private final Map<Thread, InFlight> inFlight = new ConcurrentHashMap<>();
    private final long stopNanos;
    private final ScheduledExecutorService watch;
    private volatile Long stopBy;

    AnswerDeadline(@Value("${camel.main.shutdownTimeout}") int shutdownTimeout) {
        stopNanos = Duration.ofSeconds(shutdownTimeout).toNanos() / 2;
        watch = Executors.newSingleThreadScheduledExecutor(work -> {
            Thread thread = new Thread(work, "answer-deadline");
            thread.setDaemon(true);
            return thread;
        });
        watch.scheduleWithFixedDelay(this::closeOverdue, CHECK_MILLIS, CHECK_MILLIS, TimeUnit.MILLISECONDS);
    }

    @Override
    public void configureHttpClient(HttpClientBuilder clientBuilder) {
        clientBuilder.addExecInterceptorFirst("answer-deadline", (request, scope, chain) -> {
            Timeout limit = scope.clientContext.getRequestConfigOrDefault().getResponseTimeout();
            long nanos = limit == null || limit.isDisabled() ? Long.MAX_VALUE / 2 : TimeUnit.MILLISECONDS.toNanos(limit.toMilliseconds());
            inFlight.put(Thread.currentThread(), new InFlight(scope.execRuntime, System.nanoTime() + nanos));
            return chain.proceed(request, scope);
        });
    }

    /** The thread that reads gets an exception, as if the connection had broken. */
    private void closeOverdue() {
        long now = System.nanoTime();
        Long stop = stopBy;
        inFlight.forEach((thread, request) -> {
            if (now - request.deadline > 0 || stop != null && now - stop > 0) {
                inFlight.remove(thread, request);
                request.connection.discardEndpoint();
            }
        });
    }

    @Override
    public void notify(CamelEvent event) {
        stopBy = System.nanoTime() + stopNanos;
    }

    @Override
    public boolean isEnabled(CamelEvent event) {
        return event instanceof CamelEvent.CamelContextStoppingEvent;
    }

    @Override
    public void destroy() {
        watch.shutdownNow();
    }
}

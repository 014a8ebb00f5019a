package io.insightsrelay.ingest;

import io.vertx.core.Vertx;
import io.vertx.core.http.HttpConnection;
import io.vertx.ext.web.RoutingContext;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Closes connections that neither begin nor finish a request for {@code ingest.idleTimeout}. Vert.x's own timeout starts anew
 * with every byte, so that a sender of one byte now and then would hold a connection for ever. Thread-safe.
 */
final class SlowSenders {

    private static final long CHECK_MILLIS = 500;

    private final Map<HttpConnection, Long> lastProgress = new ConcurrentHashMap<>();

    /** Looks after every connection that it is told of, until {@code vertx} is closed. */
    SlowSenders(Vertx vertx, Duration idleTimeout) {
        long limit = idleTimeout.toNanos();
        vertx.setPeriodic(CHECK_MILLIS, timer -> {
            long now = System.nanoTime();
            lastProgress.forEach((connection, progress) -> {
                if (now - progress > limit) {
                    connection.close();
                }
            });
        });
    }

    void connected(HttpConnection connection) {
        lastProgress.put(connection, System.nanoTime());
        connection.closeHandler(closed -> lastProgress.remove(connection));
    }

    /** The head of a request is there; its end is looked for. */
    void begun(RoutingContext request) {
        HttpConnection connection = request.request().connection();
        progress(connection);
        request.addEndHandler(ended -> progress(connection));
        request.next();
    }

    private void progress(HttpConnection connection) {
        lastProgress.computeIfPresent(connection, (key, before) -> System.nanoTime());
    }
}

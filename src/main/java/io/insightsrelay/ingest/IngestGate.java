package io.insightsrelay.ingest;

import io.vertx.core.Context;
import io.vertx.core.Handler;
import io.vertx.core.http.HttpServerRequest;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Holds back requests that arrive while routes are replaced, for the milliseconds that it takes, so that none is refused. Holds no thread.
 * Thread-safe.
 */
public final class IngestGate {

    private static final long LONGEST_SECONDS = 10;

    private volatile Context loop;
    // on the loop only
    private boolean closed;
    private final List<Runnable> held = new ArrayList<>();

    IngestGate() {
    }

    /** @param eventLoop on which all requests arrive */
    void guard(Context eventLoop) {
        loop = eventLoop;
    }

    /** On the event loop: hands the request on, now or when the gate opens. */
    void pass(HttpServerRequest request, Handler<HttpServerRequest> router) {
        if (!closed) {
            router.handle(request);
            return;
        }
        request.pause();
        held.add(() -> {
            router.handle(request);
            request.resume();
        });
    }

    /** On the event loop: runs it when the gate is open. */
    void whenOpen(Runnable work) {
        if (closed) {
            held.add(work);
        } else {
            work.run();
        }
    }

    /**
     * Requests that arrive from now on wait. When it returns every request from before is with its route, unless its body is still arriving.
     *
     * @throws IllegalStateException if the event loop does not answer
     */
    public void close() {
        onLoop(() -> closed = true);
    }

    /** Requests that wait go on, in the order in which they came. */
    public void open() {
        onLoop(() -> {
            closed = false;
            List<Runnable> waiting = List.copyOf(held);
            held.clear();
            waiting.forEach(Runnable::run);
        });
    }

    private void onLoop(Runnable work) {
        Context context = loop;
        if (context == null) {
            return;
        }
        CompletableFuture<Void> done = new CompletableFuture<>();
        context.runOnContext(nothing -> {
            work.run();
            done.complete(null);
        });
        try {
            done.get(LONGEST_SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted", e);
        } catch (ExecutionException | TimeoutException e) {
            throw new IllegalStateException("the event loop does not answer", e);
        }
    }
}

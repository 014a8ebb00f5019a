package io.insightsrelay.ingest;

import io.insightsrelay.spool.SpoolEndpoint;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.impl.ContextInternal;
import io.vertx.ext.web.RoutingContext;
import java.util.List;
import java.util.Map;
import java.util.concurrent.RejectedExecutionException;
import org.apache.camel.Exchange;
import org.apache.camel.ExchangePattern;
import org.apache.camel.Message;
import org.apache.camel.Processor;
import org.apache.camel.component.platform.http.PlatformHttpEndpoint;
import org.apache.camel.component.platform.http.spi.PlatformHttpConsumer;
import org.apache.camel.component.platform.http.vertx.VertxPlatformHttpConsumer;
import org.apache.camel.component.platform.http.vertx.VertxPlatformHttpRouter;
import org.apache.camel.spi.HeaderFilterStrategy;

/**
 * Runs a route on the event loop, for routes of which no step blocks: {@code platformHttpEngine: "#eventLoop"}. Camel's own
 * engine hands each request to a worker thread and keeps it there until the route is done, so that no more requests can
 * share a commit than there are workers.
 */
final class EventLoopEngine extends IngestEngine {

    private final IngestGate gate;

    EventLoopEngine(int port, IngestGate gate) {
        super(port);
        this.gate = gate;
    }

    @Override
    public PlatformHttpConsumer createConsumer(PlatformHttpEndpoint endpoint, Processor processor) {
        return new EventLoopConsumer(gate, endpoint, processor, VertxPlatformHttpRouter.getRouterNameFromPort(getServerPort()));
    }

    private static final class EventLoopConsumer extends VertxPlatformHttpConsumer {

        private final IngestGate gate;

        EventLoopConsumer(IngestGate gate, PlatformHttpEndpoint endpoint, Processor processor, String routerName) {
            super(endpoint, processor, List.of(), routerName);
            this.gate = gate;
        }

        @Override
        protected void handleRequest(RoutingContext request) {
            if (isSuspended()) {
                request.fail(503);
                return;
            }
            if (!isStarted()) {
                // the route was replaced or removed while the body was still arriving
                gate.whenOpen(() -> request.reroute(request.request().uri()));
                return;
            }
            ContextInternal eventLoop = (ContextInternal) request.vertx().getOrCreateContext();
            Exchange exchange = createExchange(false);
            exchange.setPattern(ExchangePattern.InOut);
            // the context is this request's alone; the loop below it is shared, so that one task goes on with all events of a commit
            exchange.setProperty(SpoolEndpoint.EXECUTOR, eventLoop.nettyEventLoop());
            processHttpRequest(exchange, request).onComplete(read -> {
                if (read.failed()) {
                    releaseExchange(exchange, false);
                    request.fail(read.cause());
                    return;
                }
                try {
                    createUoW(exchange);
                } catch (Exception e) {
                    releaseExchange(exchange, false);
                    request.fail(e);
                    return;
                }
                getAsyncProcessor().process(exchange, doneSync -> {
                    if (eventLoop.inThread()) {
                        answer(exchange, request);
                    } else {
                        eventLoop.runOnContext(nothing -> answer(exchange, request));
                    }
                });
            });
        }

        private void answer(Exchange exchange, RoutingContext request) {
            HttpServerResponse response = request.response();
            try {
                if (response.ended() || response.closed()) {
                    return;
                }
                if (exchange.getException() != null) {
                    // rejected is what a route that is being stopped lets no error handler see
                    request.fail(exchange.getException() instanceof RejectedExecutionException ? 503 : 500, exchange.getException());
                    return;
                }
                Message message = exchange.getMessage();
                Integer status = message.getHeader(Exchange.HTTP_RESPONSE_CODE, Integer.class);
                response.setStatusCode(status == null ? 200 : status);
                HeaderFilterStrategy filter = getEndpoint().getHeaderFilterStrategy();
                for (Map.Entry<String, Object> header : message.getHeaders().entrySet()) {
                    if (header.getValue() != null && !filter.applyFilterToCamelHeaders(header.getKey(), header.getValue(), exchange)) {
                        response.putHeader(header.getKey(), header.getValue().toString());
                    }
                }
                // the strategy holds it back, because producers set it apart from the headers
                Object contentType = message.getHeader(Exchange.CONTENT_TYPE);
                if (contentType != null) {
                    response.putHeader(Exchange.CONTENT_TYPE, contentType.toString());
                }
                Object body = message.getBody();
                if (body == null) {
                    response.end();
                } else {
                    response.end(body instanceof String text ? Buffer.buffer(text) : Buffer.buffer(message.getMandatoryBody(byte[].class)));
                }
            } catch (Exception e) {
                request.fail(e);
            } finally {
                doneUoW(exchange);
                releaseExchange(exchange, false);
            }
        }
    }
}

package io.insightsrelay.ingest;

import io.vertx.core.Context;
import io.vertx.core.Handler;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.file.FileSystemOptions;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import io.vertx.ext.web.handler.BodyHandler;
import io.vertx.ext.web.handler.CorsHandler;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.camel.CamelContext;
import org.apache.camel.component.platform.http.vertx.VertxPlatformHttpRouter;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The Vert.x server behind Camel's {@code platform-http}. Camel's own server class leaves no way to set timeouts and
 * limits of the connection, and answers errors without a body; this one binds the same router for Camel's engine.
 * Listens from before the first route starts until the context has stopped, and answers 503 outside that time.
 */
final class IngestServer implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(IngestServer.class);

    private final String host;
    private final int port;
    private final IngestProperties properties;
    private final IngestGate gate;
    private final Vertx vertx;
    private final SlowSenders slowSenders;
    private volatile CamelContext camel;

    IngestServer(String host, int port, IngestProperties properties, IngestGate gate) {
        this.host = host;
        this.port = port;
        this.properties = properties;
        this.gate = gate;
        this.vertx = Vertx.vertx(new VertxOptions()
                .setFileSystemOptions(new FileSystemOptions().setClassPathResolvingEnabled(false).setFileCachingEnabled(false)));
        this.slowSenders = new SlowSenders(vertx, properties.idleTimeout());
    }

    /** Gives Camel the router, and listens; called before the routes are loaded. */
    void listen(CamelContext context) throws Exception {
        Router router = route(context);
        Context eventLoop = vertx.getOrCreateContext();
        gate.guard(eventLoop);
        CompletableFuture<Void> listening = new CompletableFuture<>();
        eventLoop.runOnContext(nothing -> vertx.createHttpServer(new HttpServerOptions()
                        .setHttp2ClearTextEnabled(false)
                        // or each request and each answer is looked through for an upgrade
                        .setPerFrameWebSocketCompressionSupported(false)
                        .setPerMessageWebSocketCompressionSupported(false)
                        .setTcpNoDelay(true))
                .connectionHandler(slowSenders::connected).requestHandler(request -> gate.pass(request, router)).listen(port, host)
                .onSuccess(server -> listening.complete(null)).onFailure(listening::completeExceptionally));
        try {
            listening.get(30, TimeUnit.SECONDS);
        } catch (ExecutionException | TimeoutException e) {
            throw new IllegalStateException("Port " + port + " on " + host + " cannot be opened (RELAY_PORT): "
                    + (e.getCause() == null ? "it took too long" : e.getCause().getMessage()), e);
        }
    }

    /** Gives Camel the router without listening. */
    Router route(CamelContext context) {
        camel = context;
        Router router = Router.router(vertx);
        router.route().handler(slowSenders::begun).failureHandler(this::unreadable);
        if (!properties.cors().origins().isEmpty()) {
            router.route().handler(CorsHandler.create()
                    .addOrigins(properties.cors().origins())
                    .allowedMethods(Set.of(HttpMethod.GET, HttpMethod.POST))
                    .allowedHeaders(Set.of("Authorization", "Content-Type", "Content-Encoding", SentIds.HEADER))
                    .exposedHeaders(Set.of("Retry-After"))
                    .maxAgeSeconds((int) TimeUnit.HOURS.toSeconds(1)));
        }
        IngestProperties.RateLimit limit = properties.rateLimit();
        ClientAddress address = new ClientAddress(limit.trustedProxies());
        if (limit.perAddress() > 0) {
            RateLimits addresses = new RateLimits(limit.perAddress(), limit.burst(), limit.senders());
            router.route().handler(request -> {
                long wait = addresses.take(address.of(request.request()));
                if (wait == RateLimits.GO_ON) {
                    request.next();
                } else {
                    request.response().putHeader("Retry-After", String.valueOf(wait));
                    fail(request, 429, "TooManyRequestsError", RateLimitException.MESSAGE);
                }
            });
        }
        // Camel puts parameters among the headers, so that this one would count; addresses stand in logs
        router.route().handler(request -> {
            if (request.request().query() != null && request.queryParams().contains("Authorization")) {
                fail(request, 400, "InputError", "A token has to be in the header Authorization, not in the address");
            } else {
                request.next();
            }
        });
        router.errorHandler(404, failed -> fail(failed, 404, "NotFoundError", "There is nothing at " + failed.normalizedPath()));
        router.errorHandler(405, failed -> fail(failed, 405, "MethodNotAllowedError", failed.request().method() + " is not allowed here"));
        router.errorHandler(413, failed -> fail(failed, 413, "PayloadTooLargeError", "The body has more than "
                + properties.maxBody().toBytes() + " bytes (ingest.maxBody)"));
        router.errorHandler(400, failed -> fail(failed, 400, "InputError", "The request is malformed"));
        router.errorHandler(503, failed -> unavailable(failed, "This route is stopped; send it again later"));
        router.errorHandler(500, failed -> {
            LOG.error("A request to {} failed", failed.normalizedPath(), failed.failure());
            fail(failed, 500, "InternalServerError", "The relay failed to handle the request; its log says why");
        });
        context.getRegistry().bind(VertxPlatformHttpRouter.getRouterNameFromPort(port),
                new VertxPlatformHttpRouter(null, vertx, router, VertxPlatformHttpRouter.getRouterNameFromPort(port)) {
                    @Override
                    public Handler<RoutingContext> bodyHandler() {
                        BodyHandler handler = BodyHandler.create(false).setBodyLimit(properties.maxBody().toBytes());
                        return request -> {
                            request.request().resume();
                            handler.handle(request);
                        };
                    }
                });
        return router;
    }

    /** A request that breaks off or is no HTTP is its sender's fault: Vert.x would take it for one of ours and log a stack trace. */
    private void unreadable(RoutingContext failed) {
        if (failed.request().isEnded() || failed.statusCode() >= 400 && failed.statusCode() < 500) {
            failed.next();
        } else if (!failed.response().ended() && !failed.response().closed()) {
            failed.response().putHeader("Connection", "close");
            fail(failed, 400, "InputError", "The request is malformed");
        }
    }

    private void fail(RoutingContext failed, int status, String name, String message) {
        if (failed.response().ended()) {
            return;
        }
        if (status == 404 && !camel.isStarted()) {
            unavailable(failed, "The relay is starting or stopping; send it again later");
            return;
        }
        failed.response().setStatusCode(status).putHeader("Content-Type", "application/json").end(ErrorAnswer.json(name, message));
    }

    private void unavailable(RoutingContext failed, String message) {
        failed.response().putHeader("Retry-After", "5");
        fail(failed, 503, "ServiceUnavailableError", message);
    }

    /** Stops listening. Waits for open connections to end, at most half a minute. */
    @Override
    public void close() {
        try {
            vertx.close().toCompletionStage().toCompletableFuture().get(30, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (ExecutionException | TimeoutException e) {
            LOG.warn("The ingest server did not close cleanly: {}", e.toString());
        }
    }
}

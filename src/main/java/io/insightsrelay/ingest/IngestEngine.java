package io.insightsrelay.ingest;

import org.apache.camel.component.platform.http.vertx.VertxPlatformHttpEngine;

/** Camel's engine at the relay's port. It does not take the name under which {@code platform-http} looks for the application's engine. */
class IngestEngine extends VertxPlatformHttpEngine {

    private final int port;

    /** @param port of the {@link IngestServer} */
    IngestEngine(int port) {
        this.port = port;
    }

    @Override
    protected void doInit() {
        // nothing to initialise
    }

    @Override
    public int getServerPort() {
        return port;
    }
}

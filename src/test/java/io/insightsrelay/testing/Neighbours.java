package io.insightsrelay.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import org.springframework.test.context.DynamicPropertyRegistry;
import org.springframework.util.FileSystemUtils;

/**
 * What a relay in the JVM of a test works between: a portal whose catalog knows component:default/petstore, and a receiver in place of
 * Spotify. The relay has routes of its own, which the test may edit.
 */
public final class Neighbours implements AutoCloseable {

    /** Backstage. */
    public final Portal portal = new Portal().add("component:default/petstore",
            "{'kind':'Component','metadata':{'namespace':'default','name':'petstore'},'spec':{'type':'service','owner':'group:default/payments'}}");
    /** In place of Spotify. */
    public final TestServer spotify = new TestServer();

    /** Has the relay of the test work between them, with its routes in {@code folder/routes} and its data in {@code folder/data}. */
    public void configure(DynamicPropertyRegistry properties, Path folder) {
        try {
            FileSystemUtils.copyRecursively(Path.of("routes"), folder.resolve("routes"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        properties.add("relay.port", TestServer::freePort);
        properties.add("relay.dataDir", () -> folder.resolve("data"));
        properties.add("relay.routesDir", folder.resolve("routes")::toString);
        properties.add("backstage.baseUrl", portal::url);
        properties.add("backstage.token", () -> "catalog-token");
        properties.add("deliver.spotify.baseUrl", spotify::url);
        properties.add("deliver.spotify.apiToken", () -> "spotify-token");
        properties.add("deliver.batch.linger", () -> "50ms");
    }

    @Override
    public void close() {
        portal.close();
        spotify.close();
    }
}

package io.insightsrelay.ingest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServer;
import java.io.IOException;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ClientAddressTest {

    private final Vertx vertx = Vertx.vertx();

    @AfterEach
    void close() {
        vertx.close().toCompletionStage().toCompletableFuture().join();
    }

    /** What the server takes for the address of a real request from loopback with these headers. */
    private ByteBuffer seen(String headers, String... trusted) throws Exception {
        ClientAddress address = new ClientAddress(List.of(trusted));
        BlockingQueue<ByteBuffer> seen = new LinkedBlockingQueue<>();
        HttpServer server = vertx.createHttpServer().requestHandler(request -> {
            seen.add(address.of(request));
            request.response().end();
        }).listen(0, "127.0.0.1").toCompletionStage().toCompletableFuture().join();
        try (Socket socket = new Socket("127.0.0.1", server.actualPort())) {
            socket.getOutputStream().write(("GET / HTTP/1.1\r\nHost: x\r\n" + headers + "\r\n").getBytes(StandardCharsets.US_ASCII));
            return seen.poll(10, TimeUnit.SECONDS);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private static ByteBuffer bytes(int... values) {
        ByteBuffer bytes = ByteBuffer.allocate(values.length);
        for (int value : values) {
            bytes.put((byte) value);
        }
        return bytes.flip();
    }

    @Test
    void believesNobodyUnlessToldTo() throws Exception {
        assertThat(seen("X-Forwarded-For: 192.0.2.1\r\n")).isEqualTo(bytes(127, 0, 0, 1));
        assertThat(seen("X-Forwarded-For: 192.0.2.1\r\n", "10.0.0.0/8")).isEqualTo(bytes(127, 0, 0, 1));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        // the last that is no proxy; what a client writes itself stands before it
        "X-Forwarded-For: 192.0.2.1", "X-Forwarded-For: 198.51.100.9, 192.0.2.1", "X-Forwarded-For: 198.51.100.9, 192.0.2.1, 10.1.2.3",
        "X-Forwarded-For: nonsense, 192.0.2.1", "X-Forwarded-For: 192.0.2.1,nonsense , 192.0.2.1", "X-Forwarded-For: ::ffff:192.0.2.1"
    })
    void takesTheLastAddressThatIsNoTrustedProxy(String header) throws Exception {
        assertThat(seen(header + "\r\n", "127.0.0.1", "10.0.0.0/8")).isEqualTo(bytes(192, 0, 2, 1));
    }

    @Test
    void readsSeveralHeadersAsOne() throws Exception {
        assertThat(seen("X-Forwarded-For: 198.51.100.9\r\nX-Forwarded-For: 192.0.2.1\r\nX-Forwarded-For: 10.0.0.1\r\n", "127.0.0.0/8", "10.0.0.0/8"))
                .isEqualTo(bytes(192, 0, 2, 1));
    }

    @Test
    void staysAtTheProxyWhereTheHeaderMakesNoSense() throws Exception {
        assertThat(seen("X-Forwarded-For: evil.example.com\r\n", "127.0.0.1")).isEqualTo(bytes(127, 0, 0, 1));
        assertThat(seen("", "127.0.0.1")).isEqualTo(bytes(127, 0, 0, 1));
    }

    @Test
    void countsANetworkOfIpv6AsOneClient() throws Exception {
        assertThat(seen("X-Forwarded-For: 2001:db8:0:1::1\r\n", "127.0.0.1")).isEqualTo(seen("X-Forwarded-For: 2001:db8:0:1:ffff::9\r\n", "127.0.0.1"))
                .isNotEqualTo(seen("X-Forwarded-For: 2001:db8:0:2::1\r\n", "127.0.0.1"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"proxy.example.com", "10.0.0.0/33", "10.0.0.0/x", "", "10.0.0/8"})
    void refusesWhatIsNoNetwork(String proxy) {
        assertThatThrownBy(() -> new ClientAddress(List.of(proxy))).hasMessageContaining("ingest.rateLimit.trustedProxies");
    }

    @Test
    void limitsEachSenderByItself() {
        RateLimits limits = new RateLimits(1, Duration.ofSeconds(3), 100);
        for (int i = 0; i < 3; i++) {
            assertThat(limits.take("busy")).isEqualTo(RateLimits.GO_ON);
        }
        assertThat(limits.take("busy")).isBetween(1L, 2L);
        assertThat(limits.take("other")).isEqualTo(RateLimits.GO_ON);
        RateLimits off = new RateLimits(0, Duration.ofSeconds(1), 1);
        for (int i = 0; i < 1_000; i++) {
            assertThat(off.take("anybody")).isEqualTo(RateLimits.GO_ON);
        }
    }
}

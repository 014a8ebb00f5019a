package io.insightsrelay.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.insightsrelay.testing.TestServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.apache.camel.CamelContext;
import org.apache.camel.impl.DefaultCamelContext;
import org.apache.hc.client5.http.SystemDefaultDnsResolver;
import org.apache.hc.client5.http.classic.methods.HttpGet;
import org.apache.hc.client5.http.config.RequestConfig;
import org.apache.hc.client5.http.impl.classic.CloseableHttpClient;
import org.apache.hc.client5.http.impl.classic.HttpClientBuilder;
import org.apache.hc.client5.http.impl.io.PoolingHttpClientConnectionManagerBuilder;
import org.apache.hc.core5.http.ConnectionClosedException;
import org.apache.hc.core5.http.HttpResponse;
import org.apache.hc.core5.http.io.entity.EntityUtils;
import org.apache.hc.core5.util.Timeout;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout.ThreadMode;

@org.junit.jupiter.api.Timeout(value = 30, unit = TimeUnit.SECONDS, threadMode = ThreadMode.SEPARATE_THREAD)
class AnswerDeadlineTest {

    private static final Duration LIMIT = Duration.ofMillis(300);

    private final TestServer server = new TestServer();
    private final CamelContext context = new DefaultCamelContext();
    private final AnswerDeadline deadline = new AnswerDeadline(context);

    @AfterEach
    void close() {
        deadline.destroy();
        server.close();
    }

    private CloseableHttpClient client(PoolingHttpClientConnectionManagerBuilder connections) {
        HttpClientBuilder builder = HttpClientBuilder.create().setConnectionManager(connections.build())
                .setDefaultRequestConfig(RequestConfig.custom().setResponseTimeout(Timeout.of(LIMIT)).build());
        deadline.configureHttpClient(builder);
        return builder.build();
    }

    private String get(CloseableHttpClient client) throws IOException {
        return client.execute(new HttpGet(server.url()), answer -> EntityUtils.toString(answer.getEntity()));
    }

    @Test
    void anAnswerThatComesInTimeIsLeftAlone() throws IOException {
        try (CloseableHttpClient client = client(PoolingHttpClientConnectionManagerBuilder.create())) {
            assertThat(get(client)).isEqualTo("{}");
        }
    }

    @Test
    void anAnswerAByteAtATimeIsCutOff() throws IOException {
        server.behave(request -> server.drip(Duration.ofMillis(20)));
        try (CloseableHttpClient client = client(PoolingHttpClientConnectionManagerBuilder.create())) {
            assertThatThrownBy(() -> get(client)).isInstanceOf(IOException.class);
            server.behave(request -> TestServer.status(200));
            assertThat(get(client)).isEqualTo("{}");
        }
    }

    @Test
    void anAnswerThatEndsInItsHeadIsNone() throws IOException {
        try (CloseableHttpClient client = client(PoolingHttpClientConnectionManagerBuilder.create())) {
            for (String part : List.of("HTTP/1.1 200 OK", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 202 Accepted\r\nContent-Type: applica", "HTTP/1.1 200 OK\r\nDate: Thu\r\n")) {
                server.behave(request -> TestServer.raw(part));
                assertThatThrownBy(() -> get(client)).as(part).isInstanceOf(ConnectionClosedException.class).hasMessageContaining("head");
            }
            server.behave(request -> TestServer.raw("HTTP/1.1 200 OK\r\nConnection: Close\r\n\r\nup to the end"));
            assertThat(get(client)).isEqualTo("up to the end");
            server.behave(request -> TestServer.raw("HTTP/1.0 200 OK\r\n\r\nas long ago"));
            assertThat(get(client)).isEqualTo("as long ago");
            server.behave(request -> TestServer.raw("HTTP/1.1 204 No Content\r\n\r\n"));
            assertThat(client.<Integer>execute(new HttpGet(server.url()), HttpResponse::getCode)).isEqualTo(204);
        }
    }

    @Test
    void aRequestThatWaitedForItsConnectionBeyondTheDeadlineIsCutOffToo() throws Exception {
        CountDownLatch asked = new CountDownLatch(1);
        server.behave(request -> {
            asked.countDown();
            return server.drip(Duration.ofMillis(20));
        });
        try (CloseableHttpClient client = client(PoolingHttpClientConnectionManagerBuilder.create().setMaxConnTotal(1).setMaxConnPerRoute(1))) {
            CompletableFuture<Throwable> first = failure(client);
            asked.await();
            CompletableFuture<Throwable> second = failure(client);
            assertThat(first.get()).isInstanceOf(IOException.class);
            assertThat(second.get()).isInstanceOf(IOException.class);
        }
    }

    @Test
    void aConnectionThatTakesLongerThanTheDeadlineIsNoFaultOfTheRequest() throws Exception {
        SystemDefaultDnsResolver slow = new SystemDefaultDnsResolver() {
            @Override
            public InetAddress[] resolve(String host) throws UnknownHostException {
                long until = System.nanoTime() + 2 * LIMIT.toNanos();
                while (System.nanoTime() - until < 0) {
                    Thread.onSpinWait();
                }
                return super.resolve(host);
            }
        };
        try (CloseableHttpClient client = client(PoolingHttpClientConnectionManagerBuilder.create().setDnsResolver(slow))) {
            assertThat(failure(client).get()).isInstanceOf(IOException.class);
        }
    }

    @Test
    void onceTheRelayStopsAnAnswerHasHalfOfTheShutdownTimeout() throws Exception {
        CountDownLatch asked = new CountDownLatch(2);
        context.getShutdownStrategy().setTimeUnit(TimeUnit.MILLISECONDS);
        context.getShutdownStrategy().setTimeout(1_000);
        // it is not started yet, and that is no stop
        try (CloseableHttpClient client = client(PoolingHttpClientConnectionManagerBuilder.create())) {
            server.behave(request -> TestServer.status(200));
            long until = System.nanoTime() + 3 * LIMIT.toNanos();
            while (System.nanoTime() - until < 0) {
                assertThat(get(client)).isEqualTo("{}");
            }
        }
        server.behave(request -> {
            asked.countDown();
            return server.hang();
        });
        context.start();
        try (CloseableHttpClient client = client(PoolingHttpClientConnectionManagerBuilder.create())) {
            // seen as started
            assertThat(failure(client).get()).isInstanceOf(IOException.class);
        }
        HttpClientBuilder unlimited = HttpClientBuilder.create();
        deadline.configureHttpClient(unlimited);
        try (CloseableHttpClient client = unlimited.build()) {
            CompletableFuture<Throwable> outstanding = failure(client);
            asked.await();
            long stopped = System.nanoTime();
            context.stop();
            assertThat(outstanding.get()).isInstanceOf(IOException.class);
            assertThat(Duration.ofNanos(System.nanoTime() - stopped)).isGreaterThanOrEqualTo(Duration.ofMillis(500));
        }
    }

    private CompletableFuture<Throwable> failure(CloseableHttpClient client) {
        CompletableFuture<Throwable> failure = new CompletableFuture<>();
        new Thread(() -> {
            try {
                get(client);
                failure.complete(null);
            } catch (Throwable e) {
                failure.complete(e);
            }
        }).start();
        return failure;
    }
}

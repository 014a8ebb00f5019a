package io.insightsrelay.promises;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.insightsrelay.testing.Installation;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.GZIPOutputStream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.RandomGenerator;
import net.jqwik.api.sessions.JqwikSession;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** bad-input-is-refused. The number of documents is {@code -Dfuzz.documents}, the seed {@code -Dfuzz.seed}. */
class BadInputIT {

    private static final ObjectMapper MAPPER = new ObjectMapper();
    private static final int DOCUMENTS = Integer.getInteger("fuzz.documents", 6_000);
    private static final long SEED = Long.getLong("fuzz.seed", 20260101L);
    private static final int CLIENTS = 8;
    private static final Duration ANSWER_WITHIN = Duration.ofSeconds(20);

    @TempDir
    Path folder;
    private Installation installation;

    @BeforeEach
    void start() {
        installation = new Installation(folder).start("--ingest.idleTimeout=4s");
    }

    /** Whatever was sent, the relay is alive, its log has no stack trace, and events go through. */
    @AfterEach
    void isWell() {
        try {
            assertThat(installation.relay.manage("GET", "/actuator/health/readiness").statusCode()).isEqualTo(200);
            int before = installation.delivered();
            installation.post();
            await().atMost(Duration.ofSeconds(30)).until(() -> installation.delivered() > before);
            assertThat(installation.relay.log()).doesNotContain("\tat ", "OutOfMemory", " ERROR ");
        } finally {
            installation.close();
        }
    }

    // --- documents

    private static Arbitrary<String> json() {
        Arbitrary<String> text = Arbitraries.oneOf(
                Arbitraries.strings().ofMaxLength(20), Arbitraries.strings().all().ofMaxLength(8), Arbitraries.strings().alpha().numeric().ofMaxLength(300),
                Arbitraries.of("component:default/petstore", "component:default/", "user:default/ada", ":/", "null", "__proto__", "a.b", "a[b]", "\u0000", "\uFEFF"));
        Arbitrary<String> quoted = Arbitraries.oneOf(text.map(BadInputIT::quote), Arbitraries.of("\"\\ud800\"", "\"\\udc00\\ud800\"", "\"\\u0000\"", "\"\\x\"", "\"\n\"", "'a'"));
        Arbitrary<String> scalar = Arbitraries.oneOf(quoted, Arbitraries.of("null", "true", "false", "NaN", "-Infinity", "0", "-0", "1e999999", "-1E-999999", "01", "1.", ".5", "+1",
                "9".repeat(99), "9".repeat(101), "0." + "1".repeat(200), "tru", ""), Arbitraries.doubles().map(String::valueOf), Arbitraries.bigIntegers().map(String::valueOf));
        Arbitrary<String> member = Arbitraries.oneOf(Arbitraries.of("action", "subject", "context", "entityRef", "identity", "_origin", "attributes", "value", "userId").map(BadInputIT::quote), quoted);
        return Arbitraries.recursive(() -> scalar, value -> Arbitraries.oneOf(
                value.list().ofMaxSize(4).map(list -> "[" + String.join(",", list) + "]"),
                member.tuple2().flatMap(names -> value.tuple2().map(values -> "{" + names.get1() + ":" + values.get1() + "," + names.get2() + ":" + values.get2() + "}")),
                value.map(inner -> "{\"action\":\"x\",\"context\":" + inner + "}"),
                value.map(inner -> "{\"action\":\"x\",\"context\":{\"entityRef\":" + inner + ",\"_origin\":" + inner + "},\"identity\":" + inner + "}")), 0, 5);
    }

    private static String quote(String text) {
        try {
            return MAPPER.writeValueAsString(text);
        } catch (IOException e) {
            return "\"\"";
        }
    }

    /** Changes a document at random, or leaves it. */
    private static byte[] mutate(String document, Random random) {
        byte[] bytes = document.getBytes(StandardCharsets.UTF_8);
        int changes = Math.max(0, random.nextInt(8) - 4);
        for (int i = 0; i < changes && bytes.length > 0; i++) {
            int at = random.nextInt(bytes.length);
            switch (random.nextInt(4)) {
                case 0 -> bytes[at] = (byte) random.nextInt(256);
                case 1 -> bytes = Arrays.copyOf(bytes, at);
                case 2 -> bytes[at] ^= (byte) (1 << random.nextInt(8));
                default -> {
                    byte[] longer = Arrays.copyOf(bytes, bytes.length + at);
                    System.arraycopy(bytes, 0, longer, bytes.length, at);
                    bytes = longer;
                }
            }
        }
        return bytes;
    }

    private static byte[] gzip(byte[] bytes) throws IOException {
        ByteArrayOutputStream zipped = new ByteArrayOutputStream();
        try (GZIPOutputStream out = new GZIPOutputStream(zipped)) {
            out.write(bytes);
        }
        return zipped.toByteArray();
    }

    private static <T> T pick(Random random, List<T> values) {
        return values.get(random.nextInt(values.size()));
    }

    @Test
    void strangeDocumentsAreAcceptedAndDeliveredOrRefusedWithAReason() throws Exception {
        AtomicLong accepted = new AtomicLong();
        AtomicInteger sent = new AtomicInteger();
        Map<Integer, Integer> statuses = new ConcurrentHashMap<>();
        List<Throwable> failures = Collections.synchronizedList(new ArrayList<>());
        List<Thread> clients = new ArrayList<>();
        for (int client = 0; client < CLIENTS; client++) {
            long seed = SEED + client;
            Thread thread = new Thread(() -> {
                try {
                    JqwikSession.run(() -> sendDocuments(new Random(seed), DOCUMENTS / CLIENTS, sent, accepted, statuses));
                } catch (Throwable e) {
                    failures.add(e);
                }
            });
            thread.start();
            clients.add(thread);
        }
        for (Thread client : clients) {
            client.join();
        }
        assertThat(failures).isEmpty();
        installation.awaitDrained(Duration.ofMinutes(5));
        JsonNode books = installation.books();
        System.out.printf("strangeDocuments: %d documents (seed %d), answers %s, %d events accepted, %d delivered, %d dead letters%n", sent.get(), SEED,
                new TreeMap<>(statuses), accepted.get(), books.path("delivered").asLong(), books.path("deadLetters").asLong());
        assertThat(books.path("received").asLong()).isEqualTo(accepted.get()).isPositive();
        // nothing in an accepted document keeps it from being sent
        assertThat(books.path("delivered").asLong()).isEqualTo(accepted.get());
        assertThat(statuses.keySet()).isSubsetOf(202, 400, 413, 415).contains(202, 400, 415);
    }

    private void sendDocuments(Random random, int count, AtomicInteger sent, AtomicLong accepted, Map<Integer, Integer> statuses) throws IOException {
        RandomGenerator<String> generator = json().generator(1_000);
        try (Connection connection = new Connection()) {
            for (int i = 0; i < count; i++) {
                List<String> documents = new ArrayList<>();
                int several = random.nextInt(5) == 0 ? random.nextInt(4) : 1;
                for (int j = 0; j < several; j++) {
                    documents.add(generator.next(random).value());
                }
                boolean lines = random.nextInt(5) == 0;
                String document = several == 1 ? documents.get(0) : lines ? String.join("\n", documents) : "[" + String.join(",", documents) + "]";
                byte[] body = mutate(document, random);
                String headers = "Content-Type: " + pick(random, List.of("application/json", "application/json", "application/json;charset=utf-8", "text/plain",
                        lines ? "application/x-ndjson" : "application/json", "application/json; charset=latin1", "text/html", ";;;", "application/ndjson")) + "\r\n";
                int encoding = random.nextInt(12);
                if (encoding == 0) {
                    body = gzip(body);
                    headers += "Content-Encoding: gzip\r\n";
                } else if (encoding == 1) {
                    headers += "Content-Encoding: " + pick(random, List.of("gzip", "br", "deflate", "identity", "gzip, gzip")) + "\r\n";
                }
                String path = pick(random, List.of("/api/backstage-insights/events/app", "/api/backstage-insights/events/agent", "/v1/events"));
                Answer answer = connection.request("POST " + path + " HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer static-ingest-token\r\n" + headers
                        + "Content-Length: " + body.length + "\r\n\r\n", body);
                statuses.merge(answer.status, 1, Integer::sum);
                sent.incrementAndGet();
                JsonNode json = MAPPER.readTree(answer.body);
                if (answer.status == 202) {
                    accepted.addAndGet(json.path("accepted").asLong());
                } else {
                    assertThat(json.at("/error/message").asText()).as("%d to %s", answer.status, document).isNotBlank();
                    assertThat(json.at("/error/name").asText()).isNotBlank();
                }
            }
        }
    }

    // --- raw HTTP

    private record Answer(int status, String body) {
    }

    /** A keep-alive connection of a client that does as HTTP says; reads time out. */
    private final class Connection implements AutoCloseable {

        private Socket socket = open();

        Answer request(String head, byte[] body) throws IOException {
            OutputStream out = socket.getOutputStream();
            byte[] start = head.getBytes(StandardCharsets.ISO_8859_1);
            byte[] whole = Arrays.copyOf(start, start.length + body.length);
            System.arraycopy(body, 0, whole, start.length, body.length);
            out.write(whole);
            out.flush();
            return answer(socket.getInputStream());
        }

        @Override
        public void close() throws IOException {
            socket.close();
        }
    }

    private Socket open() {
        try {
            Socket socket = new Socket("127.0.0.1", installation.relay.port());
            socket.setSoTimeout((int) ANSWER_WITHIN.toMillis());
            socket.setTcpNoDelay(true);
            return socket;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Answer answer(InputStream in) throws IOException {
        ByteArrayOutputStream head = new ByteArrayOutputStream();
        while (!head.toString(StandardCharsets.ISO_8859_1).endsWith("\r\n\r\n")) {
            int next = in.read();
            if (next < 0) {
                throw new IOException("closed after: " + head);
            }
            head.write(next);
        }
        String text = head.toString(StandardCharsets.ISO_8859_1);
        Matcher length = Pattern.compile("(?i)content-length: (\\d+)").matcher(text);
        byte[] body = in.readNBytes(length.find() ? Integer.parseInt(length.group(1)) : 0);
        return new Answer(Integer.parseInt(text.split(" ")[1]), new String(body, StandardCharsets.UTF_8));
    }

    /** Sends bytes, closes the sending side, and reads to the end: the statuses of all answers. A read that takes too long fails. */
    private List<Integer> exchange(byte[] bytes) throws IOException {
        try (Socket socket = open()) {
            try {
                socket.getOutputStream().write(bytes);
                socket.shutdownOutput();
            } catch (SocketException e) {
                // refused before it had read all: what it answered is still to be read, or it has reset the connection
            }
            List<Integer> statuses = new ArrayList<>();
            try {
                String all = new String(socket.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1);
                Matcher status = Pattern.compile("HTTP/1\\.[01] (\\d{3}) ").matcher(all);
                while (status.find()) {
                    statuses.add(Integer.parseInt(status.group(1)));
                }
                assertThat(all).doesNotContain("Exception", "\tat ");
            } catch (SocketException e) {
                // reset
            }
            return statuses;
        }
    }

    private static String post(String headers, String body) {
        return "POST /v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer static-ingest-token\r\nContent-Type: application/json\r\n" + headers + "\r\n" + body;
    }

    @Test
    void brokenHttpIsRefusedOrClosedAndNeverFails() throws Exception {
        List<String> broken = new ArrayList<>(List.of(
                "", "\r\n", "\r\n\r\n", "GET\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "GET / HTTP/1.1\r\n\r\n", "get / http/1.1\r\n\r\n", "\0\0\0\0", "\u0016\u0003\u0001\u0002\0\u0001",
                "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\u0004\0\0\0\0\0", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nwhat", "BREW /v1/events HTTP/1.1\r\nHost: x\r\n\r\n", "GET /%zz HTTP/1.1\r\nHost: x\r\n\r\n",
                "GET /../../etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n", "GET /v1/events?" + "a=b&".repeat(3_000) + " HTTP/1.1\r\nHost: x\r\n\r\n", "GET " + "/a".repeat(10_000) + " HTTP/1.1\r\nHost: x\r\n\r\n",
                "GET http:// HTTP/1.1\r\nHost: \r\n\r\n", "GET /\u0001\u0002 HTTP/1.1\r\nHost: x\r\n\r\n", "OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", "CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n", "TRACE / HTTP/1.1\r\nHost: x\r\n\r\n",
                "GET /v1/events HTTP/1.1\r\nHost: x\r\nUpgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: !!!\r\n\r\n", "GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
                post("Content-Length: 2\r\nContent-Length: 3\r\n", "{}x"), post("Content-Length: -1\r\n", "{}"), post("Content-Length: 99999999999999999999\r\n", "{}"), post("Content-Length: two\r\n", "{}"),
                post("Content-Length: 2147483648\r\n", "{}"), post("Content-Length: 100\r\n", "{}"), post("Content-Length: 1\r\n", "{}"), post("", "{}"),
                post("Transfer-Encoding: chunked\r\nContent-Length: 2\r\n", "2\r\n{}\r\n0\r\n\r\n"), post("Transfer-Encoding: chunked\r\n", "zz\r\n{}\r\n0\r\n\r\n"), post("Transfer-Encoding: chunked\r\n", "ffffffffffffffff\r\n{}"),
                post("Transfer-Encoding: chunked\r\n", "7fffffff\r\n{}"), post("Transfer-Encoding: chunked\r\n", "-1\r\n{}"), post("Transfer-Encoding: chunked\r\n", "2\r\n{}\r\n"), post("Transfer-Encoding: chunked\r\n", "2;" + "x".repeat(1 << 20) + "\r\n{}\r\n0\r\n\r\n"),
                post("Transfer-Encoding: chunked\r\n", "0\r\n" + "Trailer: x\r\n".repeat(10_000) + "\r\n"), post("Transfer-Encoding: gzip, chunked\r\n", "2\r\n{}\r\n0\r\n\r\n"), post("Transfer-Encoding: nonsense\r\n", "{}"),
                post("Expect: 100-continue\r\nContent-Length: 2\r\n", "{}"), post("Expect: the-worst\r\nContent-Length: 2\r\n", "{}"), post("Content-Length: 300000\r\n", "x".repeat(300_000)),
                post("Transfer-Encoding: chunked\r\n", ("1000\r\n" + "x".repeat(4096) + "\r\n").repeat(100) + "0\r\n\r\n"),
                post("X: y\r\n".repeat(10_000), "{}"), post("X: " + "y".repeat(1 << 20) + "\r\n", "{}"), post("Bad Header\r\n", "{}"), post(": empty\r\n", "{}"), post("X\0Y: z\r\n", "{}"), post("X: a\0b\r\n", "{}"), post(" folded: x\r\n", "{}"),
                post("Content-Length: 2\r\nAuthorization: Bearer other\r\n", "{}"), post("Content-Type: a\r\nContent-Length: 2\r\n", "{}"), post("Content-Length: 2\r\n", "{}").repeat(200), "GET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n".repeat(2_000)));
        Random random = new Random(SEED);
        int rounds = Math.max(200, DOCUMENTS / 10);
        for (int i = 0; i < rounds; i++) {
            byte[] noise = mutate(pick(random, broken.subList(0, 45)), random);
            broken.add(new String(noise, StandardCharsets.ISO_8859_1));
        }
        Map<Integer, Integer> statuses = new TreeMap<>();
        for (String request : broken) {
            List<Integer> answered = exchange(request.getBytes(StandardCharsets.ISO_8859_1));
            answered.forEach(status -> statuses.merge(status, 1, Integer::sum));
            assertThat(answered).as(request.substring(0, Math.min(request.length(), 300))).allMatch(status -> status < 500 || status == 501 || status == 505);
        }
        System.out.printf("brokenHttp: %d raw requests, answers %s, the others closed%n", broken.size(), statuses);
    }

    @Test
    void bombsAndGiantsAreRefusedWithinTheLimits() throws Exception {
        byte[] bomb = gzip(new byte[200 << 20]);
        byte[] nested = gzip(gzip(new byte[50 << 20]));
        Map<String, byte[]> giants = new TreeMap<>(Map.of(
                "413 zip bomb", bomb, "400 nested bomb", nested, "400 deep", ("{\"a\":" + "[".repeat(100_000)).getBytes(StandardCharsets.US_ASCII),
                "400 deep objects", "{\"a\":".repeat(40_000).getBytes(StandardCharsets.US_ASCII), "400 number", ("{\"a\":" + "1".repeat(200_000) + "}").getBytes(StandardCharsets.US_ASCII),
                "400 string", ("{\"a\":\"" + "x".repeat(200_000) + "\"}").getBytes(StandardCharsets.US_ASCII), "400 name", ("{\"" + "x".repeat(200_000) + "\":1}").getBytes(StandardCharsets.US_ASCII),
                "413 body", "x".repeat(10 << 20).getBytes(StandardCharsets.US_ASCII), "413 many", ("[" + "{},".repeat(1_000) + "{}]").getBytes(StandardCharsets.US_ASCII)));
        for (Map.Entry<String, byte[]> giant : giants.entrySet()) {
            for (int i = 0; i < 10; i++) {
                String encoding = giant.getKey().endsWith("bomb") ? "Content-Encoding: gzip\r\n" : "";
                try (Connection connection = new Connection()) {
                    Answer answer = connection.request(post(encoding + "Content-Length: " + giant.getValue().length + "\r\n", ""), giant.getValue());
                    assertThat(answer.status).as(giant.getKey()).isEqualTo(Integer.parseInt(giant.getKey().substring(0, 3)));
                } catch (SocketException e) {
                    // a body that is far too large may be cut off instead of read to its end
                    assertThat(giant.getKey()).isEqualTo("413 body");
                }
            }
        }
    }

    @Test
    void slowSendersHoldNobodyUpAndAreClosed() throws Exception {
        List<Socket> slow = new ArrayList<>();
        for (int i = 0; i < 200; i++) {
            Socket socket = open();
            socket.getOutputStream().write((i % 2 == 0 ? "POST /v1/events HTTP/1.1\r\nHost: x\r\nX-Slow: " : post("Content-Length: 1000\r\n", "{")).getBytes(StandardCharsets.US_ASCII));
            slow.add(socket);
        }
        AtomicInteger open = new AtomicInteger(slow.size());
        Thread dripping = new Thread(() -> {
            List<Socket> left = new ArrayList<>(slow);
            while (!left.isEmpty() && !Thread.interrupted()) {
                left.removeIf(socket -> {
                    try {
                        socket.getOutputStream().write('x');
                        return false;
                    } catch (IOException e) {
                        open.decrementAndGet();
                        return true;
                    }
                });
                LockSupport.parkNanos(300_000_000);
            }
        });
        dripping.start();
        for (int i = 0; i < 50; i++) {
            installation.post();
        }
        await().atMost(Duration.ofSeconds(30)).until(() -> open.get() == 0);
        dripping.join();
    }
}

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.HdrHistogram.ConcurrentHistogram;

/**
 * Sends requests at a fixed rate and prints percentiles of the time from the moment at which each was due to its answer. A late answer
 * makes the next request of its connection late, and that counts too: nothing is omitted because the server was slow (wrk2's method).
 *
 * <p>Arguments: rate a second, connections, seconds a round, rounds, file of tokens, URL... Rounds of the URLs alternate, after one of
 * each that does not count. Prints a line a URL: requests that were not answered 202, then p50, p99, p99.9 and the longest in ms.
 */
public final class FixedRate {

    private static final int REQUESTS = 10_000;

    private FixedRate() {
    }

    public static void main(String[] arguments) throws Exception {
        int rate = Integer.parseInt(arguments[0]);
        int connections = Integer.parseInt(arguments[1]);
        int seconds = Integer.parseInt(arguments[2]);
        int rounds = Integer.parseInt(arguments[3]);
        List<String> tokens = Files.readAllLines(Path.of(arguments[4]));
        List<URI> urls = new ArrayList<>();
        for (int i = 5; i < arguments.length; i++) {
            urls.add(URI.create(arguments[i]));
        }
        List<ConcurrentHistogram> latencies = urls.stream().map(url -> new ConcurrentHistogram(4)).toList();
        List<AtomicLong> refused = urls.stream().map(url -> new AtomicLong()).toList();
        for (int round = 0; round <= rounds; round++) {
            for (int i = 0; i < urls.size(); i++) {
                round(urls.get(i), tokens, rate, connections, seconds, latencies.get(i), refused.get(i));
                if (round == 0) {
                    latencies.get(i).reset();
                }
            }
        }
        for (int i = 0; i < urls.size(); i++) {
            ConcurrentHistogram latency = latencies.get(i);
            System.out.printf(Locale.ROOT, "%d %.2f %.2f %.2f %.2f%n", refused.get(i).get(), latency.getValueAtPercentile(50) / 1e3,
                    latency.getValueAtPercentile(99) / 1e3, latency.getValueAtPercentile(99.9) / 1e3, latency.getMaxValue() / 1e3);
        }
    }

    private static void round(URI url, List<String> tokens, int rate, int connections, int seconds, ConcurrentHistogram latency, AtomicLong refused)
            throws InterruptedException {
        byte[][] requests = requests(url, tokens);
        // time for the threads to connect
        long start = System.nanoTime() + 500_000_000L;
        List<Thread> threads = new ArrayList<>();
        for (int connection = 0; connection < connections; connection++) {
            int first = connection;
            Thread thread = new Thread(() -> {
                SplittableRandom random = new SplittableRandom(first);
                try (Socket socket = new Socket(url.getHost(), url.getPort())) {
                    socket.setTcpNoDelay(true);
                    OutputStream out = socket.getOutputStream();
                    InputStream in = new BufferedInputStream(socket.getInputStream());
                    for (long i = first; i < (long) rate * seconds; i += connections) {
                        long due = start + i * 1_000_000_000L / rate;
                        for (long left = due - System.nanoTime(); left > 0; left = due - System.nanoTime()) {
                            LockSupport.parkNanos(left);
                        }
                        out.write(requests[random.nextInt(requests.length)]);
                        if (answer(in) != 202) {
                            refused.incrementAndGet();
                        }
                        latency.recordValue((System.nanoTime() - due) / 1_000);
                    }
                } catch (IOException e) {
                    System.err.println(e);
                    System.exit(1);
                }
            });
            thread.start();
            threads.add(thread);
        }
        for (Thread thread : threads) {
            thread.join();
        }
    }

    /** The events are those of load.lua. */
    private static byte[][] requests(URI url, List<String> tokens) {
        SplittableRandom random = new SplittableRandom(1);
        byte[][] requests = new byte[REQUESTS][];
        for (int i = 0; i < REQUESTS; i++) {
            String path = "/catalog/default/component/service-" + i % 5_000;
            String body = "{\"action\":\"navigate\",\"subject\":\"" + path + "\",\"attributes\":{\"to\":\"" + path + "\",\"n\":" + i + "},\"context\":{\"pluginId\":\"catalog\","
                    + "\"routeRef\":\"catalog:entity\",\"extension\":\"App\",\"entityRef\":\"component:default/service-" + i % 5_000 + "\",\"sessionId\":\"" + random.nextInt(1 << 30) + "\"}}";
            requests[i] = ("POST " + url.getPath() + " HTTP/1.1\r\nHost: " + url.getAuthority() + "\r\nContent-Type: application/json\r\nAuthorization: Bearer "
                    + tokens.get(random.nextInt(tokens.size())) + "\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36\r\nAccept-Language: en-GB,en;q=0.9\r\nContent-Length: "
                    + body.length() + "\r\n\r\n" + body).getBytes(StandardCharsets.US_ASCII);
        }
        return requests;
    }

    /** Reads one answer, which says how long it is; gives its status. */
    private static int answer(InputStream in) throws IOException {
        int status = 0;
        int length = 0;
        for (String line = line(in); !line.isEmpty(); line = line(in)) {
            if (status == 0) {
                status = Integer.parseInt(line.substring(9, 12));
            } else if (line.regionMatches(true, 0, "content-length:", 0, 15)) {
                length = Integer.parseInt(line.substring(15).trim());
            }
        }
        in.skipNBytes(length);
        return status;
    }

    private static String line(InputStream in) throws IOException {
        StringBuilder line = new StringBuilder();
        for (int b = in.read(); b != '\n'; b = in.read()) {
            if (b < 0) {
                throw new IOException("the connection was closed");
            }
            if (b != '\r') {
                line.append((char) b);
            }
        }
        return line.toString();
    }
}

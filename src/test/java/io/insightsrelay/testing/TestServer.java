package io.insightsrelay.testing;

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;

/**
 * An HTTP/1.1 server on loopback that records requests and answers, or misbehaves in every way that a network has, as it is
 * told. On plain sockets, because a proper server refuses to misbehave. Thread-safe.
 */
public final class TestServer implements AutoCloseable {

    /** A request as it came; {@code nanos} is when. */
    public record Request(String method, String path, String query, Map<String, String> headers, byte[] body, long nanos) {

        /** The first value of a header, or null. */
        public String header(String name) {
            return headers.get(name);
        }

        /** The body as text. */
        public String text() {
            return new String(body, StandardCharsets.UTF_8);
        }

        /** The form-urlencoded body, in its order. */
        public Map<String, String> form() {
            Map<String, String> form = new LinkedHashMap<>();
            for (String pair : text().split("&")) {
                String[] parts = pair.split("=", 2);
                form.put(URLDecoder.decode(parts[0], StandardCharsets.UTF_8), URLDecoder.decode(parts[1], StandardCharsets.UTF_8));
            }
            return form;
        }
    }

    /** What the server does with a request. */
    public interface Answer {
        /** Writes the answer, or does something worse; false closes the connection. */
        boolean give(OutputStream out, Socket connection) throws IOException, InterruptedException;
    }

    private final List<Request> requests = new ArrayList<>();
    private final Set<Socket> connections = ConcurrentHashMap.newKeySet();
    private final CountDownLatch closed = new CountDownLatch(1);
    private final int port;
    private volatile ServerSocket listening;
    private volatile Function<Request, Answer> behaviour = request -> status(200);
    private volatile boolean recording = true;

    /** Listens on a free port. */
    public TestServer() {
        port = freePort();
        acceptConnections();
    }

    /** A port that was free a moment ago, and is not one of those that the system gives to whoever connects meanwhile. */
    public static int freePort() {
        while (true) {
            int port = ThreadLocalRandom.current().nextInt(12_000, 32_000);
            try (ServerSocket socket = new ServerSocket(port)) {
                return socket.getLocalPort();
            } catch (IOException e) {
                // taken; there are others
            }
        }
    }

    /** Such as http://127.0.0.1:40123 . */
    public String url() {
        return "http://127.0.0.1:" + port;
    }

    /** Decides what becomes of each request from now on. */
    public void behave(Function<Request, Answer> newBehaviour) {
        behaviour = newBehaviour;
    }

    /** Requests are remembered no more: for loads that no memory holds. */
    public TestServer forgetful() {
        recording = false;
        return this;
    }

    /** Every request so far, in the order of arrival. */
    public List<Request> requests() {
        synchronized (requests) {
            return List.copyOf(requests);
        }
    }

    /** Closes every connection and refuses new ones, as a host does on which nothing listens. */
    public void refuseConnections() {
        try {
            listening.close();
            for (Socket connection : connections) {
                connection.close();
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Listens again, on the same port. */
    public void acceptConnections() {
        try {
            ServerSocket socket = new ServerSocket();
            socket.setReuseAddress(true);
            socket.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 512);
            listening = socket;
            daemon(() -> accept(socket));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Answers with a status and an empty JSON object. */
    public static Answer status(int status) {
        return json(status, "{}");
    }

    /** Answers with JSON; {@code headers} alternate names and values. */
    public static Answer json(int status, String body, String... headers) {
        StringBuilder head = new StringBuilder("HTTP/1.1 " + status + " Something\r\nContent-Type: application/json\r\n");
        for (int i = 0; i < headers.length; i += 2) {
            head.append(headers[i]).append(": ").append(headers[i + 1]).append("\r\n");
        }
        byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
        head.append("Content-Length: ").append(bytes.length).append("\r\n\r\n");
        return (out, connection) -> {
            out.write(head.toString().getBytes(StandardCharsets.UTF_8));
            out.write(bytes);
            out.flush();
            return true;
        };
    }

    /** 429 or 503 with Retry-After in seconds. */
    public static Answer retryAfter(int status, long seconds) {
        return json(status, "{}", "Retry-After", String.valueOf(seconds));
    }

    /** The same with a date. */
    public static Answer retryAfterDate(int status, Duration later) {
        return json(status, "{}", "Retry-After", DateTimeFormatter.RFC_1123_DATE_TIME.format(ZonedDateTime.now(ZoneOffset.UTC).plus(later)));
    }

    /** Closes the connection without an answer. */
    public static Answer hangUp() {
        return (out, connection) -> false;
    }

    /** Resets the connection (RST). */
    public static Answer reset() {
        return (out, connection) -> {
            connection.setSoLinger(true, 0);
            return false;
        };
    }

    /** Promises a body, sends a part of it and closes the connection. */
    public static Answer cutShort() {
        return raw("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{");
    }

    /** Sends a part of the head and closes the connection. */
    public static Answer cutInHead() {
        return raw("HTTP/1.1 200 OK\r\nContent-Type: applica");
    }

    /** Sends what is given as it is and closes the connection. */
    public static Answer raw(String answer) {
        return (out, connection) -> {
            out.write(answer.getBytes(StandardCharsets.US_ASCII));
            out.flush();
            return false;
        };
    }

    /** Answers something that is no HTTP. */
    public static Answer garbage() {
        return raw("\0\1\2 what is this? \r\n\r\n\r\n<html>");
    }

    /** Never answers, until the server is closed. */
    public Answer hang() {
        return (out, connection) -> {
            closed.await();
            return false;
        };
    }

    /** Answers one byte at a time, with that pause before each, until the server or the connection is closed. */
    public Answer drip(Duration pause) {
        byte[] answer = ("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n" + "{}".repeat(50_000)).getBytes(StandardCharsets.US_ASCII);
        return (out, connection) -> {
            for (byte next : answer) {
                if (closed.await(pause.toMillis(), TimeUnit.MILLISECONDS)) {
                    return false;
                }
                out.write(next);
                out.flush();
            }
            return false;
        };
    }

    private void accept(ServerSocket socket) {
        while (!socket.isClosed()) {
            try {
                Socket connection = socket.accept();
                connections.add(connection);
                daemon(() -> serve(connection));
            } catch (IOException e) {
                // closed on purpose
            }
        }
    }

    private void serve(Socket connection) {
        try (connection) {
            connection.setTcpNoDelay(true);
            InputStream in = new BufferedInputStream(connection.getInputStream());
            OutputStream out = new BufferedOutputStream(connection.getOutputStream());
            boolean open = true;
            while (open) {
                Request request = read(in);
                if (recording) {
                    synchronized (requests) {
                        requests.add(request);
                    }
                }
                open = behaviour.apply(request).give(out, connection);
            }
        } catch (IOException e) {
            // the other side has gone, or this one was told to
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            connections.remove(connection);
        }
    }

    private static Request read(InputStream in) throws IOException {
        String[] start = line(in).split(" ");
        Map<String, String> headers = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
        for (String header = line(in); !header.isEmpty(); header = line(in)) {
            int colon = header.indexOf(':');
            headers.putIfAbsent(header.substring(0, colon), header.substring(colon + 1).trim());
        }
        byte[] body = "chunked".equalsIgnoreCase(headers.get("Transfer-Encoding")) ? chunks(in)
                : in.readNBytes(Integer.parseInt(headers.getOrDefault("Content-Length", "0")));
        String[] target = start[1].split("\\?", 2);
        return new Request(start[0], target[0], target.length == 1 ? null : target[1], headers, body, System.nanoTime());
    }

    private static byte[] chunks(InputStream in) throws IOException {
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        for (int size = Integer.parseInt(line(in), 16); size > 0; size = Integer.parseInt(line(in), 16)) {
            body.write(in.readNBytes(size));
            line(in);
        }
        line(in);
        return body.toByteArray();
    }

    private static String line(InputStream in) throws IOException {
        StringBuilder line = new StringBuilder();
        for (int next = in.read(); next != '\n'; next = in.read()) {
            if (next < 0) {
                throw new EOFException();
            }
            if (next != '\r') {
                line.append((char) next);
            }
        }
        return line.toString();
    }

    private static void daemon(Runnable work) {
        Thread thread = new Thread(work, "test-server");
        thread.setDaemon(true);
        thread.start();
    }

    @Override
    public void close() {
        closed.countDown();
        refuseConnections();
    }
}

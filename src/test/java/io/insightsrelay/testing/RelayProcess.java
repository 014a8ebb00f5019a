package io.insightsrelay.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/** The built jar as a process of its own, with routes/ and application.yaml of this tree and a data folder of the test. */
public final class RelayProcess implements AutoCloseable {

    private static final Path ROOT = Path.of("").toAbsolutePath();
    private static final Path JAR = ROOT.resolve("target/insights-relay.jar");

    private static final String JAVA_HOME = System.getProperty("java.home");

    /** With an archive of its classes beside it, made once for all tests as operators may, so that it starts in half of the time. */
    private static final class Cached {
        private static final List<String> ARGUMENTS;

        static {
            try {
                ProcessBuilder builder = new ProcessBuilder("bash", "aot-cache.sh", JAR.getParent().toString()).directory(ROOT.toFile()).redirectErrorStream(true);
                builder.environment().putAll(Map.of("JAVA_HOME", JAVA_HOME, "RELAY_PORT", "" + TestServer.freePort(), "RELAY_MANAGEMENT_PORT", "" + TestServer.freePort(),
                        "JDK_JAVA_OPTIONS", "-Xmx256m -XX:TieredStopAtLevel=1"));
                Process process = builder.start();
                String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
                if (process.waitFor() != 0) {
                    throw new IllegalStateException("aot-cache.sh failed: " + output);
                }
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
            ARGUMENTS = List.of(Runtime.version().feature() >= 25 ? "-XX:AOTCache=" + JAR.resolveSibling("insights-relay.aot")
                    : "-XX:SharedArchiveFile=" + JAR.resolveSibling("insights-relay.jsa"), "-jar", JAR.toString());
        }
    }

    private final HttpClient http = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    private final Map<String, String> environment = new HashMap<>();
    private final Path log;
    private final int port = TestServer.freePort();
    private final int managementPort = TestServer.freePort();
    private List<String> wrapper = List.of();
    private boolean asBuilt;
    private Process process;

    /** Keeps its data, and the log of its runs, in {@code folder}. */
    public RelayProcess(Path folder) {
        this.log = folder.resolve("relay.log");
        with("RELAY_PORT", port).with("RELAY_MANAGEMENT_PORT", managementPort).with("RELAY_DATA_DIR", folder.resolve("data"))
                .with("RELAY_ROUTES_DIR", ROOT.resolve("routes")).with("RELAY_STOPDELAY", "0s");
    }

    /** Another relay with the same environment, but ports, data and log of its own in that folder. */
    public RelayProcess beside(Path folder) {
        RelayProcess other = new RelayProcess(folder);
        environment.forEach(other.environment::putIfAbsent);
        return other;
    }

    /** Takes an environment variable away from the runs that follow. */
    public RelayProcess without(String name) {
        environment.remove(name);
        return this;
    }

    /** Runs it below another command from now on, such as strace with its options. */
    public RelayProcess below(String... wrapper) {
        this.wrapper = List.of(wrapper);
        return this;
    }

    /** Runs it without that archive from now on. */
    public RelayProcess asBuilt() {
        asBuilt = true;
        return this;
    }

    /** Sets an environment variable of the runs that follow. */
    public RelayProcess with(String name, Object value) {
        environment.put(name, value.toString());
        return this;
    }

    /** Starts it and waits until it is ready. */
    public RelayProcess start(String... arguments) {
        launch(arguments);
        long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(180);
        while (!isReady()) {
            if (!process.isAlive() || System.nanoTime() > until) {
                throw new IllegalStateException("the relay did not start:\n" + log());
            }
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(50));
        }
        return this;
    }

    /** Starts it with these arguments and does not wait. */
    public Process launch(String... arguments) {
        process = launchBeside(arguments);
        return process;
    }

    /** Runs a command of the jar with the same environment, beside the relay or without it; its output goes to the same log. */
    public Process launchBeside(String... arguments) {
        List<String> command = new ArrayList<>(wrapper);
        // C1 alone: in the seconds that a relay of a test lives C2 would take two fifths of the CPU
        command.addAll(List.of(Path.of(JAVA_HOME, "bin", "java").toString(), "-Xmx256m", "-XX:TieredStopAtLevel=1"));
        command.addAll(asBuilt ? List.of("-jar", JAR.toString()) : Cached.ARGUMENTS);
        command.addAll(List.of(arguments));
        ProcessBuilder builder = new ProcessBuilder(command).directory(ROOT.toFile()).redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()));
        builder.environment().putAll(environment);
        try {
            return builder.start();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** SIGKILL. */
    public void kill() {
        jvm().destroyForcibly();
        awaitExit();
    }

    /** The JVM's process, which may run below another. */
    public ProcessHandle jvm() {
        return wrapper.isEmpty() ? process.toHandle() : process.descendants().reduce((outer, inner) -> inner).orElse(process.toHandle());
    }

    /** The port that events are posted to. */
    public int port() {
        return port;
    }

    /** Where the process keeps its data. */
    public Path dataDir() {
        return Path.of(environment.get("RELAY_DATA_DIR"));
    }

    /** SIGTERM; gives the exit code. */
    public int stop() {
        jvm().destroy();
        return awaitExit();
    }

    /** Waits for the end of the process; gives the exit code. */
    public int awaitExit() {
        try {
            if (!process.waitFor(60, TimeUnit.SECONDS)) {
                throw new IllegalStateException("the relay does not end:\n" + log());
            }
            return process.exitValue();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    /** Posts JSON to the ingest port. */
    public HttpResponse<String> post(String path, String body, String... headers) {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path))
                .header("Content-Type", "application/json").timeout(Duration.ofSeconds(20)).POST(BodyPublishers.ofString(body));
        if (headers.length > 0) {
            request.headers(headers);
        }
        return send(request.build());
    }

    /** Calls the management port. */
    public HttpResponse<String> manage(String method, String path, String... headers) {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + managementPort + path))
                .timeout(Duration.ofSeconds(20)).method(method, BodyPublishers.noBody());
        if (headers.length > 0) {
            request.headers(headers);
        }
        return send(request.build());
    }

    /** The port of health, metrics and dead letters. */
    public int managementPort() {
        return managementPort;
    }

    /** What it has printed in all its runs. */
    public String log() {
        try {
            return Files.readString(log);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private boolean isReady() {
        try {
            return manage("GET", "/actuator/health/readiness").statusCode() == 200;
        } catch (UncheckedIOException e) {
            return false;
        }
    }

    private HttpResponse<String> send(HttpRequest request) {
        try {
            return http.send(request, BodyHandlers.ofString());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void close() {
        if (process != null && process.isAlive()) {
            kill();
        }
    }
}

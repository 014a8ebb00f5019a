package io.insightsrelay.testing;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
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
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import kafka.tools.StorageTool;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.common.Uuid;
import org.slf4j.LoggerFactory;
import org.springframework.util.FileSystemUtils;

/**
 * Kafka brokers, each a process of its own that is broker and controller (KRaft), from the jars of the test class path. They can be
 * killed, stopped for a while, and started again on what they have stored.
 */
public final class KafkaCluster implements AutoCloseable {

    static {
        // what clients say while brokers start and die would hide what tests say
        Stream.of("org.apache.kafka", "kafka").forEach(name -> ((Logger) LoggerFactory.getLogger(name)).setLevel(Level.OFF));
    }

    private static KafkaCluster shared;

    private final Path folder;
    private final String id = Uuid.randomUuid().toString();
    private final List<Integer> ports;
    private final List<Integer> controllerPorts;
    private final Process[] nodes;
    private final String protocol;
    private final String more;
    private final Map<String, String> client;

    /** Three nodes for all tests of this JVM that leave them as they were; started by the first that asks. */
    public static synchronized KafkaCluster shared() {
        if (shared == null) {
            KafkaCluster cluster = new KafkaCluster(3, "PLAINTEXT", "", Map.of());
            Runtime.getRuntime().addShutdownHook(new Thread(cluster::close));
            shared = cluster;
        }
        shared.awaitAll();
        return shared;
    }

    /**
     * Starts the nodes and waits until they are one cluster.
     *
     * @param protocol of the listeners, such as PLAINTEXT or SASL_SSL
     * @param more     lines of server.properties
     * @param client   what a client of the cluster has to set
     */
    public KafkaCluster(int count, String protocol, String more, Map<String, String> client) {
        try {
            folder = Files.createTempDirectory("kafka-cluster");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        this.protocol = protocol;
        this.more = more;
        this.client = client;
        ports = IntStream.range(0, count).map(node -> TestServer.freePort()).boxed().toList();
        controllerPorts = IntStream.range(0, count).map(node -> TestServer.freePort()).boxed().toList();
        nodes = new Process[count];
        for (int node = 0; node < count; node++) {
            format(node);
            start(node);
        }
        awaitAll();
    }

    private void format(int node) {
        int count = nodes.length;
        int copies = Math.min(3, count);
        String properties = """
                process.roles=broker,controller
                node.id=%1$d
                controller.quorum.voters=%2$s
                listeners=%9$s://127.0.0.1:%3$d,CONTROLLER://127.0.0.1:%4$d
                listener.security.protocol.map=CONTROLLER:PLAINTEXT,%9$s:%9$s
                controller.listener.names=CONTROLLER
                inter.broker.listener.name=%9$s
                log.dirs=%5$s
                offsets.topic.replication.factor=%6$d
                offsets.topic.num.partitions=3
                transaction.state.log.replication.factor=%6$d
                transaction.state.log.min.isr=%7$d
                transaction.state.log.num.partitions=3
                group.initial.rebalance.delay.ms=0
                group.min.session.timeout.ms=1000
                auto.create.topics.enable=false
                broker.session.timeout.ms=4000
                broker.heartbeat.interval.ms=500
                replica.lag.time.max.ms=5000
                num.network.threads=2
                num.io.threads=4
                %8$s
                """.formatted(node, IntStream.range(0, count).mapToObj(i -> i + "@127.0.0.1:" + controllerPorts.get(i)).collect(Collectors.joining(",")),
                ports.get(node), controllerPorts.get(node), folder.resolve("data-" + node), copies, Math.max(1, copies - 1), more, protocol);
        try {
            Files.writeString(properties(node), properties);
            Files.writeString(folder.resolve("logback.xml"), """
                    <configuration><appender name="out" class="ch.qos.logback.core.ConsoleAppender"><encoder><pattern>%d %level %logger{0} %msg%n</pattern></encoder></appender>
                    <root level="WARN"><appender-ref ref="out"/></root></configuration>""");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        ByteArrayOutputStream output = new ByteArrayOutputStream();
        if (StorageTool.execute(new String[] {"format", "--cluster-id", id, "--config", properties(node).toString()}, new PrintStream(output)) != 0) {
            throw new IllegalStateException(output.toString(StandardCharsets.UTF_8));
        }
    }

    private Path properties(int node) {
        return folder.resolve("server-" + node + ".properties");
    }

    /** Starts a node that does not run. */
    public void start(int node) {
        String jars = Stream.of(System.getProperty("java.class.path").split(File.pathSeparator)).filter(path -> path.endsWith(".jar")).collect(Collectors.joining(File.pathSeparator));
        try {
            nodes[node] = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1",
                    "-Dlogback.configurationFile=" + folder.resolve("logback.xml"), "-cp", jars, "kafka.Kafka", properties(node).toString())
                    .redirectErrorStream(true).redirectOutput(ProcessBuilder.Redirect.appendTo(folder.resolve("node-" + node + ".log").toFile())).start();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** SIGKILL. */
    public void kill(int node) {
        try {
            nodes[node].destroyForcibly().waitFor();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    /** SIGSTOP: it keeps its connections and answers nothing. */
    public void freeze(int node) {
        Tools.run("kill", "-STOP", String.valueOf(nodes[node].pid()));
    }

    /** SIGCONT. */
    public void thaw(int node) {
        Tools.run("kill", "-CONT", String.valueOf(nodes[node].pid()));
    }

    /** Starts what does not run and waits until all nodes are there and every partition has all its replicas in sync. */
    public void awaitAll() {
        for (int node = 0; node < nodes.length; node++) {
            if (!nodes[node].isAlive()) {
                start(node);
            }
        }
        long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(120);
        try (Admin admin = admin()) {
            while (!isWhole(admin)) {
                if (System.nanoTime() > until) {
                    throw new IllegalStateException("the brokers are not one cluster: " + logs());
                }
                LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(200));
            }
        }
    }

    private boolean isWhole(Admin admin) {
        try {
            return admin.describeCluster().nodes().get(5, TimeUnit.SECONDS).size() == nodes.length
                    && admin.describeTopics(admin.listTopics().names().get(5, TimeUnit.SECONDS)).allTopicNames().get(5, TimeUnit.SECONDS).values().stream()
                    .flatMap(topic -> topic.partitions().stream()).allMatch(partition -> partition.leader() != null && partition.isr().size() == partition.replicas().size());
        } catch (Exception e) {
            return false;
        }
    }

    /** A client for whoever wants to look into the cluster. */
    public Admin admin() {
        Map<String, Object> settings = new HashMap<>(client);
        settings.put("bootstrap.servers", bootstrapServers());
        settings.put("default.api.timeout.ms", 10_000);
        settings.put("request.timeout.ms", 5_000);
        return Admin.create(settings);
    }

    /** All brokers. */
    public String bootstrapServers() {
        return ports.stream().map(port -> "127.0.0.1:" + port).collect(Collectors.joining(","));
    }

    /** What the nodes have printed. */
    public String logs() {
        List<String> logs = new ArrayList<>();
        for (int node = 0; node < nodes.length; node++) {
            try {
                logs.add(Files.readString(folder.resolve("node-" + node + ".log")));
            } catch (IOException e) {
                logs.add(e.toString());
            }
        }
        return String.join("\n", logs);
    }

    /** The processes. */
    public List<ProcessHandle> processes() {
        return Stream.of(nodes).map(Process::toHandle).toList();
    }

    @Override
    public void close() {
        for (Process node : nodes) {
            if (node != null) {
                node.destroyForcibly();
            }
        }
        for (Process node : nodes) {
            try {
                node.waitFor(Duration.ofSeconds(10).toSeconds(), TimeUnit.SECONDS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
        try {
            FileSystemUtils.deleteRecursively(folder);
        } catch (IOException e) {
            // left to whoever cleans the temporary folder
        }
    }
}

package io.insightsrelay.kafka;

import io.insightsrelay.config.CommandSettings;
import io.insightsrelay.config.RelayProperties;
import io.insightsrelay.spool.SpoolException;
import io.insightsrelay.spool.SpoolProperties;
import io.insightsrelay.spool.SpoolStore;
import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.kafka.common.KafkaException;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.ConfigurableApplicationContext;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/**
 * {@code spool drain --to kafka}: moves what waits in the data folder of a stopped relay to Kafka; see {@link Drain}. Reads the same settings as
 * the relay, whatever {@code relay.engine} is. Exit code 0 once nothing waits in the folder any more, 1 for a failure, after which
 * the same command goes on, 2 for wrong usage.
 */
@Command(name = "spool", description = "Moves what waits in the data folder to another engine.", mixinStandardHelpOptions = true,
        synopsisSubcommandLabel = "COMMAND")
public final class SpoolCommand implements Runnable {

    @EnableConfigurationProperties({RelayProperties.class, SpoolProperties.class, KafkaProperties.class})
    static class Settings {
    }

    /** Where to. */
    enum Target { kafka }

    @Spec
    private CommandSpec spec;

    /** Without a subcommand there is nothing to do but to say so. */
    @Override
    public void run() {
        throw new CommandLine.ParameterException(spec.commandLine(), "Say what to do: drain");
    }

    @Command(name = "drain", description = {"Moves what waits in the data folder of a stopped relay: events, retries and dead letters, with their ids.",
            "May be interrupted: the same command goes on, and repeats nothing that has arrived."}, mixinStandardHelpOptions = true)
    int drain(@Option(names = "--to", required = true, description = "Engine: ${COMPLETION-CANDIDATES}") Target to) {
        try (ConfigurableApplicationContext context = CommandSettings.read(Settings.class)) {
            Path folder = context.getBean(RelayProperties.class).dataDir();
            KafkaProperties kafka = context.getBean(KafkaProperties.class);
            if (kafka.bootstrapServers().isBlank()) {
                return fail("kafka.bootstrapServers (KAFKA_BOOTSTRAP_SERVERS) is empty; it has to name brokers, such as broker-1:9092,broker-2:9092");
            }
            if (Files.notExists(folder.resolve("spool.db"))) {
                return fail("There is no spool in " + folder.toAbsolutePath() + "; RELAY_DATA_DIR says where the relay keeps it");
            }
            if (SpoolStore.isInUse(folder)) {
                return fail("A relay, or another drain, has the data folder " + folder.toAbsolutePath() + "; stop it first");
            }
            try (SpoolStore store = new SpoolStore(folder, context.getBean(SpoolProperties.class)); KafkaEngine engine = new KafkaEngine(kafka)) {
                new Drain(store, engine, this::tell).run().forEach(line -> spec.commandLine().getOut().println(line));
                spec.commandLine().getOut().println("Nothing waits in " + folder.toAbsolutePath() + " any more");
                spec.commandLine().getOut().flush();
            }
            return 0;
        } catch (SpoolException | KafkaException e) {
            return fail(e.getMessage());
        }
    }

    private int fail(String message) {
        tell(message);
        return 1;
    }

    private void tell(String text) {
        spec.commandLine().getErr().println(text);
        spec.commandLine().getErr().flush();
    }
}

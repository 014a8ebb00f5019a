package io.insightsrelay;

import io.insightsrelay.deadletter.DeadLetterCommand;
import io.insightsrelay.kafka.SpoolCommand;
import io.insightsrelay.routes.ValidateCommand;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.SpringBootConfiguration;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Import;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import sun.misc.Signal;

/** The program: starts the relay, which is {@link InsightsRelayAutoConfiguration}, or runs one of its commands. */
@SpringBootConfiguration(proxyBeanMethods = false)
@EnableAutoConfiguration
@Import({GracefulStop.class, ManagementErrors.class, ManagementAccess.class})
@Command(name = "insights-relay", mixinStandardHelpOptions = true, synopsisSubcommandLabel = "[COMMAND]",
        description = "Without a command, starts the relay. Settings: application.yaml, the environment, or --key=value.",
        subcommands = {DeadLetterCommand.class, SpoolCommand.class, ValidateCommand.class})
public class InsightsRelay {

    /** Without arguments, or with nothing but Spring's {@code --key=value}, starts the relay. */
    public static void main(String[] arguments) {
        if (arguments.length > 0 && !arguments[0].contains("=") && !arguments[0].equals("--debug")) {
            System.exit(new CommandLine(new InsightsRelay()).execute(arguments));
        }
        ConfigurableApplicationContext context = SpringApplication.run(InsightsRelay.class, arguments);
        // by itself the JVM answers SIGTERM with exit code 143; a stop that was asked for is no failure
        Signal.handle(new Signal("TERM"), signal -> {
            context.getBean(GracefulStop.class).giveUpAtDeadline();
            System.exit(0);
        });
    }
}

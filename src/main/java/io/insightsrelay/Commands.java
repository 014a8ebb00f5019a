package io.insightsrelay;

import io.insightsrelay.deadletter.DeadLetterCommand;
import io.insightsrelay.kafka.SpoolCommand;
import io.insightsrelay.routes.ValidateCommand;
import picocli.CommandLine.Command;

/** What the program does besides relaying, apart so that a start of the relay loads nothing of it. */
@Command(name = "insights-relay", mixinStandardHelpOptions = true, synopsisSubcommandLabel = "[COMMAND]",
        description = "Without a command, starts the relay. Settings: application.yaml, the environment, or --key=value.",
        subcommands = {DeadLetterCommand.class, SpoolCommand.class, ValidateCommand.class})
final class Commands {
}

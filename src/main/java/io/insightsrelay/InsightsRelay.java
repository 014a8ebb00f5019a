package io.insightsrelay;

import io.insightsrelay.deadletter.DeadLetterCommand;
import io.insightsrelay.kafka.SpoolCommand;
import io.insightsrelay.routes.ValidateCommand;
import org.apache.camel.spring.boot.cloud.CamelCloudAutoConfiguration;
import org.apache.camel.spring.boot.cloud.CamelCloudServiceCallConfigurationAutoConfiguration;
import org.apache.camel.spring.boot.cloud.CamelCloudServiceChooserAutoConfiguration;
import org.apache.camel.spring.boot.cloud.CamelCloudServiceDiscoveryAutoConfiguration;
import org.apache.camel.spring.boot.cloud.CamelCloudServiceFilterAutoConfiguration;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.SpringBootConfiguration;
import org.springframework.boot.actuate.autoconfigure.metrics.cache.CacheMetricsAutoConfiguration;
import org.springframework.boot.actuate.autoconfigure.metrics.task.TaskExecutorMetricsAutoConfiguration;
import org.springframework.boot.actuate.autoconfigure.observation.web.client.HttpClientObservationsAutoConfiguration;
import org.springframework.boot.actuate.autoconfigure.scheduling.ScheduledTasksObservabilityAutoConfiguration;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.autoconfigure.aop.AopAutoConfiguration;
import org.springframework.boot.autoconfigure.cache.CacheAutoConfiguration;
import org.springframework.boot.autoconfigure.dao.PersistenceExceptionTranslationAutoConfiguration;
import org.springframework.boot.autoconfigure.http.client.HttpClientAutoConfiguration;
import org.springframework.boot.autoconfigure.netty.NettyAutoConfiguration;
import org.springframework.boot.autoconfigure.task.TaskSchedulingAutoConfiguration;
import org.springframework.boot.autoconfigure.transaction.TransactionAutoConfiguration;
import org.springframework.boot.autoconfigure.web.client.RestClientAutoConfiguration;
import org.springframework.boot.autoconfigure.web.client.RestTemplateAutoConfiguration;
import org.springframework.boot.autoconfigure.web.servlet.MultipartAutoConfiguration;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Import;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import sun.misc.Signal;

/** The program: starts the relay, which is {@link InsightsRelayAutoConfiguration}, or runs one of its commands. */
@SpringBootConfiguration(proxyBeanMethods = false)
// what neither the relay nor a route has a use for: together a twentieth of the start
@EnableAutoConfiguration(exclude = {AopAutoConfiguration.class, CacheAutoConfiguration.class, CacheMetricsAutoConfiguration.class, CamelCloudAutoConfiguration.class,
        CamelCloudServiceCallConfigurationAutoConfiguration.class, CamelCloudServiceChooserAutoConfiguration.class, CamelCloudServiceDiscoveryAutoConfiguration.class,
        CamelCloudServiceFilterAutoConfiguration.class, HttpClientAutoConfiguration.class, HttpClientObservationsAutoConfiguration.class, MultipartAutoConfiguration.class,
        NettyAutoConfiguration.class, PersistenceExceptionTranslationAutoConfiguration.class, RestClientAutoConfiguration.class, RestTemplateAutoConfiguration.class,
        ScheduledTasksObservabilityAutoConfiguration.class, TaskExecutorMetricsAutoConfiguration.class, TaskSchedulingAutoConfiguration.class, TransactionAutoConfiguration.class})
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

package io.insightsrelay;

import io.insightsrelay.config.SettingsSection;
import org.apache.camel.spring.boot.cloud.CamelCloudAutoConfiguration;
import org.apache.camel.spring.boot.cloud.CamelCloudServiceCallConfigurationAutoConfiguration;
import org.apache.camel.spring.boot.cloud.CamelCloudServiceChooserAutoConfiguration;
import org.apache.camel.spring.boot.cloud.CamelCloudServiceDiscoveryAutoConfiguration;
import org.apache.camel.spring.boot.cloud.CamelCloudServiceFilterAutoConfiguration;
import org.apache.camel.spring.boot.vault.AwsVaultAutoConfiguration;
import org.apache.camel.spring.boot.vault.AzureVaultAutoConfiguration;
import org.apache.camel.spring.boot.vault.CyberArkVaultAutoConfiguration;
import org.apache.camel.spring.boot.vault.GcpVaultAutoConfiguration;
import org.apache.camel.spring.boot.vault.HashicorpVaultAutoConfiguration;
import org.apache.camel.spring.boot.vault.IBMVaultAutoConfiguration;
import org.apache.camel.spring.boot.vault.KubernetesConfigMapVaultAutoConfiguration;
import org.apache.camel.spring.boot.vault.KubernetesVaultAutoConfiguration;
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
import org.springframework.boot.autoconfigure.jdbc.DataSourceTransactionManagerAutoConfiguration;
import org.springframework.boot.autoconfigure.netty.NettyAutoConfiguration;
import org.springframework.boot.autoconfigure.sql.init.SqlInitializationAutoConfiguration;
import org.springframework.boot.autoconfigure.task.TaskExecutionAutoConfiguration;
import org.springframework.boot.autoconfigure.task.TaskSchedulingAutoConfiguration;
import org.springframework.boot.autoconfigure.transaction.TransactionAutoConfiguration;
import org.springframework.boot.autoconfigure.transaction.TransactionManagerCustomizationAutoConfiguration;
import org.springframework.boot.autoconfigure.validation.ValidationAutoConfiguration;
import org.springframework.boot.autoconfigure.web.client.RestClientAutoConfiguration;
import org.springframework.boot.autoconfigure.web.client.RestTemplateAutoConfiguration;
import org.springframework.boot.autoconfigure.web.servlet.MultipartAutoConfiguration;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Import;
import org.springframework.validation.Validator;
import org.springframework.web.servlet.config.annotation.WebMvcConfigurer;
import picocli.CommandLine;
import sun.misc.Signal;

/** The program: starts the relay, which is {@link InsightsRelayAutoConfiguration}, or runs one of its commands. */
@SpringBootConfiguration(proxyBeanMethods = false)
// what neither the relay nor a route has a use for: a start would read and bind it all the same
@EnableAutoConfiguration(exclude = {AopAutoConfiguration.class, AwsVaultAutoConfiguration.class, AzureVaultAutoConfiguration.class, CacheAutoConfiguration.class,
        CacheMetricsAutoConfiguration.class, CamelCloudAutoConfiguration.class, CamelCloudServiceCallConfigurationAutoConfiguration.class,
        CamelCloudServiceChooserAutoConfiguration.class, CamelCloudServiceDiscoveryAutoConfiguration.class, CamelCloudServiceFilterAutoConfiguration.class,
        CyberArkVaultAutoConfiguration.class, DataSourceTransactionManagerAutoConfiguration.class, GcpVaultAutoConfiguration.class,
        HashicorpVaultAutoConfiguration.class, HttpClientAutoConfiguration.class, HttpClientObservationsAutoConfiguration.class, IBMVaultAutoConfiguration.class,
        KubernetesConfigMapVaultAutoConfiguration.class, KubernetesVaultAutoConfiguration.class, MultipartAutoConfiguration.class, NettyAutoConfiguration.class,
        PersistenceExceptionTranslationAutoConfiguration.class, RestClientAutoConfiguration.class,
        RestTemplateAutoConfiguration.class, ScheduledTasksObservabilityAutoConfiguration.class, SqlInitializationAutoConfiguration.class,
        TaskExecutionAutoConfiguration.class, TaskExecutorMetricsAutoConfiguration.class, TaskSchedulingAutoConfiguration.class, TransactionAutoConfiguration.class,
        TransactionManagerCustomizationAutoConfiguration.class, ValidationAutoConfiguration.class})
@Import({GracefulStop.class, ManagementErrors.class, ManagementAccess.class})
public class InsightsRelay {

    /** Has Spring MVC take the validator of the settings, and not make one of its own. */
    @Bean
    static WebMvcConfigurer oneValidator() {
        return new WebMvcConfigurer() {
            @Override
            public Validator getValidator() {
                return SettingsSection.CONSTRAINTS;
            }
        };
    }

    /** Without arguments, or with nothing but Spring's {@code --key=value}, starts the relay. */
    public static void main(String[] arguments) {
        if (arguments.length > 0 && !arguments[0].contains("=") && !arguments[0].equals("--debug")) {
            System.exit(new CommandLine(new Commands()).execute(arguments));
        }
        ConfigurableApplicationContext context = SpringApplication.run(InsightsRelay.class, arguments);
        // by itself the JVM answers SIGTERM with exit code 143; a stop that was asked for is no failure
        Signal.handle(new Signal("TERM"), signal -> {
            context.getBean(GracefulStop.class).giveUpAtDeadline();
            System.exit(0);
        });
    }
}

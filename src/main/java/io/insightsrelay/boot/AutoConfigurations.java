package io.insightsrelay.boot;

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

/**
 * What Spring Boot and Camel configure by themselves, but for what neither the relay nor a route has a use for: a start would read and bind it all the same.
 * Stands in a package of its own because Spring Boot searches the package that this annotation is found in, and all below, for Jackson's mix-ins:
 * beside the main class that would be every class of the relay, at every start.
 */
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
public class AutoConfigurations {
}

package io.insightsrelay.kafka;

import io.insightsrelay.config.ReplaceableBean;
import io.insightsrelay.deadletter.DeadLetterStore;
import io.insightsrelay.spool.Batch;
import io.insightsrelay.spool.SpoolLog;
import io.insightsrelay.spool.SpoolProperties;
import io.insightsrelay.spool.Transaction;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.AbstractExecutorService;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.TimeUnit;
import org.apache.camel.CamelContext;
import org.apache.camel.Exchange;
import org.apache.camel.Processor;
import org.apache.camel.component.kafka.KafkaClientFactory;
import org.apache.camel.model.Model;
import org.apache.camel.model.RouteDefinition;
import org.apache.camel.spi.Synchronization;
import org.apache.camel.spring.boot.CamelContextConfiguration;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.env.Environment;
import org.springframework.core.env.Profiles;

/** What routes/engine/kafka refers to by name. Nothing of it, nor of Kafka, is there with another engine. */
@Configuration(proxyBeanMethods = false)
@ConditionalOnProperty(name = "relay.engine", havingValue = "kafka")
@EnableConfigurationProperties(KafkaProperties.class)
public class KafkaEngineConfiguration {

    private static final String SCHEME = "kafka:";

    @Bean(name = "insightsRelayKafkaEngine", destroyMethod = "close")
    KafkaEngine kafkaEngine(KafkaProperties properties) {
        if (properties.bootstrapServers().isBlank()) {
            throw new IllegalArgumentException("kafka.bootstrapServers (KAFKA_BOOTSTRAP_SERVERS) is empty, but relay.engine (RELAY_ENGINE) is kafka; "
                    + "it has to name brokers, such as broker-1:9092,broker-2:9092");
        }
        if (properties.topics().minInsyncReplicas() > properties.topics().replicationFactor()) {
            throw new IllegalArgumentException("kafka.topics.minInsyncReplicas is " + properties.topics().minInsyncReplicas()
                    + ", which is more than kafka.topics.replicationFactor, " + properties.topics().replicationFactor() + ": no event would be accepted");
        }
        return new KafkaEngine(properties);
    }

    @Bean(name = "insightsRelayDeadLetterStore", destroyMethod = "")
    DeadLetterStore deadLetterStore(KafkaEngine engine) {
        return engine.deadLetters();
    }

    /** The clients below the kafka: endpoints of this engine. */
    @ReplaceableBean(autowireCandidate = false)
    KafkaClientFactory relayKafka(KafkaEngine engine, SpoolProperties spool) {
        return new KafkaClients(engine, spool);
    }

    /** Topics that do not fit are told before any route starts. */
    @Bean("insightsRelayKafkaTopics")
    CamelContextConfiguration checkTopicsBeforeRoutesStart(KafkaEngine engine, Environment environment) {
        return new CamelContextConfiguration() {
            @Override
            public void beforeApplicationStart(CamelContext context) {
                if (environment.acceptsProfiles(Profiles.of("insights-relay-validate"))) {
                    return;
                }
                Set<String> topics = new TreeSet<>(List.of(engine.topics().events(), engine.topics().deadLetters()));
                for (RouteDefinition route : context.getCamelContextExtension().getContextPlugin(Model.class).getRouteDefinitions()) {
                    String uri = context.resolvePropertyPlaceholders(route.getInput().getEndpointUri());
                    if (uri.startsWith(SCHEME + engine.properties().prefix() + SpoolLog.retriesOf(""))) {
                        topics.add(uri.substring(SCHEME.length()).replaceFirst("\\?.*", ""));
                    }
                }
                engine.topics().ensure(topics);
            }

            @Override
            public void afterApplicationStart(CamelContext context) {
                // nothing is left to do
            }
        };
    }

    /** Prepares the exchange that is handed on with the batch that was polled. */
    @ReplaceableBean
    Processor takeBatch() {
        return exchange -> {
            BatchConsumer consumer = BatchConsumer.current();
            KafkaBatch batch = consumer.take(exchange.getContext().getRoute(exchange.getFromRouteId()));
            exchange.getMessage().setBody(batch.envelopes());
            exchange.getMessage().removeHeaders("*");
            exchange.setProperty(Batch.PROPERTY, batch);
            exchange.getExchangeExtension().addOnCompletion(new Synchronization() {
                @Override
                public void onComplete(Exchange done) {
                    consumer.ended(batch, null);
                }

                @Override
                public void onFailure(Exchange failed) {
                    consumer.ended(batch, failed.getException() == null ? new IllegalStateException("it was broken off") : failed.getException());
                }
            });
        };
    }

    /** Where batches are worked on: in the threads of the consumer that the calling thread polls. */
    @ReplaceableBean(autowireCandidate = false, destroyMethod = "")
    ExecutorService batchThreads() {
        return new AbstractExecutorService() {
            @Override
            public void execute(Runnable work) {
                BatchConsumer.current().workers().execute(work);
            }

            @Override
            public void shutdown() {
                // each consumer ends its own
            }

            @Override
            public List<Runnable> shutdownNow() {
                return List.of();
            }

            @Override
            public boolean isShutdown() {
                return false;
            }

            @Override
            public boolean isTerminated() {
                return false;
            }

            @Override
            public boolean awaitTermination(long timeout, TimeUnit unit) {
                return true;
            }
        };
    }

    /** Adds the envelopes in the body to the retries of their destination, in the transaction that settles them. */
    @ReplaceableBean
    Processor addToRetries(KafkaEngine engine) {
        return exchange -> {
            KafkaTransaction transaction = exchange.getProperty(Transaction.PROPERTY, KafkaTransaction.class);
            if (transaction == null) {
                throw new IllegalStateException("this step is for what a delivery: sets aside");
            }
            String topic = engine.topics().retriesOf(exchange.getProperty("destination", String.class));
            for (Object envelope : exchange.getMessage().getBody(Collection.class)) {
                transaction.add(new ProducerRecord<>(topic, StoringProducer.key((byte[]) envelope), (byte[]) envelope));
            }
        };
    }
}

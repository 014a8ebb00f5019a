package io.insightsrelay.spool;

import io.insightsrelay.config.RelayProperties;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.ToLongFunction;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties({SpoolProperties.class, DedupeProperties.class})
public class SpoolConfiguration {

    @Bean(name = "insightsRelaySpoolStore", destroyMethod = "close")
    @ConditionalOnProperty(name = "relay.engine", havingValue = "embedded")
    SpoolStore spoolStore(RelayProperties relay, SpoolProperties properties, DedupeProperties dedupe) {
        return new SpoolStore(relay.dataDir(), properties, dedupe);
    }

    @Bean("insightsRelaySpoolRetentionMetrics")
    @ConditionalOnProperty(name = "relay.engine", havingValue = "embedded")
    MeterBinder spoolRetentionMetrics(SpoolStore store) {
        return registry -> FunctionCounter.builder("relay.spool.deleted.early", store, SpoolStore::deletedEarly)
                .description("Events that every destination had finished with, deleted for want of room before spool.keep was over").register(registry);
    }

    @Bean("insightsRelaySpoolMetrics")
    MeterBinder spoolMetrics(Spool spool) {
        return registry -> {
            Gauge.builder("relay.spool.size", spool, Spool::size).baseUnit("bytes")
                    .description("What the spool takes where it is kept").register(registry);
            spool.eachConsumer(new LedgerMetrics(spool, registry)::register);
        };
    }

    /** The ledger of each consumer as metrics; they go on counting over restarts. */
    private static final class LedgerMetrics {

        private static final Logger LOG = LoggerFactory.getLogger(LedgerMetrics.class);
        private static final long FRESH_NANOS = TimeUnit.MILLISECONDS.toNanos(500);
        private static final Ledger NOTHING = new Ledger(0, 0, 0, 0, 0, 0, 0, 0, 0, 0);

        private final Spool spool;
        private final MeterRegistry registry;
        private final Set<String> registered = ConcurrentHashMap.newKeySet();
        private Map<String, Ledger> ledgers = Map.of();
        private long readAt = System.nanoTime() - 2 * FRESH_NANOS;

        LedgerMetrics(Spool spool, MeterRegistry registry) {
            this.spool = spool;
            this.registry = registry;
        }

        void register(String consumer) {
            if (!registered.add(consumer)) {
                return;
            }
            counter("relay.events.received", "Events accepted for this destination", consumer, Ledger::received);
            counter("relay.events.delivered", "Events that got through", consumer, Ledger::delivered);
            counter("relay.events.set.aside", "How often an event was set aside to be retried by itself", consumer, Ledger::setAside);
            counter("relay.events.dead", "How often an event became a dead letter", consumer, Ledger::dead);
            counter("relay.events.lost", "Events that a damaged file took with it", consumer, Ledger::lost);
            counter("relay.dead.letters.replayed", "How often a dead letter was replayed", consumer, Ledger::replayed);
            counter("relay.dead.letters.deleted", "Dead letters that somebody deleted", consumer, Ledger::deleted);
            counter("relay.dead.letters.expired", "Dead letters deleted because of their age", consumer, Ledger::expired);
            gauge("relay.dead.letters", "Dead letters kept now", consumer, Ledger::deadLetters);
            gauge("relay.spool.waiting", "Events that have no outcome yet", consumer, Ledger::waiting);
        }

        private void counter(String name, String description, String consumer, ToLongFunction<Ledger> count) {
            FunctionCounter.builder(name, this, metrics -> count.applyAsLong(metrics.of(consumer)))
                    .tag("destination", consumer).description(description).register(registry);
        }

        private void gauge(String name, String description, String consumer, ToLongFunction<Ledger> count) {
            Gauge.builder(name, () -> count.applyAsLong(of(consumer)))
                    .tag("destination", consumer).description(description).register(registry);
        }

        /** All metrics of one scrape come from one reading, so that they add up. */
        private synchronized Ledger of(String consumer) {
            if (System.nanoTime() - readAt > FRESH_NANOS) {
                try {
                    ledgers = spool.ledgers();
                } catch (SpoolException e) {
                    LOG.debug("The counts stay as they were: {}", e.getMessage());
                }
                readAt = System.nanoTime();
            }
            return ledgers.getOrDefault(consumer, NOTHING);
        }
    }
}

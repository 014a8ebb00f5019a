package io.insightsrelay.deadletter;

import io.insightsrelay.config.LiveSettings;
import io.insightsrelay.config.ReplaceableBean;
import io.insightsrelay.spool.SpoolException;
import io.insightsrelay.spool.SpoolStore;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.CompletionException;
import java.util.function.Supplier;
import org.apache.camel.Processor;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.DisposableBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;
import org.springframework.context.annotation.Lazy;
import org.springframework.scheduling.concurrent.ThreadPoolTaskScheduler;

@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties(DeadLetterProperties.class)
@Import(DeadLetterController.class)
public class DeadLetterConfiguration {

    @Bean("insightsRelayDeadLetterStore")
    @ConditionalOnProperty(name = "relay.engine", havingValue = "embedded")
    DeadLetterStore deadLetterStore(SpoolStore store) {
        return new EmbeddedDeadLetters(store);
    }

    @Bean("insightsRelayDeadLetterUpkeep")
    @Lazy(false)
    Upkeep deadLetterUpkeep(DeadLetterStore store, LiveSettings settings) {
        return new Upkeep(store, settings.section(DeadLetterProperties.class));
    }

    @ReplaceableBean
    Processor keepDeadLetter(DeadLetterStore store) {
        return new KeepDeadLetter(store);
    }

    /** Replays a second's worth at a time, so that a large replay does not crowd out new events, and deletes what is too old. */
    static final class Upkeep implements DisposableBean {

        private static final Logger LOG = LoggerFactory.getLogger(Upkeep.class);

        private final DeadLetterStore store;
        private final Supplier<DeadLetterProperties> properties;
        // not the application's, which others may need while this one waits for the disk
        private final ThreadPoolTaskScheduler scheduler = new ThreadPoolTaskScheduler();

        Upkeep(DeadLetterStore store, Supplier<DeadLetterProperties> properties) {
            this.store = store;
            this.properties = properties;
            scheduler.setThreadNamePrefix("dead-letters-");
            scheduler.setDaemon(true);
            scheduler.initialize();
            // with a delay, not at a rate: what a stall made late must not be made up for at once
            scheduler.scheduleWithFixedDelay(this::replay, Duration.ofSeconds(1));
            scheduler.scheduleWithFixedDelay(this::expire, Duration.ofMinutes(1));
        }

        @Override
        public void destroy() {
            scheduler.shutdown();
        }

        private void replay() {
            attempt("replayed", () -> store.replayRequested(properties.get().replayRate()));
        }

        private void expire() {
            attempt("deleted", () -> {
                int expired = store.expire(Instant.now().minus(properties.get().maxAge()));
                if (expired > 0) {
                    LOG.warn("{} dead letters are older than deadLetters.maxAge and were deleted", expired);
                }
            });
        }

        private static void attempt(String what, Runnable work) {
            try {
                work.run();
            } catch (SpoolException | CompletionException e) {
                LOG.warn("Dead letters cannot be {} now: {}", what, e.getMessage());
            }
        }
    }
}

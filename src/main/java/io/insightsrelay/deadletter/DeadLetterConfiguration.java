package io.insightsrelay.deadletter;

import io.insightsrelay.spool.SpoolException;
import io.insightsrelay.spool.SpoolStore;
import io.insightsrelay.spool.SpoolTransaction;
import java.time.Instant;
import java.util.concurrent.CompletionException;
import org.apache.camel.AsyncCallback;
import org.apache.camel.Exchange;
import org.apache.camel.Processor;
import org.apache.camel.support.AsyncProcessorSupport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.scheduling.annotation.EnableScheduling;
import org.springframework.scheduling.annotation.Scheduled;

@Configuration(proxyBeanMethods = false)
@EnableScheduling
@EnableConfigurationProperties(DeadLetterProperties.class)
class DeadLetterConfiguration {

    @Bean
    DeadLetterStore deadLetterStore(SpoolStore store) {
        return new DeadLetterStore(store);
    }

    @Bean
    Upkeep deadLetterUpkeep(DeadLetterStore store, DeadLetterProperties properties) {
        return new Upkeep(store, properties);
    }

    /** Keeps the dead letter that is the message's body. */
    @Bean
    Processor keepDeadLetter(DeadLetterStore store) {
        return new AsyncProcessorSupport() {
            @Override
            public boolean process(Exchange exchange, AsyncCallback callback) {
                DeadLetter letter = exchange.getMessage().getBody(DeadLetter.class);
                if (SpoolTransaction.join(exchange, DeadLetterStore.keeping(letter))) {
                    callback.done(true);
                    return true;
                }
                store.keep(letter).whenComplete((nothing, failure) -> {
                    if (failure != null) {
                        exchange.setException(failure);
                    }
                    callback.done(false);
                });
                return false;
            }
        };
    }

    /** Replays a second's worth at a time, so that a large replay does not crowd out new events, and deletes what is too old. */
    static final class Upkeep {

        private static final Logger LOG = LoggerFactory.getLogger(Upkeep.class);

        private final DeadLetterStore store;
        private final DeadLetterProperties properties;

        Upkeep(DeadLetterStore store, DeadLetterProperties properties) {
            this.store = store;
            this.properties = properties;
        }

        /** With a delay, not at a rate: what a stall made late must not be made up for at once. */
        @Scheduled(fixedDelay = 1_000)
        void replay() {
            attempt("replayed", () -> store.replayRequested(properties.replayRate()).join());
        }

        @Scheduled(fixedDelay = 60_000)
        void expire() {
            attempt("deleted", () -> {
                int expired = store.expire(Instant.now().minus(properties.maxAge()));
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

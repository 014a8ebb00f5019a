package io.insightsrelay.deadletter;

import io.insightsrelay.spool.SpoolException;
import io.insightsrelay.spool.SpoolStore;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.binder.MeterBinder;
import java.util.concurrent.CompletionException;
import org.apache.camel.AsyncCallback;
import org.apache.camel.Exchange;
import org.apache.camel.Processor;
import org.apache.camel.support.AsyncProcessorSupport;
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
    MeterBinder deadLetterMetrics(DeadLetterStore store) {
        return registry -> Gauge.builder("relay.dead.letters", () -> store.count(new DeadLetterStore.Selection(null, null)))
                .description("Dead letters kept now").register(registry);
    }

    @Bean
    Replayer replayer(DeadLetterStore store, DeadLetterProperties properties) {
        return new Replayer(store, properties.replayRate());
    }

    /** Keeps the dead letter that is the message's body. */
    @Bean
    Processor keepDeadLetter(DeadLetterStore store) {
        return new AsyncProcessorSupport() {
            @Override
            public boolean process(Exchange exchange, AsyncCallback callback) {
                store.keep(exchange.getMessage().getBody(DeadLetter.class)).whenComplete((nothing, failure) -> {
                    if (failure != null) {
                        exchange.setException(failure);
                    }
                    callback.done(false);
                });
                return false;
            }
        };
    }

    /** Moves what is to be replayed a second's worth at a time, so that a large replay does not crowd out new events. */
    static final class Replayer {

        private final DeadLetterStore store;
        private final int rate;

        Replayer(DeadLetterStore store, int rate) {
            this.store = store;
            this.rate = rate;
        }

        @Scheduled(fixedRate = 1_000)
        void replay() {
            try {
                store.replayRequested(rate).join();
            } catch (SpoolException | CompletionException e) {
                LoggerFactory.getLogger(Replayer.class).warn("Dead letters cannot be replayed now: {}", e.getMessage());
            }
        }
    }
}

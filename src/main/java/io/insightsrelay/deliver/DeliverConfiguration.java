package io.insightsrelay.deliver;

import io.insightsrelay.config.LiveSettings;
import io.insightsrelay.config.ReplaceableBean;
import io.insightsrelay.event.Event;
import io.insightsrelay.event.Outcome;
import io.insightsrelay.spool.Batch;
import java.util.EnumSet;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.function.Supplier;
import org.apache.camel.AggregationStrategy;
import org.apache.camel.CamelContext;
import org.apache.camel.ExchangePropertyKey;
import org.apache.camel.Message;
import org.apache.camel.Processor;
import org.apache.camel.spi.DataFormat;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.lang.Nullable;

/** The beans that the delivery routes refer to by name. */
@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties(DeliverProperties.class)
public class DeliverConfiguration {

    @Bean("insightsRelayDestinations")
    Destinations destinations() {
        return new Destinations();
    }

    /** Splits a batch: an event that fails gets its outcome, the others go on. */
    @ReplaceableBean
    AggregationStrategy keepOutcomes() {
        return new KeepOutcomes();
    }

    /** Threads that send events which go out one a request. For no other use: an application that the relay is part of has its own. */
    @ReplaceableBean(autowireCandidate = false, destroyMethod = "")
    ExecutorService deliverThreads(CamelContext context, LiveSettings settings) {
        // the context ends them when it stops, after the routes that use them
        ThreadPoolExecutor threads = (ThreadPoolExecutor) context.getExecutorServiceManager()
                .newFixedThreadPool(this, "deliver", settings.current().get(DeliverProperties.class).concurrency());
        settings.derive(now -> now.get(DeliverProperties.class), (before, after) -> {
            // neither of the two may pass the other
            threads.setCorePoolSize(Math.min(threads.getMaximumPoolSize(), after.concurrency()));
            threads.setMaximumPoolSize(after.concurrency());
            threads.setCorePoolSize(after.concurrency());
        });
        return threads;
    }

    /** The retry policy as it is now. */
    @Bean("insightsRelayRetryPolicy")
    RetryPolicy retryPolicy(LiveSettings settings) {
        Supplier<DeliverProperties> current = settings.section(DeliverProperties.class);
        return () -> current.get().retry();
    }

    /** Waits until the batches before this one have all their requests under way, where several overlap. */
    @ReplaceableBean
    Processor awaitTurn() {
        return exchange -> exchange.getProperty(Batch.PROPERTY, Batch.class).awaitTurn();
    }

    /** In a {@code split}: with the last event it is the next batch's turn, so that no connection idles in between. */
    @ReplaceableBean
    Processor passTurn() {
        return exchange -> {
            if (exchange.getProperty(ExchangePropertyKey.SPLIT_COMPLETE, Boolean.FALSE, Boolean.class)) {
                exchange.getProperty(Batch.PROPERTY, Batch.class).nextMayGo(true);
            }
        };
    }

    /** Throws when the answer says that the destination is unwell or refuses the credentials. */
    @ReplaceableBean
    Processor checkDestination() {
        return new AnswerCheck(EnumSet.of(Outcome.Type.RETRY, Outcome.Type.UNAUTHORIZED));
    }

    /** Throws when the answer says that the destination will never take this event. */
    @ReplaceableBean
    Processor checkAcceptance() {
        return new AnswerCheck(EnumSet.complementOf(EnumSet.of(Outcome.Type.DELIVERED)));
    }

    /** The data format that writes an event or a list of events as JSON. */
    @ReplaceableBean
    DataFormat eventJson() {
        return new EventJson();
    }

    /** The data format that compresses at once what is sent at once: fast rather than small. */
    @ReplaceableBean
    DataFormat fastGzip() {
        return new FastGzip();
    }

    /** Event to form-urlencoded body. */
    @ReplaceableBean
    Processor encodeForm() {
        return exchange -> exchange.getMessage().setBody(FormEncoder.encode(exchange.getMessage().getBody(Event.class).outgoing()));
    }

    /** What the browser said of itself when it posted the event, as headers of the request to the destination. */
    @ReplaceableBean
    Processor addBrowserHeaders() {
        return exchange -> {
            Event event = exchange.getProperty(Event.PROPERTY, Event.class);
            Message message = exchange.getMessage();
            setHeader(message, "User-Agent", event.header("user-agent"));
            setHeader(message, "Accept-Language", event.header("accept-language"));
            String referer = event.header("referer");
            setHeader(message, "Referer", referer == null ? event.origin() : referer);
            // lets a receiver recognise what comes twice
            message.setHeader("Idempotency-Key", event.id());
        };
    }

    /** A value that came as JSON may hold a line break, which must not become another header. */
    private static void setHeader(Message message, String name, @Nullable String value) {
        if (value != null && !value.isEmpty()) {
            message.setHeader(name, value.chars().allMatch(c -> c >= ' ' && c < 127) ? value : printable(value));
        }
    }

    private static String printable(String value) {
        StringBuilder plain = new StringBuilder();
        value.chars().filter(c -> c >= ' ' && c < 127).forEach(c -> plain.append((char) c));
        return plain.toString();
    }
}

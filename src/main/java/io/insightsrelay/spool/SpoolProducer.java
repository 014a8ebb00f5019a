package io.insightsrelay.spool;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import org.apache.camel.AsyncCallback;
import org.apache.camel.Exchange;
import org.apache.camel.TypeConverter;
import org.apache.camel.support.DefaultAsyncProducer;

/**
 * Appends, and continues the route when the commit is on disk, or at once where the exchange has a {@link SpoolTransaction}. Holds
 * no thread meanwhile.
 */
final class SpoolProducer extends DefaultAsyncProducer {

    private SpoolLog log;

    SpoolProducer(SpoolEndpoint endpoint) {
        super(endpoint);
    }

    @Override
    protected void doStart() throws Exception {
        super.doStart();
        log = endpoint().store().log(endpoint().getLog());
    }

    @Override
    public boolean process(Exchange exchange, AsyncCallback callback) {
        CompletableFuture<Integer> stored;
        Map<byte[], UUID> ids = ids(exchange);
        try {
            List<byte[]> payloads = payloads(exchange);
            if (payloads.isEmpty()) {
                callback.done(true);
                return true;
            }
            if (SpoolTransaction.join(exchange, (connection, appender) -> {
                appender.append(log, payloads);
                return null;
            })) {
                callback.done(true);
                return true;
            }
            stored = endpoint().store().append(log, payloads, ids, exchange.getProperty(SpoolEndpoint.EXECUTOR, Executor.class));
        } catch (Exception e) {
            exchange.setException(e);
            callback.done(true);
            return true;
        }
        if (stored.isDone() && stored.isCompletedExceptionally()) {
            exchange.setException(stored.handle((repeats, failure) -> failure).join());
            callback.done(true);
            return true;
        }
        stored.whenComplete((repeats, failure) -> {
            if (failure != null) {
                exchange.setException(failure);
            } else if (ids != null) {
                exchange.setProperty(SpoolEndpoint.REPEATS, repeats);
            }
            callback.done(false);
        });
        return false;
    }

    @SuppressWarnings("unchecked")
    private static Map<byte[], UUID> ids(Exchange exchange) {
        return (Map<byte[], UUID>) exchange.getProperty(SpoolEndpoint.IDS);
    }

    private static List<byte[]> payloads(Exchange exchange) throws Exception {
        Object body = exchange.getMessage().getBody();
        if (!(body instanceof Collection<?> events)) {
            return List.of(exchange.getMessage().getMandatoryBody(byte[].class));
        }
        TypeConverter converter = exchange.getContext().getTypeConverter();
        List<byte[]> payloads = new ArrayList<>(events.size());
        for (Object event : events) {
            payloads.add(event instanceof byte[] bytes ? bytes : converter.mandatoryConvertTo(byte[].class, exchange, event));
        }
        return payloads;
    }

    private SpoolEndpoint endpoint() {
        return (SpoolEndpoint) getEndpoint();
    }
}

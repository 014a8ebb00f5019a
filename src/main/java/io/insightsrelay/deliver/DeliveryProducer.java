package io.insightsrelay.deliver;

import io.insightsrelay.event.Event;
import io.insightsrelay.event.Outcome;
import io.insightsrelay.spool.Batch;
import io.insightsrelay.spool.Transaction;
import java.util.List;
import org.apache.camel.Exchange;
import org.apache.camel.ProducerTemplate;
import org.apache.camel.support.DefaultProducer;

/** Connects {@link BatchDelivery} to the routes that attempt, set aside and keep dead letters. */
final class DeliveryProducer extends DefaultProducer {

    /** Name of the exchange property that tells the routes which destination a batch is for. */
    static final String DESTINATION = "destination";

    private final DeliveryEndpoint endpoint;
    private final RetryPolicy retry;
    private final Destination destination;
    private ProducerTemplate template;

    DeliveryProducer(DeliveryEndpoint endpoint, DeliveryComponent component) {
        super(endpoint);
        this.endpoint = endpoint;
        this.retry = component.bean(RetryPolicy.class);
        this.destination = component.bean(Destinations.class).of(endpoint.getDestination());
    }

    @Override
    protected void doStart() throws Exception {
        super.doStart();
        template = endpoint.getCamelContext().createProducerTemplate();
    }

    @Override
    protected void doStop() throws Exception {
        destination.troubleOver(source());
        template.stop();
        super.doStop();
    }

    @Override
    @SuppressWarnings("unchecked")
    public void process(Exchange exchange) {
        Batch batch = exchange.getProperty(Batch.PROPERTY, Batch.class);
        BatchDelivery.Routes routes = new BatchDelivery.Routes() {
            @Override
            public Exception attempt(List<Event> events) {
                return template.send(endpoint.getVia(), request -> {
                    request.setProperty(DESTINATION, destination.name());
                    request.setProperty(Batch.PROPERTY, batch);
                    request.getMessage().setBody(events);
                }).getException();
            }

            @Override
            public void keep(BatchDelivery.Settled settled) {
                Transaction transaction = batch.begin();
                try {
                    if (!settled.setAside().isEmpty()) {
                        send(endpoint.getRetryUri(), List.copyOf(settled.setAside().values()), transaction);
                    }
                    settled.dead().values().forEach(letter -> send(endpoint.getDeadLetterUri(), letter, transaction));
                } catch (IllegalStateException e) {
                    // the batch comes again, without what was delivered
                    batch.settle(settled.delivered(), List.of(), List.of(), batch.begin());
                    throw e;
                }
                batch.settle(settled.delivered(), settled.setAside().keySet(), settled.dead().keySet(), transaction);
            }

            @Override
            public boolean stopping() {
                return batch.stopping();
            }

            @Override
            public void holdNext() {
                batch.nextMayGo(false);
            }

            @Override
            public void awaitEarlier() {
                batch.awaitEarlier();
            }
        };
        new BatchDelivery(routes, destination, retry, source(), endpoint.isRetries())
                .deliver((List<byte[]>) exchange.getMessage().getBody(List.class));
    }

    private String source() {
        return endpoint.isRetries() ? "retries" : "batches";
    }

    /** What the route writes to the spool joins the transaction. If the route fails the events stay where they are. */
    private void send(String uri, Object body, Transaction transaction) {
        Exception failure = template.send(uri, request -> {
            request.setProperty(DESTINATION, destination.name());
            request.setProperty(Transaction.PROPERTY, transaction);
            request.getMessage().setBody(body);
        }).getException();
        if (failure != null) {
            Outcome outcome = FailurePolicy.ofException(failure);
            throw new IllegalStateException(uri + " failed, so the batch stays in the spool: " + outcome.reason(), failure);
        }
    }
}

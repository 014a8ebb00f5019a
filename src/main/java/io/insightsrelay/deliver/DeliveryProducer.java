package io.insightsrelay.deliver;

import io.insightsrelay.deadletter.DeadLetter;
import io.insightsrelay.event.Event;
import io.insightsrelay.event.Outcome;
import io.insightsrelay.spool.SpoolConstants;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.List;
import java.util.function.BooleanSupplier;
import org.apache.camel.Exchange;
import org.apache.camel.ProducerTemplate;
import org.apache.camel.support.DefaultProducer;

/** Connects {@link BatchDelivery} to the routes that attempt, set aside and keep dead letters. */
final class DeliveryProducer extends DefaultProducer {

    /** Name of the exchange property that tells the routes which destination a batch is for. */
    static final String DESTINATION = "destination";

    private final DeliveryEndpoint endpoint;
    private final DeliverProperties properties;
    private final Destination destination;
    private final Counter delivered;
    private final Counter setAside;
    private final Counter dead;
    private ProducerTemplate template;

    DeliveryProducer(DeliveryEndpoint endpoint, DeliveryComponent component) {
        super(endpoint);
        this.endpoint = endpoint;
        this.properties = component.bean(DeliverProperties.class);
        this.destination = component.bean(Destinations.class).of(endpoint.getDestination());
        MeterRegistry metrics = component.bean(MeterRegistry.class);
        delivered = metrics.counter("relay.events.delivered", DESTINATION, endpoint.getDestination());
        setAside = metrics.counter("relay.events.set.aside", DESTINATION, endpoint.getDestination());
        dead = metrics.counter("relay.events.dead", DESTINATION, endpoint.getDestination());
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
        BooleanSupplier stopping = exchange.getProperty(SpoolConstants.STOPPING, BooleanSupplier.class);
        BatchDelivery.Routes routes = new BatchDelivery.Routes() {
            @Override
            public Exception attempt(List<Event> events) {
                return template.send(endpoint.getVia(), request -> {
                    request.setProperty(DESTINATION, destination.name());
                    request.getMessage().setBody(events);
                }).getException();
            }

            @Override
            public void setAside(List<byte[]> envelopes) {
                send(endpoint.getRetryUri(), envelopes);
                setAside.increment(envelopes.size());
            }

            @Override
            public void keep(DeadLetter letter) {
                send(endpoint.getDeadLetterUri(), letter);
                dead.increment();
            }

            @Override
            public void delivered(int events) {
                delivered.increment(events);
            }

            @Override
            public boolean stopping() {
                return stopping == null ? endpoint.getCamelContext().isStopping() : stopping.getAsBoolean();
            }
        };
        new BatchDelivery(routes, destination, properties.retry(), source(), endpoint.isRetries())
                .deliver((List<byte[]>) exchange.getMessage().getBody(List.class));
    }

    private String source() {
        return endpoint.isRetries() ? "retries" : "batches";
    }

    /** The event has an outcome only once it is kept there; if it cannot be kept the batch stays where it is. */
    private void send(String uri, Object body) {
        Exception failure = template.send(uri, request -> {
            request.setProperty(DESTINATION, destination.name());
            request.getMessage().setBody(body);
        }).getException();
        if (failure != null) {
            Outcome outcome = FailurePolicy.ofException(failure);
            throw new IllegalStateException(uri + " failed, so the batch stays in the spool: " + outcome.reason(), failure);
        }
    }
}

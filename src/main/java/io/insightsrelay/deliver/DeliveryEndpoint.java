package io.insightsrelay.deliver;

import org.apache.camel.Category;
import org.apache.camel.Consumer;
import org.apache.camel.Processor;
import org.apache.camel.Producer;
import org.apache.camel.spi.Metadata;
import org.apache.camel.spi.UriEndpoint;
import org.apache.camel.spi.UriParam;
import org.apache.camel.spi.UriPath;
import org.apache.camel.support.DefaultEndpoint;

/**
 * Takes a batch of envelopes that a spool handed out, sends its events through another endpoint, again and again, and
 * completes when each of them is delivered, set aside for a retry of its own, or dead-lettered. The failure policy is the
 * same for every destination and set in deliver.retry.
 */
@UriEndpoint(firstVersion = "0.1.0", scheme = "delivery", title = "Delivery", syntax = "delivery:destination",
        producerOnly = true, category = {Category.CORE})
public final class DeliveryEndpoint extends DefaultEndpoint {

    @UriPath(description = "Name of the destination, as health, metrics and dead letters show it")
    @Metadata(required = true)
    private final String destination;
    @UriParam(description = "Endpoint that makes one attempt with the events that it is given, such as direct:send-batch-to-spotify. "
            + "What it throws is what became of all events that have no outcome of their own")
    @Metadata(required = true)
    private String via;
    @UriParam(description = "Endpoint that sets events aside, to be tried again later by themselves")
    @Metadata(required = true)
    private String retryUri;
    @UriParam(description = "Endpoint that keeps dead letters")
    @Metadata(required = true)
    private String deadLetterUri;
    @UriParam(defaultValue = "false", description = "Whether these are events that were set aside earlier")
    private boolean retries;

    DeliveryEndpoint(String uri, DeliveryComponent component, String destination) {
        super(uri, component);
        this.destination = destination;
    }

    /** Refuses an endpoint that lacks an option. */
    void check() {
        if (via == null || retryUri == null || deadLetterUri == null) {
            throw new IllegalArgumentException(getEndpointUri() + " needs the options via, retryUri and deadLetterUri");
        }
    }

    @Override
    public Producer createProducer() {
        return new DeliveryProducer(this, (DeliveryComponent) getComponent());
    }

    @Override
    public Consumer createConsumer(Processor processor) {
        throw new UnsupportedOperationException("delivery: is for to:, not for from:");
    }

    /** Name of the destination. */
    public String getDestination() {
        return destination;
    }

    /** Endpoint that makes one attempt. */
    public String getVia() {
        return via;
    }

    /** Endpoint that makes one attempt with the events that it is given. */
    public void setVia(String via) {
        this.via = via;
    }

    /** Endpoint that sets events aside. */
    public String getRetryUri() {
        return retryUri;
    }

    /** Endpoint that sets events aside, to be tried again later by themselves. */
    public void setRetryUri(String retryUri) {
        this.retryUri = retryUri;
    }

    /** Endpoint that keeps dead letters. */
    public String getDeadLetterUri() {
        return deadLetterUri;
    }

    /** Endpoint that keeps dead letters. */
    public void setDeadLetterUri(String deadLetterUri) {
        this.deadLetterUri = deadLetterUri;
    }

    /** Whether these are events that were set aside earlier. */
    public boolean isRetries() {
        return retries;
    }

    /** Whether these are events that were set aside earlier. */
    public void setRetries(boolean retries) {
        this.retries = retries;
    }
}

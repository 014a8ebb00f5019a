package io.insightsrelay.deliver;

import io.insightsrelay.event.Outcome;
import java.util.Set;
import org.apache.camel.Exchange;
import org.apache.camel.Processor;

/**
 * Throws a {@link DeliveryException} where the HTTP answer in the message is one of the given types of failure. Two of them
 * stand in a route: inside the circuit breaker what says that the destination is unwell, behind it what says that the
 * event is.
 */
final class AnswerCheck implements Processor {

    private final Set<Outcome.Type> thrown;

    AnswerCheck(Set<Outcome.Type> thrown) {
        this.thrown = thrown;
    }

    @Override
    public void process(Exchange exchange) {
        Outcome outcome = FailurePolicy.ofAnswer(exchange.getMessage().getHeader(Exchange.HTTP_RESPONSE_CODE, Integer.class),
                exchange.getMessage().getHeader("Retry-After", String.class));
        if (thrown.contains(outcome.type())) {
            throw new DeliveryException(outcome);
        }
    }
}

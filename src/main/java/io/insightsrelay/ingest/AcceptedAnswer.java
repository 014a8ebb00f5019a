package io.insightsrelay.ingest;

import com.fasterxml.jackson.core.io.JsonStringEncoder;
import io.insightsrelay.spool.SpoolEndpoint;
import io.micrometer.core.instrument.Counter;
import java.util.List;
import org.apache.camel.Exchange;
import org.apache.camel.Processor;

/**
 * Answers 202 with {@code {"accepted": n}}; with {@code repeated} where some of them had been accepted before, and {@code refused}
 * where {@code ingest.keepGoodEvents} left some out.
 */
final class AcceptedAnswer implements Processor {

    private final Counter accepted;
    private final Counter repeated;

    /**
     * @param accepted events that were stored
     * @param repeated events that were not, since they had been
     */
    AcceptedAnswer(Counter accepted, Counter repeated) {
        this.accepted = accepted;
        this.repeated = repeated;
    }

    @Override
    public void process(Exchange exchange) {
        int count = exchange.getProperty("accepted", Integer.class);
        int repeats = exchange.getProperty(SpoolEndpoint.REPEATS, 0, Integer.class);
        accepted.increment(count - repeats);
        exchange.getMessage().removeHeaders("*");
        exchange.getMessage().setHeader(Exchange.HTTP_RESPONSE_CODE, 202);
        exchange.getMessage().setHeader(Exchange.CONTENT_TYPE, "application/json");
        StringBuilder answer = new StringBuilder("{\"accepted\":").append(count);
        if (repeats > 0) {
            repeated.increment(repeats);
            answer.append(",\"repeated\":").append(repeats);
        }
        if (exchange.getProperty("refused") instanceof List<?> refused) {
            String separator = ",\"refused\":[";
            for (Object element : refused) {
                EventReader.Refused event = (EventReader.Refused) element;
                answer.append(separator).append("{\"index\":").append(event.index()).append(",\"message\":\"")
                        .append(JsonStringEncoder.getInstance().quoteAsString(event.message())).append("\"}");
                separator = ",";
            }
            answer.append(']');
        }
        exchange.getMessage().setBody(answer.append('}').toString());
    }
}

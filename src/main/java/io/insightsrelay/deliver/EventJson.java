package io.insightsrelay.deliver;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.insightsrelay.event.Event;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.List;
import org.apache.camel.Exchange;
import org.apache.camel.spi.DataFormat;
import org.apache.camel.support.service.ServiceSupport;

/**
 * The data format that writes an event, or a list of events as an array, as destinations of one's own get them; anything
 * else as Jackson does. The bytes of events go out as they came, without a tree in between. Thread-safe.
 */
final class EventJson extends ServiceSupport implements DataFormat {

    private final ObjectMapper mapper = Event.mapper();

    @Override
    public void marshal(Exchange exchange, Object graph, OutputStream stream) throws Exception {
        if (graph instanceof Event event) {
            Event.write(List.of(event), stream);
        } else if (graph instanceof List<?> list && list.stream().allMatch(Event.class::isInstance)) {
            stream.write('[');
            Event.write(list.stream().map(Event.class::cast).toList(), stream);
            stream.write(']');
        } else {
            mapper.writeValue(stream, graph);
        }
    }

    @Override
    public Object unmarshal(Exchange exchange, InputStream stream) throws Exception {
        return mapper.readTree(stream);
    }
}

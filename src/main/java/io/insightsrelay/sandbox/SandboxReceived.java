package io.insightsrelay.sandbox;

import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.camel.Exchange;
import org.apache.camel.Processor;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;

/** Takes requests in place of Spotify and shows the latest of them, the newest first. Thread-safe. */
@RestController
class SandboxReceived implements Processor {

    private static final int MOST_REMEMBERED = 100;

    private final Deque<Map<String, Object>> requests = new ArrayDeque<>();

    @Override
    public void process(Exchange exchange) {
        Map<String, Object> request = new LinkedHashMap<>();
        request.put("at", Instant.now().toString());
        request.put("path", exchange.getMessage().getHeader(Exchange.HTTP_PATH));
        request.put("userAgent", exchange.getMessage().getHeader("User-Agent"));
        request.put("referer", exchange.getMessage().getHeader("Referer"));
        request.put("event", exchange.getMessage().getBody() instanceof Map<?, ?> form ? form : exchange.getMessage().getBody(String.class));
        synchronized (requests) {
            requests.addFirst(request);
            if (requests.size() > MOST_REMEMBERED) {
                requests.removeLast();
            }
        }
        SandboxConfiguration.reply(exchange, "{}");
    }

    @GetMapping("/management/sandbox/received")
    List<Map<String, Object>> received() {
        synchronized (requests) {
            return List.copyOf(requests);
        }
    }
}

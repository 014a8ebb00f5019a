package io.insightsrelay.ingest;

import com.fasterxml.jackson.core.io.JsonStringEncoder;
import com.fasterxml.uuid.Generators;
import com.fasterxml.uuid.NoArgGenerator;
import io.insightsrelay.auth.AgentIdentity;
import io.insightsrelay.auth.Caller;
import io.insightsrelay.event.Event;
import io.insightsrelay.spool.SpoolEndpoint;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.UUID;
import java.util.regex.Pattern;
import java.util.zip.GZIPInputStream;
import org.apache.camel.Exchange;
import org.apache.camel.Message;
import org.apache.camel.Processor;
import org.springframework.lang.Nullable;

/**
 * Makes envelopes of a request: the body becomes a {@code List<byte[]>}, one {@link Event} envelope an event, with the
 * user and the allow-listed headers. Nothing else of the request goes on: other headers are removed. Ids that the sender gave are left
 * in the exchange property {@link SpoolEndpoint#IDS}. Thread-safe.
 */
final class RequestReader implements Processor {

    /** Which endpoint the request came to. */
    enum Interface { APP, AGENT, EVENTS }

    private static final Pattern OTHER_CHARSET = Pattern.compile(";\\s*charset\\s*=(?!\\s*\"?utf-?8\"?\\s*(?:;|$))", Pattern.CASE_INSENSITIVE);
    private static final NoArgGenerator IDS = Generators.timeBasedEpochGenerator();

    private final Interface endpoint;
    private final IngestProperties properties;
    private final EventReader reader;
    private final AgentIdentity agentIdentity;
    private final String identityHeader;
    private final String kind;
    private volatile Moment latest = new Moment(0, "");

    /** A millisecond, as it stands in envelopes; many requests share one. */
    private record Moment(long millis, String text) {
    }

    RequestReader(Interface endpoint, IngestProperties properties, AgentIdentity agentIdentity, String identityHeader) {
        this.endpoint = endpoint;
        this.properties = properties;
        this.reader = new EventReader(properties);
        this.agentIdentity = agentIdentity;
        this.identityHeader = identityHeader;
        this.kind = "\",\"kind\":\"" + (endpoint == Interface.AGENT ? "agent" : "app") + (endpoint == Interface.EVENTS ? "\",\"endpoint\":\"events\"" : "\"");
    }

    @Override
    public void process(Exchange exchange) {
        Message message = exchange.getMessage();
        EventReader.Shape shape = shape(header(message, "Content-Type"));
        byte[] body = body(message);
        EventReader.Result result = reader.read(body, shape);
        if (!result.refused().isEmpty() && (!properties.keepGoodEvents() || result.events().isEmpty())) {
            throw RequestException.input(describe(result.refused(), "nothing of the request is kept"));
        }
        Caller caller = exchange.getProperty(CallerCheck.CALLER, Caller.ANONYMOUS, Caller.class);
        String key = header(message, SentIds.HEADER);
        List<byte[]> envelopes = envelopes(message, caller, result.events());
        Map<byte[], UUID> ids = SentIds.of(result, envelopes, key, caller.subject());
        if (ids != null) {
            exchange.setProperty(SpoolEndpoint.IDS, ids);
        }
        message.setBody(envelopes);
        message.removeHeaders("*");
        exchange.setProperty("accepted", result.events().size());
        if (!result.refused().isEmpty()) {
            exchange.setProperty("refused", result.refused());
        }
    }

    private EventReader.Shape shape(@Nullable String contentType) {
        if ("application/json".equals(contentType)) {
            return one();
        }
        String type = contentType == null ? "application/json" : contentType.split(";", 2)[0].trim().toLowerCase(Locale.ROOT);
        if (contentType != null && OTHER_CHARSET.matcher(contentType).find()) {
            throw unsupported("The Content-Type is " + contentType + "; the charset has to be UTF-8");
        }
        return switch (type) {
            // text/plain is what navigator.sendBeacon sends
            case "application/json", "text/plain", "" -> one();
            case "application/x-ndjson", "application/ndjson", "application/jsonl" -> {
                if (endpoint != Interface.EVENTS) {
                    throw unsupported("This endpoint takes one event as application/json; post several to /v1/events");
                }
                yield EventReader.Shape.LINES;
            }
            default -> throw unsupported("The Content-Type is " + contentType + "; allowed are application/json"
                    + (endpoint == Interface.EVENTS ? ", application/x-ndjson" : "") + " and text/plain with JSON in it");
        };
    }

    private EventReader.Shape one() {
        return endpoint == Interface.EVENTS ? EventReader.Shape.ONE_OR_ARRAY : EventReader.Shape.ONE;
    }

    private byte[] body(Message message) {
        byte[] body = message.getBody(byte[].class);
        int most = (int) properties.maxBody().toBytes();
        String encoding = header(message, "Content-Encoding");
        if (body != null && encoding != null && !encoding.equalsIgnoreCase("identity")) {
            if (!encoding.equalsIgnoreCase("gzip")) {
                throw unsupported("The Content-Encoding is " + encoding + "; allowed is gzip");
            }
            try (InputStream unzipped = new GZIPInputStream(new ByteArrayInputStream(body))) {
                // one byte more than allowed tells a body that is too large; a zip bomb is never unpacked further
                body = unzipped.readNBytes(most + 1);
            } catch (IOException e) {
                throw RequestException.input("The body is not gzip, or is cut off: " + e.getMessage());
            }
        }
        if (body == null || body.length == 0) {
            throw RequestException.input("The body is empty; JSON is expected");
        }
        if (body.length > most) {
            throw new RequestException(413, "PayloadTooLargeError", "The body has more than " + most + " bytes (ingest.maxBody)");
        }
        return body;
    }

    private List<byte[]> envelopes(Message message, Caller caller, List<EventReader.Slice> events) {
        String received = received();
        String headers = headers(message);
        String subject = endpoint == Interface.AGENT ? header(message, identityHeader) : null;
        List<byte[]> envelopes = new ArrayList<>(events.size());
        for (EventReader.Slice event : events) {
            String user = endpoint == Interface.AGENT ? agentIdentity.user(subject, event.identity()) : caller.user();
            StringBuilder head = new StringBuilder(headers.length() + 256)
                    .append("{\"id\":\"").append(IDS.generate()).append("\",\"received\":\"").append(received).append(kind);
            if (user != null) {
                quote(user, head.append(",\"user\":\"")).append('"');
            }
            byte[] before = head.append(headers).append(",\"event\":").toString().getBytes(StandardCharsets.UTF_8);
            int length = event.end() - event.start();
            byte[] envelope = Arrays.copyOf(before, before.length + length + 1);
            System.arraycopy(event.bytes(), event.start(), envelope, before.length, length);
            envelope[envelope.length - 1] = '}';
            envelopes.add(envelope);
        }
        return envelopes;
    }

    private String received() {
        long now = System.currentTimeMillis();
        Moment moment = latest;
        if (moment.millis != now) {
            moment = new Moment(now, Instant.ofEpochMilli(now).toString());
            latest = moment;
        }
        return moment.text;
    }

    private String headers(Message message) {
        StringBuilder json = new StringBuilder(256);
        for (String name : properties.headers()) {
            String value = header(message, name);
            if (value != null) {
                json.append(json.isEmpty() ? ",\"headers\":{\"" : ",\"").append(name).append("\":\"");
                quote(value.length() > properties.maxHeader() ? value.substring(0, properties.maxHeader()) : value, json).append('"');
            }
        }
        return json.isEmpty() ? "" : json.append('}').toString();
    }

    /** Appends what stands between the quotes of a JSON string. */
    private static StringBuilder quote(String text, StringBuilder json) {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c < ' ' || c == '"' || c == '\\') {
                JsonStringEncoder.getInstance().quoteAsString(text, json);
                return json;
            }
        }
        // next to all of them, and appended in one go
        return json.append(text);
    }

    /** The first value, where a header comes more than once. */
    @Nullable
    private static String header(Message message, String name) {
        Object value = message.getHeader(name);
        if (value instanceof List<?> several && !several.isEmpty()) {
            value = several.get(0);
        }
        return value instanceof String text ? text : null;
    }

    static String describe(List<EventReader.Refused> refused, String consequence) {
        StringBuilder message = new StringBuilder();
        for (EventReader.Refused element : refused.subList(0, Math.min(5, refused.size()))) {
            message.append("event ").append(element.index()).append(": ").append(element.message()).append("; ");
        }
        if (refused.size() > 5) {
            message.append(refused.size() - 5).append(" more; ");
        }
        return message.append(consequence).toString();
    }

    private static RequestException unsupported(String message) {
        return new RequestException(415, "UnsupportedMediaTypeError", message);
    }
}

package io.insightsrelay.attacks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.insightsrelay.testing.Installation;
import io.insightsrelay.testing.TestServer;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Requests that are made to steer the relay, or what it calls. Bombs, giants and broken HTTP are in BadInputIT. */
class RequestAttacksIT {

    private static final String APP = "/api/backstage-insights/events/app";
    private static final String AGENT = "/api/backstage-insights/events/agent";
    private static final String TOTAL = "/api/backstage-insights/catalog/total-users";
    private static final String HEALTH = "/api/backstage-insights/health";
    private static final String BEARER = "Authorization: Bearer static-ingest-token\r\n";
    /** What may stand in a request to Spotify: what the interface says, and what HTTP needs. */
    private static final Set<String> TO_SPOTIFY = Set.of("authorization", "user-agent", "accept-language", "referer", "idempotency-key", "content-type",
            "content-length", "transfer-encoding", "host", "connection", "accept-encoding", "accept", "upgrade");
    private static final Set<String> TO_BACKSTAGE = Set.of("authorization", "content-type", "content-length", "transfer-encoding", "host", "connection", "accept-encoding", "user-agent", "accept", "upgrade");

    @TempDir
    Path folder;
    private final TestServer attacker = new TestServer();
    private final List<TestServer.Request> toSpotify = new CopyOnWriteArrayList<>();
    private final List<TestServer.Request> toBackstage = new CopyOnWriteArrayList<>();
    private final AttackTable attacks = new AttackTable("request");
    private Installation installation;
    private int port;

    @BeforeEach
    void start() {
        installation = new Installation(folder);
        installation.authorize(request -> {
            toSpotify.add(request);
            return null;
        });
        installation.portal.catalogTrouble(request -> {
            toBackstage.add(request);
            return null;
        });
        installation.portal.add("component:default/bomb", "{'kind':'Component','metadata':{'namespace':'default','name':'bomb','annotations':{'bomb':'" + "a".repeat(60_000)
                + "!'}},'spec':{'type':'service'},'relations':[]}");
        installation.start("--ingest.cors.origins[0]=https://portal.example.com", "--redact.patterns[0]=(a+)+$", "--redact.patterns[1]=(a|aa)*c",
                "--redact.keys[0]=*a*a*a*a*a*a*a*a*a*a*b", "--redact.allow[0]=*a*a*a*a*a*a*a*a*a*a*b", "--backstageInsights.captureEntityFields=metadata.annotations.bomb");
        port = installation.relay.port();
    }

    @AfterEach
    void close() {
        try {
            assertThat(attacker.requests()).as("requests to the attacker's server").isEmpty();
            assertThat(installation.relay.log()).doesNotContain("\tat ", " ERROR ");
            attacks.check();
        } finally {
            installation.close();
            attacker.close();
        }
    }

    private static String post(String path, String headers, String body) {
        return "POST " + path + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + BEARER + "Content-Type: application/json\r\n" + headers + "Content-Length: "
                + body.getBytes(StandardCharsets.UTF_8).length + "\r\n\r\n" + new String(body.getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1);
    }

    private static String get(String path, String headers) {
        return "GET " + path + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + BEARER + headers + "\r\n";
    }

    private static String event(int number) {
        return "{\"action\":\"click\",\"subject\":\"x" + number + "\",\"context\":{\"entityRef\":\"component:default/c" + number + "\"}}";
    }

    private void awaitDelivered() {
        await().atMost(Duration.ofSeconds(60)).until(() -> installation.books().path("waiting").asLong() == 0);
    }

    // --- headers

    @Test
    void noHeaderOrParameterSteersTheRelayOrTravelsOn() {
        String evil = attacker.url() + "/marked";
        List<String> names = new ArrayList<>();
        for (String name : List.of("CamelHttpUri", "CamelHttpPath", "CamelHttpMethod", "CamelHttpQuery", "CamelHttpRawQuery", "CamelRestHttpUri", "CamelHttpBaseUri", "CamelHttpUrl",
                "CamelHttpResponseCode", "CamelHttpHost", "CamelFileName", "CamelFileHost", "CamelBeanMethodName", "CamelCaffeineAction", "CamelCaffeineKey", "CamelSqlQuery",
                "CamelToEndpoint", "CamelRedelivered", "CamelExceptionCaught", "org.apache.camel.Exchange", "org.apache.camel.component.http.uri", "kafka.OVERRIDE_TOPIC", "kafka.KEY",
                "JMSDestination", "JMSReplyTo", "Long-Running-Action", "breadcrumbId", "caller", "accepted", "event")) {
            names.add(name);
            names.add(name.toLowerCase(Locale.ROOT));
            names.add(name.toUpperCase(Locale.ROOT));
            names.add(alternating(name));
        }
        // of the sender's own, none of which is anybody else's business
        List<String> own = List.of("Cookie", "Proxy-Authorization", "X-Api-Key", "X-Forwarded-Host", "X-Forwarded-For", "Forwarded", "Via", "TE", "Keep-Alive", "X-Hop", "Origin-Trial", "Range");
        String headers = Stream.concat(names.stream(), own.stream()).map(name -> name + ": " + evil + "\r\n").collect(Collectors.joining()) + "Connection: X-Hop, keep-alive\r\n";
        String query = "?" + names.stream().map(name -> URLEncoder.encode(name, StandardCharsets.UTF_8) + "=" + URLEncoder.encode(evil, StandardCharsets.UTF_8)).collect(Collectors.joining("&"));
        int number = 0;
        for (String path : List.of(APP, AGENT, "/v1/events")) {
            // few at a time, within the limits of a head and of a request line
            for (List<String> some : parts(names, 12)) {
                String few = some.stream().map(name -> name + ": " + evil + "\r\n").collect(Collectors.joining()) + own.stream().map(name -> name + ": " + evil + "\r\n").collect(Collectors.joining());
                String parameters = "?" + some.stream().map(name -> URLEncoder.encode(name, StandardCharsets.UTF_8) + "=" + URLEncoder.encode(evil, StandardCharsets.UTF_8)).collect(Collectors.joining("&"));
                assertThat(Wire.status(port, post(path, few, event(number++)))).as(some.toString()).isEqualTo(202);
                assertThat(Wire.status(port, post(path + parameters, "", event(number++)))).as(some.toString()).isEqualTo(202);
            }
            attacks.row(names.size() + " control headers in four spellings, as headers and as parameters, to " + path, 202, Wire.status(port, post(path, "CamelHttpResponseCode: 500\r\n", event(number++))));
        }
        int head = Wire.status(port, post(APP, headers, event(number++)));
        // they may be within the limit of a head; what they steer is seen below
        attacks.row("all of them in one head", "202, 431, or closed", String.valueOf(head), head == 202 || head == 431 || head == 0);
        int line = Wire.status(port, post(APP + query, "", event(number++)));
        attacks.row("all of them in one request line", "414, or closed", String.valueOf(line), line == 414 || line == 0);
        for (List<String> some : parts(names, 12)) {
            String few = some.stream().map(name -> name + ": " + evil + "\r\n").collect(Collectors.joining());
            String parameters = "?" + some.stream().map(name -> URLEncoder.encode(name, StandardCharsets.UTF_8) + "=" + URLEncoder.encode(evil, StandardCharsets.UTF_8)).collect(Collectors.joining("&"));
            assertThat(Wire.status(port, get(HEALTH + parameters, few))).isEqualTo(200);
            assertThat(Wire.status(port, get(TOTAL, few))).as(some.toString()).isEqualTo(200);
            assertThat(Wire.status(port, get(TOTAL + parameters, ""))).as(some.toString()).isIn(200, 400);
        }
        awaitDelivered();
        assertThat(toSpotify).hasSizeGreaterThan(30);
        attacks.row("headers of requests to Spotify", "those of the interface", others(toSpotify, TO_SPOTIFY, "Bearer spotify-token"));
        attacks.row("headers of requests to Backstage", "those of the interface", others(toBackstage, TO_BACKSTAGE, "Bearer catalog-token"));
        attacks.row("paths at Spotify", "[/v1/capture/agent, /v1/capture/app]", new TreeSet<>(toSpotify.stream().map(TestServer.Request::path).toList()));
        attacks.row("paths at Backstage", "[/api/catalog/entities/by-query, /api/catalog/entities/by-refs]", new TreeSet<>(toBackstage.stream().map(TestServer.Request::path).toList()));
        attacks.row("requests to the server that the headers name", 0, attacker.requests().size());
    }

    private static String others(List<TestServer.Request> requests, Set<String> allowed, String authorization) {
        Set<String> wrong = new TreeSet<>();
        for (TestServer.Request request : requests) {
            request.headers().forEach((name, value) -> {
                if (!allowed.contains(name.toLowerCase(Locale.ROOT)) || value.contains("/marked")) {
                    wrong.add(name + ": " + value);
                }
            });
            if (!authorization.equals(request.header("Authorization")) || String.valueOf(request.query()).contains("marked") || request.text().contains("marked")) {
                wrong.add(request.toString());
            }
        }
        return wrong.isEmpty() ? "those of the interface" : wrong.toString();
    }

    private static String alternating(String name) {
        StringBuilder spelled = new StringBuilder();
        for (int i = 0; i < name.length(); i++) {
            spelled.append(i % 2 == 0 ? Character.toLowerCase(name.charAt(i)) : Character.toUpperCase(name.charAt(i)));
        }
        return spelled.toString();
    }

    private static <T> List<List<T>> parts(List<T> list, int size) {
        List<List<T>> parts = new ArrayList<>();
        for (int i = 0; i < list.size(); i += size) {
            parts.add(list.subList(i, Math.min(list.size(), i + size)));
        }
        return parts;
    }

    // --- smuggling

    @Test
    void noRequestHidesInAnother() {
        String hidden = "GET " + HEALTH + " HTTP/1.1\r\nHost: x\r\n\r\n";
        String chunked = "0\r\n\r\n" + hidden;
        String event = event(1);
        String chunkedEvent = Integer.toHexString(event.length()) + "\r\n" + event + "\r\n0\r\n\r\n" + hidden;
        Map<String, String> shapes = new java.util.LinkedHashMap<>();
        shapes.put("Content-Length and chunked", raw("Content-Length: " + chunkedEvent.length() + "\r\nTransfer-Encoding: chunked\r\n", chunkedEvent));
        shapes.put("chunked and Content-Length", raw("Transfer-Encoding: chunked\r\nContent-Length: " + chunkedEvent.length() + "\r\n", chunkedEvent));
        shapes.put("the same, empty first", raw("Content-Length: " + chunked.length() + "\r\nTransfer-Encoding: chunked\r\n", chunked));
        shapes.put("the same in HTTP/1.0", raw("Content-Length: " + chunkedEvent.length() + "\r\nTransfer-Encoding: chunked\r\n", chunkedEvent).replace("HTTP/1.1\r\nHost: x\r\n" + BEARER, "HTTP/1.0\r\nHost: x\r\n" + BEARER));
        for (String encoding : List.of("Transfer-Encoding : chunked", "Transfer-Encoding: xchunked", "Transfer-Encoding: chunked, identity", "Transfer-Encoding: identity, chunked", "Transfer-Encoding:\u000bchunked",
                "Transfer-Encoding: \"chunked\"", "X: y\n Transfer-Encoding: chunked", "X: y\r\n\tTransfer-Encoding: chunked", "Transfer-Encoding:\r\n chunked", "transfer_encoding: chunked", "Transfer-Encoding: chunked\r\nTransfer-Encoding: x")) {
            shapes.put(encoding.replace("\r\n", "\\r\\n").replace("\n", "\\n").replace("\t", "\\t").replace("\u000b", "\\v") + ", with Content-Length",
                    raw("Content-Length: " + chunkedEvent.length() + "\r\n" + encoding + "\r\n", chunkedEvent));
        }
        String both = event + hidden;
        shapes.put("two Content-Lengths", raw("Content-Length: " + both.length() + "\r\nContent-Length: " + event.length() + "\r\n", both));
        shapes.put("Content-Length twice in one", raw("Content-Length: " + both.length() + ", " + event.length() + "\r\n", both));
        shapes.put("Content-Length with a sign", raw("Content-Length: +" + event.length() + "\r\n", both));
        shapes.put("Content-Length in hex", raw("Content-Length: 0x" + Integer.toHexString(event.length()) + "\r\n", both));
        shapes.put("Content-Length with a space in it", raw("Content-Length: " + event.length() / 10 + " " + event.length() % 10 + "\r\n", both));
        shapes.put("Content-Length with a space before the colon", raw("Content-Length : " + event.length() + "\r\n", both));
        shapes.put("a chunk's size that overflows", raw("Transfer-Encoding: chunked\r\n", "100000000" + Integer.toHexString(event.length()) + "\r\n" + event + "\r\n0\r\n\r\n" + hidden));
        shapes.put("a chunk's size in 0x", raw("Transfer-Encoding: chunked\r\n", "0x" + chunkedEvent));
        shapes.put("a chunk's size with an underscore", raw("Transfer-Encoding: chunked\r\n", "0_" + chunkedEvent));
        shapes.put("a line break in a chunk's extension", raw("Transfer-Encoding: chunked\r\n", Integer.toHexString(event.length()) + ";a=\"\n" + hidden + "\"\r\n" + event + "\r\n0\r\n\r\n"));
        shapes.put("a chunk that is longer than it says", raw("Transfer-Encoding: chunked\r\n", "2\r\n{}" + hidden + "0\r\n\r\n"));
        shapes.put("a NUL in a header", raw("X: \0\r\nContent-Length: " + event.length() + "\r\n", both));
        shapes.put("a bare CR in a header", raw("X: a\rContent-Length: 0\r\nContent-Length: " + both.length() + "\r\n", both));
        shapes.forEach((shape, request) -> {
            String answer = Wire.send(port, request);
            attacks.row(shape, "no answer to the hidden request", Wire.statuses(answer) + (answer.contains("\"ok\"") ? " and the hidden one's" : ""), !answer.contains("\"ok\""));
        });
    }

    private static String raw(String headers, String body) {
        return "POST " + APP + " HTTP/1.1\r\nHost: x\r\n" + BEARER + "Content-Type: application/json\r\n" + headers + "\r\n" + body;
    }

    // --- paths and methods

    @Test
    void pathsAndMethodsLeadNowhereElse() {
        for (String path : List.of("/actuator/env", "/actuator/health", "/management/dead-letters", "/management/spool", "/v1/..;/actuator/env", "/v1/events/..;/..;/management/spool", "/v1/../actuator/env",
                "/v1/%2e%2e/actuator/env", "/v1%2f..%2factuator%2fenv", "//actuator/env", "/./actuator/env", "/%61ctuator/env", "/v1/events%00/../actuator/env", "/..%5c..%5cetc/passwd",
                "/%c0%ae%c0%ae/etc/passwd", "/routes/ingest.camel.yaml", "/META-INF/MANIFEST.MF", "/application.yaml", "/v1/events;/actuator", "/V1/EVENTS", "/sandbox/insights", "/sandbox/backstage")) {
            String answer = Wire.send(port, get(path, ""));
            List<Integer> statuses = Wire.statuses(answer);
            attacks.row("GET " + path, "400, 404 or 405", statuses.toString(), List.of(List.of(400), List.of(404), List.of(405)).contains(statuses) && !answer.contains("propertySources"));
        }
        attacks.row("GET http://attacker/ as a proxy would", 404, Wire.status(port, get(attacker.url() + "/", "")));
        int connect = Wire.status(port, "CONNECT " + attacker.url().substring(7) + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        attacks.row("CONNECT", "400, 404, 405 or 501", String.valueOf(connect), List.of(400, 404, 405, 501).contains(connect));
        for (String method : List.of("GET", "PUT", "DELETE", "PATCH", "TRACE", "HEAD", "PROPFIND", "post")) {
            String answer = Wire.send(port, method + " /v1/events HTTP/1.1\r\nHost: x\r\n" + BEARER + "X-HTTP-Method-Override: POST\r\nX-HTTP-Method: POST\r\nX-Mark: marked\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
            List<Integer> statuses = Wire.statuses(answer);
            attacks.row(method + " /v1/events", "400, 405 or 501, no header echoed", statuses.toString(),
                    List.of(List.of(400), List.of(405), List.of(501)).contains(statuses) && !answer.contains("marked"));
        }
        attacks.row("POST ?_method=DELETE", 202, Wire.status(port, post("/v1/events?_method=DELETE", "X-HTTP-Method-Override: DELETE\r\n", event(1))));
    }

    // --- browsers

    @Test
    void onlyTheOriginsThatAreConfiguredMayPost() {
        attacks.row("(the portal's origin)", "https://portal.example.com", allowed("https://portal.example.com"));
        for (String origin : List.of("null", "https://evil.example.com", "https://portal.example.com.evil.com", "https://evilportal.example.com", "http://portal.example.com", "https://portal.example.com:8443",
                "https://portal.example.com.", "https://portal.example.com@evil.com", "https://portalXexample.com", "file://", "https://portal.example.com https://evil.com", "*")) {
            attacks.row("Origin: " + origin, "none", allowed(origin));
        }
        String answer = Wire.send(port, post(APP, "Origin: https://evil.example.com\r\n", event(1)));
        attacks.row("a POST of another origin's page", "403, nothing stored", Wire.statuses(answer) + (answer.contains("accepted") ? ", stored" : ", nothing stored"), Wire.statuses(answer).equals(List.of(403)));
        attacks.row("cookies of browsers", "not asked for", Wire.send(port, post(APP, "Origin: https://portal.example.com\r\n", event(2)))
                .toLowerCase(Locale.ROOT).contains("allow-credentials") ? "asked for" : "not asked for");
    }

    private String allowed(String origin) {
        String answer = Wire.send(port, "OPTIONS " + APP + " HTTP/1.1\r\nHost: x\r\nOrigin: " + origin
                + "\r\nAccess-Control-Request-Method: POST\r\nAccess-Control-Request-Headers: authorization,content-type\r\nConnection: close\r\n\r\n");
        return answer.lines().filter(line -> line.toLowerCase(Locale.ROOT).startsWith("access-control-allow-origin:")).map(line -> line.substring(line.indexOf(':') + 1).strip())
                .findFirst().orElse("none");
    }

    // --- what becomes part of other requests

    @Test
    void valuesBecomeNeitherHeadersNorAddresses() {
        List<String> values = List.of("https://x.example.com\\r\\nX-Injected: 1", "https://x.example.com\\nX-Injected: 1", "https://x.example.com\\rX-Injected: 1", "\\u0000", "\\u0085X-Injected: 1",
                "\\u2028X-Injected: 1", "\\u560d\\u560aX-Injected: 1", "x\\r\\n\\r\\nPOST /v1/capture/app HTTP/1.1\\r\\nX-Injected: 1");
        for (String value : values) {
            attacks.row("_origin " + value, 202, Wire.status(port, post(APP, "", "{\"action\":\"click\",\"subject\":\"o\",\"context\":{\"_origin\":\"" + value + "\"}}")));
        }
        for (String value : List.of("a\rX-Injected: 1", "a\u0000b", "a\u0085X-Injected: 1", "\u00ff\u00fe", "a\u000bb")) {
            int status = Wire.status(port, post(APP, "User-Agent: " + value + "\r\n", "{\"action\":\"click\",\"subject\":\"u\"}"));
            attacks.row("User-Agent " + value.chars().mapToObj(c -> c < 32 || c > 126 ? String.format("\\x%02x", c) : String.valueOf((char) c)).collect(Collectors.joining()),
                    "202 or 400", String.valueOf(status), status == 202 || status == 400);
        }
        String evil = attacker.url();
        for (String ref : List.of(evil + "/", "url:" + evil + "/x", "component:default/../../../admin", "component:default/x?y=" + evil, "component:default/x#", "file:///etc/passwd", "component:" + evil.substring(7) + "/x",
                "component:default/%2e%2e%2fadmin", "component:default/x\\r\\nHost: evil", "//" + evil.substring(7), "${properties:backstage.token}", "{{backstage.token}}", "#{T(java.lang.Runtime)}")) {
            attacks.row("entityRef " + ref.replace(evil, "http://attacker").replace(evil.substring(7), "attacker"), 202,
                    Wire.status(port, post(APP, "", "{\"action\":\"click\",\"subject\":\"s\",\"context\":{\"entityRef\":\"" + ref + "\",\"_origin\":\"" + evil + "\"}}")));
        }
        for (String filter : List.of("filters[kind][]=" + URLEncoder.encode(evil, StandardCharsets.UTF_8), "filters[x%26filter%3Dkind%3DUser][]=1", "filters[kind][]=user%0d%0aX-Injected:1",
                "filters[%24%7Bproperties:backstage.token%7D][]=x", "filters[a][]=%7B%7Bbackstage.token%7D%7D")) {
            int status = Wire.status(port, get(TOTAL + "?" + filter, ""));
            attacks.row("total-users?" + filter.replace(URLEncoder.encode(evil, StandardCharsets.UTF_8), "http://attacker"), "200 or 400", String.valueOf(status), status == 200 || status == 400);
        }
        awaitDelivered();
        attacks.row("headers of requests to Spotify", "those of the interface", others(toSpotify, TO_SPOTIFY, "Bearer spotify-token"));
        attacks.row("headers of requests to Backstage", "those of the interface", others(toBackstage, TO_BACKSTAGE, "Bearer catalog-token"));
        attacks.row("paths at Spotify", "[/v1/capture/app]", new TreeSet<>(toSpotify.stream().map(TestServer.Request::path).toList()));
        attacks.row("paths at Backstage", "[/api/catalog/entities/by-query, /api/catalog/entities/by-refs]", new TreeSet<>(toBackstage.stream().map(TestServer.Request::path).toList()));
        attacks.row("secrets in what goes out", "none", Stream.concat(toSpotify.stream(), toBackstage.stream())
                .anyMatch(request -> (request.text() + request.query()).contains("catalog-token")) ? "one" : "none");
        attacks.row("requests to the server that they name", 0, attacker.requests().size());
        assertThat(installation.books().path("deadLetters").asInt()).isZero();
    }

    @Test
    void anOperatorsPatternTakesTimeInProportionToTheText() {
        long begun = System.nanoTime();
        for (int i = 0; i < 20; i++) {
            assertThat(Wire.status(port, post(APP, "", "{\"action\":\"click\",\"subject\":\"b\",\"context\":{\"entityRef\":\"component:default/bomb\"}}"))).isEqualTo(202);
        }
        awaitDelivered();
        long millis = Duration.ofNanos(System.nanoTime() - begun).toMillis();
        assertThat(toSpotify.get(0).form().keySet()).anyMatch(key -> key.contains("annotations.bomb"));
        attacks.row("(a+)+$, (a|aa)*c and *a*a*a*...b on 60,000 times the letter a, 20 times", "within 30 s", millis + " ms", millis < 30_000);
    }
}

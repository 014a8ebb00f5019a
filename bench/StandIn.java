import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.nimbusds.jose.JOSEObjectType;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.crypto.ECDSASigner;
import com.nimbusds.jose.jwk.Curve;
import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jose.jwk.gen.ECKeyGenerator;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.SignedJWT;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Date;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/**
 * What surrounds the relay in the benchmarks, in one process that costs as little as it can: Backstage's keys and catalog, Spotify's
 * one-event interface, and a receiver of batches. Writes into its folder {@code tokens}, a token for each of 1,000 users, before
 * it listens, and {@code delivered}, the number of events received so far, 20 times a second.
 *
 * <p>Everything is answered by one event loop, so the counters need no lock. Arguments: port, folder.
 */
public final class StandIn {

    private static final int USERS = 1_000;
    private static final int COMPONENTS = 5_000;
    private static final int DEPARTMENTS = 9;
    private static final int TEAMS = 40;
    private static final JsonFactory JSON = new JsonFactory();

    private final Vertx vertx = Vertx.vertx();
    private final Map<String, Buffer> entities = new HashMap<>();
    private final Path folder;
    private final Buffer keys;
    private long catalogCalls;
    private long catalogRefs;
    private long requests;
    private long events;
    private int latency;
    private boolean open = true;

    private StandIn(int port, Path folder) throws Exception {
        this.folder = folder;
        ECKey key = new ECKeyGenerator(Curve.P_256).keyID("bench").generate();
        keys = Buffer.buffer("{\"keys\":[" + key.toPublicJWK().toJSONString() + "]}");
        fillCatalog();
        writeTokens(key, "http://127.0.0.1:" + port + "/api/auth");
        vertx.setPeriodic(50, timer -> writeDelivered());
        // a batch comes under gzip
        vertx.createHttpServer(new HttpServerOptions().setDecompressionSupported(true).setTcpNoDelay(true)).requestHandler(this::answer).listen(port, "127.0.0.1")
                .onFailure(failure -> {
                    System.err.println("port " + port + ": " + failure);
                    System.exit(1);
                });
    }

    public static void main(String[] arguments) throws Exception {
        new StandIn(Integer.parseInt(arguments[0]), Path.of(arguments[1]));
    }

    /** Users are members of one to three of 40 teams, these belong to nine departments, and these to the company. */
    private void fillCatalog() {
        Random random = new Random(1);
        add("group:default/company", "Group", "company", "", "\"type\":\"company\"", List.of());
        for (int i = 0; i < DEPARTMENTS; i++) {
            add("group:default/department-" + i, "Group", "department-" + i, "", "\"type\":\"department\"", List.of("childOf group:default/company"));
        }
        for (int i = 0; i < TEAMS; i++) {
            add("group:default/team-" + i, "Group", "team-" + i, "", "\"type\":\"team\"", List.of("childOf group:default/department-" + i % DEPARTMENTS));
        }
        for (int i = 0; i < USERS; i++) {
            List<String> groups = new ArrayList<>();
            for (int n = 1 + random.nextInt(3), team = random.nextInt(TEAMS); n > 0; n--, team = (team + 7) % TEAMS) {
                groups.add("memberOf group:default/team-" + team);
            }
            add("user:default/user-" + i, "User", "user-" + i, "", "\"profile\":{\"displayName\":\"User " + i + "\",\"email\":\"user-" + i + "@example.com\"}", groups);
        }
        for (int i = 0; i < COMPONENTS; i++) {
            String owner = "group:default/team-" + random.nextInt(TEAMS);
            add("component:default/service-" + i, "Component", "service-" + i, ",\"annotations\":{\"backstage.io/time-saved\":\"PT" + random.nextInt(60) + "M\"}",
                    "\"type\":\"service\",\"lifecycle\":\"" + (i % 3 == 0 ? "experimental" : "production") + "\",\"owner\":\"" + owner + "\"", List.of("ownedBy " + owner));
        }
    }

    private void add(String ref, String kind, String name, String moreMetadata, String spec, List<String> relations) {
        List<String> related = relations.stream().map(relation -> relation.split(" "))
                .map(relation -> "{\"type\":\"" + relation[0] + "\",\"targetRef\":\"" + relation[1] + "\"}").toList();
        entities.put(ref, Buffer.buffer("{\"kind\":\"" + kind + "\",\"metadata\":{\"namespace\":\"default\",\"name\":\"" + name + "\"" + moreMetadata + "},\"spec\":{" + spec
                + "},\"relations\":[" + String.join(",", related) + "]}"));
    }

    /** As Backstage's auth backend issues them, but valid for a day. */
    private void writeTokens(ECKey key, String issuer) throws Exception {
        ECDSASigner signer = new ECDSASigner(key);
        JWSHeader header = new JWSHeader.Builder(JWSAlgorithm.ES256).keyID("bench").type(new JOSEObjectType("vnd.backstage.user")).build();
        Date now = new Date();
        Date tomorrow = new Date(now.getTime() + 86_400_000L);
        List<String> tokens = new ArrayList<>();
        for (int i = 0; i < USERS; i++) {
            SignedJWT token = new SignedJWT(header, new JWTClaimsSet.Builder().issuer(issuer).subject("user:default/user-" + i).audience("backstage")
                    .issueTime(now).expirationTime(tomorrow).claim("uip", "x".repeat(86)).build());
            token.sign(signer);
            tokens.add(token.serialize());
        }
        Files.write(folder.resolve("tokens"), tokens);
        writeDelivered();
    }

    private void writeDelivered() {
        try {
            // whoever reads it must never find it empty
            Path next = Files.writeString(folder.resolve("delivered.next"), events + "\n");
            Files.move(next, folder.resolve("delivered"), StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            System.err.println(e);
        }
    }

    private void answer(HttpServerRequest request) {
        switch (request.path()) {
            case "/insights/v1/capture/app", "/insights/v1/capture/agent" -> receive(request, 1);
            case "/events" -> request.body().onSuccess(body -> receive(request, objects(body)));
            case "/api/catalog/entities/by-refs" -> request.body().onSuccess(body -> request.response().putHeader("Content-Type", "application/json").end(byRefs(body)));
            case "/api/catalog/entities/by-query" -> request.response().putHeader("Content-Type", "application/json")
                    .end("{\"items\":[],\"totalItems\":" + USERS + ",\"pageInfo\":{}}");
            case "/api/auth/.well-known/jwks.json" -> request.response().putHeader("Content-Type", "application/json").end(keys);
            case "/stats" -> request.response().end("catalog.calls " + catalogCalls + "\ncatalog.refs " + catalogRefs + "\nrequests " + requests + "\nevents " + events + "\n");
            case "/set" -> {
                // ?latency=100 (milliseconds), ?open=false (503 until it is opened again), ?reset: counts from nothing
                latency = Integer.parseInt(request.params().contains("latency") ? request.getParam("latency") : String.valueOf(latency));
                open = request.params().contains("open") ? Boolean.parseBoolean(request.getParam("open")) : open;
                if (request.params().contains("reset")) {
                    catalogCalls = catalogRefs = requests = events = 0;
                    writeDelivered();
                }
                request.response().end();
            }
            default -> request.response().setStatusCode(404).end();
        }
    }

    private void receive(HttpServerRequest request, int count) {
        if (!open) {
            request.response().setStatusCode(503).end();
        } else if (latency == 0) {
            accept(request, count);
        } else {
            vertx.setTimer(latency, timer -> accept(request, count));
        }
    }

    private void accept(HttpServerRequest request, int count) {
        requests++;
        events += count;
        request.response().end();
    }

    /** How many objects there are at the top level of a JSON array, or of lines of JSON. */
    private static int objects(Buffer body) {
        byte[] bytes = body.getBytes();
        int depth = 0;
        int objects = 0;
        boolean text = false;
        for (int i = 0; i < bytes.length; i++) {
            byte b = bytes[i];
            if (text) {
                if (b == '\\') {
                    i++;
                } else if (b == '"') {
                    text = false;
                }
            } else if (b == '"') {
                text = true;
            } else if (b == '{' && depth++ == 0) {
                objects++;
            } else if (b == '}') {
                depth--;
            }
        }
        return objects;
    }

    /** Gives entities whole, whatever fields were asked for: they hold little else. */
    private Buffer byRefs(Buffer question) {
        catalogCalls++;
        Buffer answer = Buffer.buffer("{\"items\":[");
        try (JsonParser parser = JSON.createParser(question.getBytes())) {
            boolean refs = false;
            boolean first = true;
            for (JsonToken token = parser.nextToken(); token != null; token = parser.nextToken()) {
                if (token == JsonToken.FIELD_NAME) {
                    refs = parser.currentName().equals("entityRefs");
                } else if (refs && token == JsonToken.VALUE_STRING) {
                    catalogRefs++;
                    Buffer entity = entities.get(parser.getText());
                    answer.appendString(first ? "" : ",");
                    if (entity == null) {
                        answer.appendString("null");
                    } else {
                        answer.appendBuffer(entity);
                    }
                    first = false;
                }
            }
        } catch (IOException e) {
            throw new IllegalArgumentException(e);
        }
        return answer.appendString("]}");
    }
}

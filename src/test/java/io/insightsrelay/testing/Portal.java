package io.insightsrelay.testing;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JOSEObjectType;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.crypto.ECDSASigner;
import com.nimbusds.jose.jwk.Curve;
import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jose.jwk.gen.ECKeyGenerator;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.SignedJWT;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Instant;
import java.util.Date;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;

/**
 * Behaves as Backstage's backend does where the relay meets it: signs user tokens, serves their keys, and answers by-refs
 * and by-query out of a catalog that the test fills. The end-to-end tests use the real one.
 */
public final class Portal implements AutoCloseable {

    private static final ObjectMapper MAPPER = new ObjectMapper();

    private final TestServer server = new TestServer().forgetful();
    private final AtomicLong lookUps = new AtomicLong();
    private final AtomicLong keyRequests = new AtomicLong();
    private final Map<String, JsonNode> entities = new ConcurrentHashMap<>();
    private volatile ECKey key;
    private volatile Function<TestServer.Request, TestServer.Answer> catalogTrouble = request -> null;

    /** A portal with an empty catalog. */
    public Portal() {
        rotateKey("key-1");
        server.behave(this::answer);
    }

    /** Signs with another key from now on, and lists only that one. */
    public ECKey rotateKey(String kid) {
        try {
            key = new ECKeyGenerator(Curve.P_256).keyID(kid).generate();
            return key;
        } catch (JOSEException e) {
            throw new IllegalStateException(e);
        }
    }

    /** The key that it signs with. */
    public ECKey key() {
        return key;
    }

    /** How often somebody asked for its keys. */
    public long keyRequests() {
        return keyRequests.get();
    }

    /** The backend's base URL. */
    public String url() {
        return server.url();
    }

    /** How many by-refs calls there were. */
    public long lookUps() {
        return lookUps.get();
    }

    /** As a host does on which nothing listens. */
    public void refuseConnections() {
        server.refuseConnections();
    }

    /** Listens again. */
    public void acceptConnections() {
        server.acceptConnections();
    }

    /** Adds an entity, given as JSON with single quotes; its ref is the key in lower case. */
    public Portal add(String ref, String json) {
        try {
            entities.put(ref, MAPPER.readTree(json.replace('\'', '"')));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return this;
    }

    /** Lets catalog calls misbehave; a function that gives null means that all is well again. */
    public void catalogTrouble(Function<TestServer.Request, TestServer.Answer> trouble) {
        catalogTrouble = trouble;
    }

    /** A token as the auth backend issues it to a signed-in user, valid for an hour. */
    public String userToken(String userRef) {
        Instant now = Instant.now();
        SignedJWT token = new SignedJWT(new JWSHeader.Builder(JWSAlgorithm.ES256).keyID(key.getKeyID()).type(new JOSEObjectType("vnd.backstage.user")).build(),
                new JWTClaimsSet.Builder().issuer(url() + "/api/auth").subject(userRef).audience("backstage")
                        .issueTime(Date.from(now)).expirationTime(Date.from(now.plusSeconds(3600))).build());
        try {
            token.sign(new ECDSASigner(key));
        } catch (JOSEException e) {
            throw new IllegalStateException(e);
        }
        return token.serialize();
    }

    private TestServer.Answer answer(TestServer.Request request) {
        if (request.path().equals("/api/auth/.well-known/jwks.json")) {
            keyRequests.incrementAndGet();
            return TestServer.json(200, "{\"keys\":[" + key.toPublicJWK().toJSONString() + "]}");
        }
        if (request.path().endsWith("/by-refs")) {
            lookUps.incrementAndGet();
        }
        TestServer.Answer trouble = catalogTrouble.apply(request);
        if (trouble != null) {
            return trouble;
        }
        if (!"Bearer catalog-token".equals(request.header("Authorization"))) {
            return TestServer.json(401, "{\"error\":{\"name\":\"AuthenticationError\",\"message\":\"Missing credentials\"}}");
        }
        if (request.path().equals("/api/catalog/entities/by-query")) {
            return TestServer.json(200, "{\"items\":[],\"totalItems\":"
                    + entities.keySet().stream().filter(ref -> ref.startsWith("user:")).count() + ",\"pageInfo\":{}}");
        }
        if (request.query() != null) {
            return TestServer.json(400, "{\"error\":{\"name\":\"InputError\",\"message\":\"Unknown query parameter\"}}");
        }
        try {
            ObjectNode found = MAPPER.createObjectNode();
            ArrayNode items = found.putArray("items");
            MAPPER.readTree(request.body()).path("entityRefs").forEach(ref -> items.add(entities.get(ref.asText())));
            return TestServer.json(200, found.toString());
        } catch (IOException e) {
            return TestServer.json(400, "{\"error\":{\"name\":\"InputError\",\"message\":\"no JSON\"}}");
        }
    }

    @Override
    public void close() {
        server.close();
    }
}

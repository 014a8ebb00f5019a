package io.insightsrelay.auth;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Date;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JOSEObjectType;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.JWSSigner;
import com.nimbusds.jose.crypto.ECDSASigner;
import com.nimbusds.jose.crypto.RSASSASigner;
import com.nimbusds.jose.jwk.Curve;
import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jose.jwk.JWK;
import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jose.jwk.RSAKey;
import com.nimbusds.jose.jwk.gen.ECKeyGenerator;
import com.nimbusds.jose.jwk.gen.RSAKeyGenerator;
import com.nimbusds.jose.util.Base64URL;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.SignedJWT;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;

/** The part of Backstage that lists keys, over real HTTP: counts requests, and can fail or hang. Also signs tokens as Backstage does. */
final class FakeBackstage implements AutoCloseable {

    static final String USER = "vnd.backstage.user";
    static final String PLUGIN = "vnd.backstage.plugin";
    static final String LIMITED_USER = "vnd.backstage.limited-user";
    static final String USER_KEYS = "/api/auth/.well-known/jwks.json";

    final AtomicInteger requests = new AtomicInteger();
    private final HttpServer server;
    private final ExecutorService executor = Executors.newCachedThreadPool();
    private final Map<String, String> documents = new ConcurrentHashMap<>();
    private volatile int status = 200;
    private volatile CountDownLatch gate = new CountDownLatch(0);

    FakeBackstage() {
        try {
            server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        server.setExecutor(executor);
        server.createContext("/", this::answer);
        server.start();
        list();
    }

    private void answer(HttpExchange exchange) throws IOException {
        requests.incrementAndGet();
        try (exchange) {
            gate.await();
            String document = documents.get(exchange.getRequestURI().getPath());
            byte[] body = document == null ? new byte[0] : document.getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(document == null ? 404 : status, body.length == 0 ? -1 : body.length);
            exchange.getResponseBody().write(body);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    String url() {
        return "http://localhost:" + server.getAddress().getPort();
    }

    /** Lists these keys, and only these, for user tokens. */
    void list(JWK... keys) {
        serve(USER_KEYS, new JWKSet(List.of(keys)).toString());
    }

    /** Lists these keys, and only these, for a plugin. */
    void listPlugin(String plugin, JWK... keys) {
        serve("/api/" + plugin + "/.backstage/auth/v1/jwks.json", new JWKSet(List.of(keys)).toString());
    }

    void serve(String path, String document) {
        documents.put(path, document);
    }

    /** Answers with this status from now on. */
    void answerWith(int status) {
        this.status = status;
    }

    /** Lets requests hang from now on. */
    void hang() {
        gate = new CountDownLatch(1);
    }

    /** Answers the requests that hang. */
    void release() {
        gate.countDown();
    }

    @Override
    public void close() {
        release();
        server.stop(0);
        executor.shutdownNow();
    }

    static ECKey ec(String kid) {
        try {
            return new ECKeyGenerator(Curve.P_256).keyID(kid).algorithm(JWSAlgorithm.ES256).generate();
        } catch (JOSEException e) {
            throw new AssertionError(e);
        }
    }

    static RSAKey rsa(String kid) {
        try {
            return new RSAKeyGenerator(2048).keyID(kid).algorithm(JWSAlgorithm.RS256).generate();
        } catch (JOSEException e) {
            throw new AssertionError(e);
        }
    }

    /** A user token as Backstage writes it, for an hour. */
    String userToken(JWK key, String sub, Instant now) {
        return token(key, USER, claims(sub, now).issuer(url() + "/api/auth").audience("backstage").build());
    }

    /** A plugin token as Backstage writes it, for an hour, with changes. */
    static String pluginToken(JWK key, String plugin, Instant now, Consumer<JWTClaimsSet.Builder> changes) {
        JWTClaimsSet.Builder claims = claims(plugin, now).audience("backstage-insights");
        changes.accept(claims);
        return token(key, PLUGIN, claims.build());
    }

    static JWTClaimsSet.Builder claims(String sub, Instant now) {
        return new JWTClaimsSet.Builder().subject(sub).issueTime(Date.from(now))
                .expirationTime(Date.from(now.plus(Duration.ofHours(1))));
    }

    static String token(JWK key, String typ, JWTClaimsSet claims) {
        boolean rsa = key instanceof RSAKey;
        JWSHeader header = new JWSHeader.Builder(rsa ? JWSAlgorithm.RS256 : JWSAlgorithm.ES256)
                .type(new JOSEObjectType(typ)).keyID(key.getKeyID()).build();
        try {
            JWSSigner signer = rsa ? new RSASSASigner(key.toRSAKey()) : new ECDSASigner(key.toECKey());
            SignedJWT jwt = new SignedJWT(header, claims);
            jwt.sign(signer);
            return jwt.serialize();
        } catch (JOSEException e) {
            throw new AssertionError(e);
        }
    }

    /** Claims that no key vouches for: many tokens cheaply, each saying another kid. */
    static List<String> unsigned(int count, String typ, JWTClaimsSet claims) {
        String signature = Base64URL.encode(new byte[64]).toString();
        List<String> tokens = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            JWSHeader header = new JWSHeader.Builder(JWSAlgorithm.ES256).type(new JOSEObjectType(typ)).keyID("unknown-" + i).build();
            tokens.add(header.toBase64URL() + "." + claims.toPayload().toBase64URL() + "." + signature);
        }
        return tokens;
    }
}

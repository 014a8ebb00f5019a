package io.insightsrelay.attacks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.nimbusds.jose.JOSEObjectType;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.JWSSigner;
import com.nimbusds.jose.crypto.ECDSASigner;
import com.nimbusds.jose.crypto.MACSigner;
import com.nimbusds.jose.jwk.Curve;
import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jose.jwk.gen.ECKeyGenerator;
import com.nimbusds.jose.util.Base64URL;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.PlainJWT;
import com.nimbusds.jwt.SignedJWT;
import io.insightsrelay.testing.Installation;
import io.insightsrelay.testing.TestServer;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Date;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tokens that a portal did not issue, or not for this. What the verifier does with each in detail is in the tests of the package auth. */
class TokenAttacksIT {

    private static final String APP = "/api/backstage-insights/events/app";
    private static final String AGENT = "/api/backstage-insights/events/agent";
    private static final String JANE = "user:default/jane";
    private static final String EVENT = "{\"action\":\"click\",\"subject\":\"x\"}";

    @TempDir
    Path folder;
    private final TestServer attacker = new TestServer();
    private final AttackTable attacks = new AttackTable("token");
    private Installation installation;

    @BeforeEach
    void start() {
        installation = new Installation(folder).start("--auth.keys.refresh=2s", "--auth.keys.interval=1s");
    }

    @AfterEach
    void close() {
        installation.close();
        attacker.close();
    }

    private JWTClaimsSet.Builder claims() {
        Instant now = Instant.now();
        return new JWTClaimsSet.Builder().issuer(installation.portal.url() + "/api/auth").subject(JANE).audience("backstage")
                .issueTime(Date.from(now)).expirationTime(Date.from(now.plusSeconds(3600)));
    }

    private static String sign(JWSSigner signer, JWSHeader header, JWTClaimsSet claims) throws Exception {
        SignedJWT token = new SignedJWT(header, claims);
        token.sign(signer);
        return token.serialize();
    }

    private static JWSHeader.Builder header(String kid) {
        return new JWSHeader.Builder(JWSAlgorithm.ES256).keyID(kid).type(new JOSEObjectType("vnd.backstage.user"));
    }

    /** Signed with the portal's own key: only the claims or the type are wrong. */
    private String signed(String typ, Consumer<JWTClaimsSet.Builder> changes) throws Exception {
        JWTClaimsSet.Builder claims = claims();
        changes.accept(claims);
        ECKey key = installation.portal.key();
        return sign(new ECDSASigner(key), header(key.getKeyID()).type(new JOSEObjectType(typ)).build(), claims.build());
    }

    private int post(String path, String token) {
        return installation.relay.post(path, EVENT, "Authorization", "Bearer " + token).statusCode();
    }

    private void refused(String attack, String token) {
        attacks.row(attack, 401, post(APP, token));
    }

    @Test
    void nobodyGetsInWithATokenThatThePortalDidNotIssueForThis() throws Exception {
        ECKey key = installation.portal.key();
        attacks.row("(the portal's own token)", 202, post(APP, installation.portal.userToken(JANE)));

        refused("alg: none", new PlainJWT(claims().build()).serialize());
        String noneWithType = Base64URL.encode("{\"alg\":\"none\",\"typ\":\"vnd.backstage.user\",\"kid\":\"key-1\"}") + "." + claims().build().toPayload().toBase64URL() + ".";
        refused("alg: none with the right typ and kid", noneWithType);
        JWSHeader hs256 = new JWSHeader.Builder(JWSAlgorithm.HS256).keyID("key-1").type(new JOSEObjectType("vnd.backstage.user")).build();
        refused("HS256 keyed with the public key", sign(new MACSigner(key.toPublicJWK().toJSONString().getBytes(StandardCharsets.UTF_8)), hs256, claims().build()));
        refused("HS256 keyed with the public key's bytes", sign(new MACSigner(key.toECPublicKey().getEncoded()), hs256, claims().build()));
        ECKey foreign = new ECKeyGenerator(Curve.P_256).keyID("key-1").generate();
        refused("the portal's kid, another key", sign(new ECDSASigner(foreign), header("key-1").build(), claims().build()));
        refused("another key that the token brings along (jwk)", sign(new ECDSASigner(foreign), header("key-1").jwk(foreign.toPublicJWK()).build(), claims().build()));
        refused("another key at an address that the token names (jku, x5u)", sign(new ECDSASigner(foreign), header("foreign")
                .jwkURL(URI.create(attacker.url() + "/jwks")).x509CertURL(URI.create(attacker.url() + "/x5u")).build(), claims().build()));
        for (String kid : new String[] {"../../../../etc/passwd", attacker.url() + "/jwks.json", "key-1' OR '1'='1", "key-1\r\nX-Injected: 1", "${jndi:ldap://x}"}) {
            refused("kid injection: " + kid.replace("\r\n", "\\r\\n").replace(attacker.url(), "http://attacker"),
                    sign(new ECDSASigner(foreign), header(kid).build(), claims().build()));
        }
        refused("typ: a limited user's token", signed("vnd.backstage.limited-user", claims -> { }));
        refused("typ: JWT", signed("JWT", claims -> { }));
        refused("typ: plugin, for another audience", signed("vnd.backstage.plugin", claims -> claims.subject("catalog").audience("scaffolder")));
        refused("typ: plugin, its name a path", signed("vnd.backstage.plugin", claims -> claims.subject("../auth").audience("backstage-insights")));
        refused("another issuer", signed("vnd.backstage.user", claims -> claims.issuer("https://elsewhere.example.com/api/auth")));
        refused("expired", signed("vnd.backstage.user", claims -> claims.expirationTime(Date.from(Instant.now().minusSeconds(60)))));
        refused("not yet valid", signed("vnd.backstage.user", claims -> claims.notBeforeTime(Date.from(Instant.now().plusSeconds(60)))));
        refused("no sub", signed("vnd.backstage.user", claims -> claims.subject(null)));
        refused("sub that is no entity ref", signed("vnd.backstage.user", claims -> claims.subject("jane")));
        refused("sub with line breaks", signed("vnd.backstage.user", claims -> claims.subject("user:default/jane\r\nX-Injected: 1")));
        refused("a good token, one letter of the signature changed", flipped(installation.portal.userToken(JANE)));
        refused("a token of 7,500 letters", "x".repeat(7_500));
        int port = installation.relay.port();
        String head = "POST " + APP + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: " + EVENT.length() + "\r\n";
        int large = Wire.status(port, head + "Authorization: Bearer " + "x".repeat(1 << 20) + "\r\n\r\n" + EVENT);
        attacks.row("a token of 1 MB", "431, or closed", String.valueOf(large), large == 431 || large == 0);
        attacks.row("two Authorization headers, the second one good", 401, Wire.status(port, head + "Authorization: Bearer nonsense\r\nAuthorization: Bearer "
                + installation.portal.userToken(JANE) + "\r\n\r\n" + EVENT));
        attacks.row("a good token as a parameter instead (access_token)", 401, installation.relay.post(AGENT + "?access_token=" + installation.portal.userToken(JANE), EVENT).statusCode());
        for (String name : new String[] {"Authorization", "authorization", "AUTHORIZATION", "%41uthorization"}) {
            attacks.row("a good token as a parameter instead (" + name + ")", 400,
                    installation.relay.post(AGENT + "?" + name + "=Bearer%20" + installation.portal.userToken(JANE), EVENT).statusCode());
        }
        attacks.row("a good token as a cookie instead", 401, installation.relay.post(AGENT, EVENT, "Cookie", "backstage-auth=" + installation.portal.userToken(JANE)).statusCode());
        attacks.row("Basic instead of Bearer", 401, installation.relay.post(AGENT, EVENT, "Authorization", "Basic " + installation.portal.userToken(JANE)).statusCode());
        attacks.row("a static token, its last letter missing", 401, post(AGENT, "static-ingest-toke"));
        attacks.row("requests to addresses that tokens name", 0, attacker.requests().size());

        rotation();
        outage();
        flood();
        assertThat(installation.relay.log()).doesNotContain("\tat ", " ERROR ");
        attacks.check();
    }

    private static String flipped(String token) {
        int at = token.length() - 10;
        return token.substring(0, at) + (token.charAt(at) == 'A' ? 'B' : 'A') + token.substring(at + 1);
    }

    private void rotation() {
        String old = installation.portal.userToken(JANE);
        post(APP, old);
        installation.portal.rotateKey("key-2");
        await().atMost(Duration.ofSeconds(30)).until(() -> post(APP, installation.portal.userToken(JANE)) == 202);
        await().atMost(Duration.ofSeconds(30)).until(() -> post(APP, old) == 401);
        attacks.row("a token of a key that the portal has removed", 401, post(APP, old));
    }

    private void outage() throws Exception {
        String known = installation.portal.userToken(JANE);
        attacks.row("(known key, portal there)", 202, post(APP, known));
        installation.portal.refuseConnections();
        ECKey other = new ECKeyGenerator(Curve.P_256).keyID("key-3").generate();
        String unknown = sign(new ECDSASigner(other), header("key-3").build(), claims().build());
        attacks.row("portal away: a known key", 202, post(APP, installation.portal.userToken("user:default/john")));
        // the tokens above may have used up what the relay asks of the portal for a moment; until it may ask again it does not know that the portal is away
        await().atMost(Duration.ofSeconds(30)).until(() -> post(APP, unknown) != 401);
        attacks.row("portal away: an unknown key, which could be a new one", 503, post(APP, unknown));
        installation.portal.acceptConnections();
    }

    private void flood() throws Exception {
        Map<Integer, Integer> answers = new TreeMap<>();
        long before = installation.portal.keyRequests();
        long begun = System.nanoTime();
        String signature = Base64URL.encode(new byte[64]).toString();
        for (int i = 0; i < 3_000; i++) {
            String token = header("flood-" + i).build().toBase64URL() + "." + claims().build().toPayload().toBase64URL() + "." + signature;
            answers.merge(post(APP, token), 1, Integer::sum);
        }
        long seconds = Duration.ofNanos(System.nanoTime() - begun).toSeconds() + 1;
        long asked = installation.portal.keyRequests() - before;
        // a burst of 5, one a second (auth.keys.interval above), and the refreshes of the known keys
        attacks.row("3,000 tokens with 3,000 unknown kids: requests to the portal", "at most one a second", asked + " in " + seconds + " s, answers " + answers,
                asked <= 5 + seconds + seconds / 2 && answers.keySet().stream().allMatch(status -> status == 401 || status == 503));
        attacks.row("(the portal's own token after that)", 202, post(APP, installation.portal.userToken(JANE)));
    }
}

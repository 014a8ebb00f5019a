package io.insightsrelay.auth;

import static io.insightsrelay.auth.FakeBackstage.LIMITED_USER;
import static io.insightsrelay.auth.FakeBackstage.USER;
import static io.insightsrelay.auth.FakeBackstage.claims;
import static io.insightsrelay.auth.FakeBackstage.ec;
import static io.insightsrelay.auth.FakeBackstage.rsa;
import static io.insightsrelay.auth.FakeBackstage.token;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.time.Duration;
import java.time.Instant;
import java.util.Date;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;

import com.nimbusds.jose.JOSEObjectType;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.PlainHeader;
import com.nimbusds.jose.crypto.MACSigner;
import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jose.jwk.RSAKey;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.PlainJWT;
import com.nimbusds.jwt.SignedJWT;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Which user tokens and static tokens are accepted, and what the others are told. */
class TokenVerifierTest {

    private static final ECKey KEY = ec("one");
    private static final RSAKey RSA_KEY = rsa("two");
    private static final String JANE = "user:default/Jane.Doe";

    private final FakeTime time = new FakeTime();
    private final Instant now = time.instant();
    private final FakeBackstage backstage = new FakeBackstage();
    private TokenVerifier verifier;

    @BeforeEach
    void start() {
        backstage.list(KEY, RSA_KEY);
        verifier = verifier();
    }

    @AfterEach
    void stop() {
        verifier.close();
        backstage.close();
    }

    private TokenVerifier verifier(String... changes) {
        return new TokenVerifier(Settings.with(changes), backstage.url(), time, time);
    }

    static Caller accept(CompletableFuture<Caller> verification) throws Exception {
        return verification.get(10, TimeUnit.SECONDS);
    }

    static Throwable refuse(CompletableFuture<Caller> verification) throws Exception {
        Throwable failure = verification.handle((caller, problem) -> problem).get(10, TimeUnit.SECONDS);
        assertThat(failure).as("the failure").isNotNull();
        return failure;
    }

    private void refused(String token, String reason) throws Exception {
        assertThat(refuse(verifier.verify(token))).isInstanceOf(AuthenticationException.class).hasMessageContaining(reason)
                .satisfies(failure -> assertThat(token.isEmpty() || !failure.getMessage().contains(token)).isTrue());
    }

    private JWTClaimsSet.Builder janes() {
        return claims(JANE, now).issuer(backstage.url() + "/api/auth").audience("backstage");
    }

    @Test
    void acceptsBothAlgorithmsAndKeepsTheCapitalsOfTheUser() throws Exception {
        Caller jane = new Caller(Caller.Type.USER, JANE, JANE);
        assertThat(accept(verifier.verify(backstage.userToken(KEY, JANE, now)))).isEqualTo(jane);
        assertThat(accept(verifier.verify(backstage.userToken(RSA_KEY, JANE, now)))).isEqualTo(jane);
        assertThat(backstage.requests).hasValue(1);
    }

    @Test
    void answersAKnownTokenAtOnce() throws Exception {
        String token = backstage.userToken(KEY, JANE, now);
        accept(verifier.verify(token));
        assertThat(verifier.verify(token)).isCompleted();
    }

    @Test
    void refusesTokensWithoutASignature() throws Exception {
        PlainHeader header = new PlainHeader.Builder().type(new JOSEObjectType(USER)).build();
        refused(new PlainJWT(header, janes().build()).serialize(), "alg must be ES256 or RS256");
    }

    @Test
    void refusesAPublicKeyUsedAsASharedSecret() throws Exception {
        JWSHeader header = new JWSHeader.Builder(JWSAlgorithm.HS256).type(new JOSEObjectType(USER)).keyID("two").build();
        SignedJWT jwt = new SignedJWT(header, janes().build());
        jwt.sign(new MACSigner(RSA_KEY.toRSAPublicKey().getEncoded()));
        refused(jwt.serialize(), "alg must be ES256 or RS256");
    }

    @Test
    void refusesAKeyOfTheOtherAlgorithm() throws Exception {
        refused(token(ec("two"), USER, janes().build()), "signature is wrong");
    }

    @ParameterizedTest
    @ValueSource(strings = {"JWT", "VND.backstage.user", "application/vnd.backstage.user", "vnd.backstage.user "})
    void refusesOtherTypes(String typ) throws Exception {
        refused(token(KEY, typ, janes().build()), "typ must be");
    }

    @Test
    void refusesLimitedUserTokens() throws Exception {
        refused(token(KEY, LIMITED_USER, claims(JANE, now).build()), "limited user token");
    }

    @Test
    void refusesAnotherIssuerUnlessConfigured() throws Exception {
        String token = token(KEY, USER, janes().issuer("https://portal.example.com/api/auth").build());
        refused(token, "iss must be " + backstage.url() + "/api/auth");
        refused(token(KEY, USER, janes().issuer(null).build()), "iss must be");
        try (TokenVerifier other = verifier("issuer", "https://portal.example.com/api/auth")) {
            assertThat(accept(other.verify(token)).user()).isEqualTo(JANE);
        }
    }

    @Test
    void honoursTheTimesInTheTokenToTheMillisecond() throws Exception {
        Duration skew = Settings.with().clockSkew();
        String token = token(KEY, USER, janes().notBeforeTime(Date.from(now.plusSeconds(60)))
                .expirationTime(Date.from(now.plusSeconds(90))).build());
        refused(token, "not yet valid");
        time.pass(Duration.ofSeconds(60).minus(skew).minusMillis(1));
        refused(token, "not yet valid");
        time.pass(Duration.ofMillis(1));
        assertThat(accept(verifier.verify(token)).user()).isEqualTo(JANE);
        time.pass(Duration.ofSeconds(30).plus(skew).plus(skew).minusMillis(1));
        assertThat(verifier.verify(token)).isCompletedWithValueMatching(caller -> JANE.equals(caller.user()));
        time.pass(Duration.ofMillis(1));
        refused(token, "expired");
    }

    @Test
    void refusesATokenThatExpiresWhileItsKeyIsFetched() throws Exception {
        backstage.hang();
        CompletableFuture<Caller> verification = verifier.verify(backstage.userToken(KEY, JANE, now));
        time.pass(Duration.ofHours(2));
        backstage.release();
        assertThat(refuse(verification)).isInstanceOf(AuthenticationException.class).hasMessageContaining("expired");
    }

    @Test
    void requiresExpiryIssueTimeSubjectAndKey() throws Exception {
        refused(token(KEY, USER, janes().expirationTime(null).build()), "no exp or no iat");
        refused(token(KEY, USER, janes().issueTime(null).build()), "no exp or no iat");
        refused(token(KEY, USER, janes().subject(null).build()), "no sub");
        refused(token(new ECKey.Builder(KEY).keyID(null).build(), USER, janes().build()), "kid is missing");
        refused(token(KEY, USER, janes().claim("exp", "tomorrow").build()), "claims cannot be read");
    }

    @ParameterizedTest
    @ValueSource(strings = {"jane", "user:jane", "default/jane", "user:default/", "user:default/a/b", "user:default/a b", "user:default/a\nb", ":/"})
    void refusesSubjectsThatAreNoEntityRef(String sub) throws Exception {
        refused(token(KEY, USER, janes().subject(sub).build()), "no entity ref");
    }

    @Test
    void refusesASignatureByAnotherKey() throws Exception {
        String forged = token(ec("one"), USER, janes().build());
        refused(forged, "signature is wrong");
        assertThat(verifier.verify(forged)).as("remembered for seconds").isCompletedExceptionally();
        String good = backstage.userToken(KEY, JANE, now);
        refused(good.substring(0, good.lastIndexOf('.') + 1) + forged.substring(forged.lastIndexOf('.') + 1), "signature is wrong");
    }

    @Test
    void refusesGarbage() throws Exception {
        refused("", "missing");
        refused("x".repeat(1 << 20), "longer than 8192");
        for (String garbage : new String[] {"x", "..", "a.b.c", "....", "e30.e30.e30", "bnVsbA.bnVsbA.bnVsbA", "\u0000", "\ud800"}) {
            refused(garbage, "");
        }
        String good = backstage.userToken(KEY, JANE, now);
        Random random = new Random(7);
        for (int i = 0; i < 2_000; i++) {
            StringBuilder damaged = new StringBuilder(good);
            damaged.setCharAt(random.nextInt(good.length()), (char) (' ' + random.nextInt(95)));
            if (!good.contentEquals(damaged)) {
                assertThat(refuse(verifier.verify(damaged.toString()))).isInstanceOf(AuthenticationException.class);
            }
        }
    }

    @Test
    void refusesOtherSpellingsOfAGoodToken() throws Exception {
        String good;
        do {
            good = backstage.userToken(KEY, JANE, now);
        } while (!good.substring(good.lastIndexOf('.')).contains("-"));
        assertThat(accept(verifier.verify(good)).user()).isEqualTo(JANE);
        int dash = good.lastIndexOf('-');
        refused(good.substring(0, dash) + "+" + good.substring(dash + 1), "not a JSON Web Token");
        // 86 characters hold 516 bits for the signature's 512, and the last four are zero.
        String last = String.valueOf((char) (good.charAt(good.length() - 1) + 1));
        refused(good.substring(0, good.length() - 1) + last, "not a JSON Web Token");
        refused(good + "==", "not a JSON Web Token");
        refused(" " + good, "not a JSON Web Token");
    }

    @Test
    void failsItsStageWithTheVeryException() throws Exception {
        CompletableFuture<Caller> stage = verifier.verify(token(ec("one"), USER, janes().build()));
        assertThat(stage).failsWithin(Duration.ofSeconds(10)).withThrowableOfType(ExecutionException.class)
                .withCauseInstanceOf(AuthenticationException.class);
        assertThat(refuse(stage)).isInstanceOf(AuthenticationException.class);
    }

    @Test
    void acceptsStaticTokensWithoutBackstage() throws Exception {
        AuthProperties properties = Settings.with("staticTokens[0].token", "first-secret", "staticTokens[0].subject", "my-agent",
                "staticTokens[1].token", "second-secret", "staticTokens[1].subject", "User:default/Jane",
                "staticTokens[2].token", "third-secret", "staticTokens[2].subject", "group:default/agents");
        try (TokenVerifier alone = new TokenVerifier(properties, " ", time, time)) {
            assertThat(alone.verify("first-secret")).isCompletedWithValue(new Caller(Caller.Type.SERVICE, "my-agent", null));
            assertThat(alone.verify("second-secret"))
                    .isCompletedWithValue(new Caller(Caller.Type.SERVICE, "User:default/Jane", "User:default/Jane"));
            assertThat(alone.verify("third-secret").get().user()).isNull();
            assertThat(refuse(alone.verify("fourth-secret"))).isInstanceOf(AuthenticationException.class);
            assertThat(refuse(alone.verify(backstage.userToken(KEY, JANE, now)))).isInstanceOf(AuthenticationException.class)
                    .hasMessageContaining("no Backstage is configured");
        }
        assertThat(backstage.requests).hasValue(0);
    }

    @Test
    void refusesABaseUrlThatIsNone() {
        for (String url : new String[] {"localhost:7007", "ftp://localhost", "http://", "http://a b"}) {
            assertThatIllegalArgumentException().isThrownBy(() -> new TokenVerifier(Settings.with(), url));
        }
        new TokenVerifier(Settings.with(), "http://localhost:7007/").close();
    }
}

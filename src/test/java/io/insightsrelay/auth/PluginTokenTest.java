package io.insightsrelay.auth;

import static io.insightsrelay.auth.FakeBackstage.LIMITED_USER;
import static io.insightsrelay.auth.FakeBackstage.USER;
import static io.insightsrelay.auth.FakeBackstage.claims;
import static io.insightsrelay.auth.FakeBackstage.ec;
import static io.insightsrelay.auth.FakeBackstage.pluginToken;
import static io.insightsrelay.auth.FakeBackstage.token;
import static io.insightsrelay.auth.TokenVerifierTest.accept;
import static io.insightsrelay.auth.TokenVerifierTest.refuse;
import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.util.Date;
import java.util.List;

import com.nimbusds.jose.jwk.ECKey;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Tokens of Backstage plugins, with and without a user. */
class PluginTokenTest {

    private static final ECKey USER_KEY = ec("user-key");
    private static final ECKey PLUGIN_KEY = ec("plugin-key");
    private static final String JANE = "user:default/jane";

    private final FakeTime time = new FakeTime();
    private final Instant now = time.instant();
    private final FakeBackstage backstage = new FakeBackstage();
    private TokenVerifier verifier;

    @BeforeEach
    void start() {
        backstage.list(USER_KEY);
        backstage.listPlugin("scaffolder", PLUGIN_KEY);
        verifier = new TokenVerifier(Settings.with(), backstage.url(), time, time);
    }

    @AfterEach
    void stop() {
        verifier.close();
        backstage.close();
    }

    private void refused(String token, String reason) throws Exception {
        assertThat(refuse(verifier.verify(token))).isInstanceOf(AuthenticationException.class).hasMessageContaining(reason);
    }

    private String onBehalfOf(String obo) {
        return pluginToken(PLUGIN_KEY, "scaffolder", now, claims -> claims.claim("obo", obo));
    }

    @Test
    void acceptsAPlugin() throws Exception {
        Caller caller = accept(verifier.verify(pluginToken(PLUGIN_KEY, "scaffolder", now, claims -> { })));
        assertThat(caller).isEqualTo(new Caller(Caller.Type.SERVICE, "plugin:scaffolder", null));
    }

    @Test
    void takesTheUserThatThePluginActsFor() throws Exception {
        Caller caller = accept(verifier.verify(onBehalfOf(token(USER_KEY, LIMITED_USER, claims(JANE, now).build()))));
        assertThat(caller).isEqualTo(new Caller(Caller.Type.SERVICE, "plugin:scaffolder", JANE));
    }

    @Test
    void expiresWithTheUsersToken() throws Exception {
        String token = onBehalfOf(token(USER_KEY, LIMITED_USER, claims(JANE, now).expirationTime(Date.from(now.plusSeconds(60))).build()));
        accept(verifier.verify(token));
        time.pass(Duration.ofSeconds(60).plus(Settings.with().clockSkew()));
        refused(token, "obo is refused: the token has expired");
    }

    @Test
    void refusesTheWholeTokenForABadUserToken() throws Exception {
        refused(onBehalfOf("x"), "obo is refused: not a JSON Web Token");
        refused(onBehalfOf(token(ec("user-key"), LIMITED_USER, claims(JANE, now).build())), "obo is refused: its signature is wrong");
        refused(onBehalfOf(token(PLUGIN_KEY, LIMITED_USER, claims(JANE, now).build())), "does not list for user tokens");
        refused(onBehalfOf(token(USER_KEY, LIMITED_USER, claims("jane", now).build())), "no entity ref");
        refused(onBehalfOf(token(USER_KEY, LIMITED_USER, claims(null, now).build())), "no sub");
        refused(onBehalfOf(token(USER_KEY, LIMITED_USER, claims(JANE, now.minusSeconds(7_200)).build())), "expired");
        refused(onBehalfOf(token(USER_KEY, USER, claims(JANE, now).build())), "no limited user token");
        refused(pluginToken(PLUGIN_KEY, "scaffolder", now, claims -> claims.claim("obo", 1)), "claims cannot be read");
    }

    @Test
    void refusesAnotherAudience() throws Exception {
        refused(pluginToken(PLUGIN_KEY, "scaffolder", now, claims -> claims.audience("catalog")), "aud must be backstage-insights");
        refused(pluginToken(PLUGIN_KEY, "scaffolder", now, claims -> claims.audience((String) null)), "aud must be");
        refused(pluginToken(PLUGIN_KEY, "scaffolder", now, claims -> claims.audience(List.of("backstage-insights", "catalog"))), "aud must be");
    }

    @Test
    void refusesAPluginWithTheKeyOfAnother() throws Exception {
        backstage.listPlugin("search", ec("search-key"));
        refused(pluginToken(PLUGIN_KEY, "search", now, claims -> { }), "does not list for the plugin search");
        refused(pluginToken(ec("plugin-key"), "scaffolder", now, claims -> { }), "signature is wrong");
        refused(token(PLUGIN_KEY, USER, claims(JANE, now).issuer(backstage.url() + "/api/auth").build()), "does not list for user tokens");
    }

    @Test
    void refusesAPluginThatDoesNotExist() throws Exception {
        refused(pluginToken(PLUGIN_KEY, "invented", now, claims -> { }), "does not list for the plugin invented");
    }

    @Test
    void cannotTellWhileBackstageIsDown() throws Exception {
        backstage.answerWith(503);
        assertThat(refuse(verifier.verify(pluginToken(PLUGIN_KEY, "scaffolder", now, claims -> { }))))
                .isInstanceOf(KeysUnavailableException.class);
        backstage.answerWith(200);
        accept(verifier.verify(pluginToken(PLUGIN_KEY, "scaffolder", now, claims -> { })));
    }

    @ParameterizedTest
    @ValueSource(strings = {"../auth", "a/b", "a?b", "a#b", "-a", "A", "a.b", "a%2fb", "a\n", "a@b", JANE})
    void lettersOfAPluginIdThatDoNotBelongInAUrlNeverReachOne(String sub) throws Exception {
        refused(pluginToken(PLUGIN_KEY, sub, now, claims -> { }), "no plugin id");
        refused(pluginToken(PLUGIN_KEY, "a".repeat(65), now, claims -> { }), "no plugin id");
        assertThat(backstage.requests).hasValue(0);
    }
}

package io.insightsrelay.auth;

import static io.insightsrelay.auth.FakeBackstage.PLUGIN;
import static io.insightsrelay.auth.FakeBackstage.USER;
import static io.insightsrelay.auth.FakeBackstage.claims;
import static io.insightsrelay.auth.FakeBackstage.ec;
import static io.insightsrelay.auth.TokenVerifierTest.accept;
import static io.insightsrelay.auth.TokenVerifierTest.refuse;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;

import com.nimbusds.jose.jwk.ECKey;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What Backstage's key list costs it and us: rotation, outages, floods. */
class KeyFetchingTest {

    private static final ECKey KEY = ec("one");
    private static final ECKey NEXT_KEY = ec("two");
    private static final String JANE = "user:default/jane";

    private final FakeTime time = new FakeTime();
    private final FakeBackstage backstage = new FakeBackstage();
    private final AuthProperties.Keys limits = Settings.with().keys();
    private TokenVerifier verifier;

    @BeforeEach
    void start() {
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

    private String token(ECKey key) {
        return token(key, JANE);
    }

    private String token(ECKey key, String user) {
        return backstage.userToken(key, user, time.instant());
    }

    @Test
    void picksUpTheFirstSignIn() throws Exception {
        assertThat(refuse(verifier.verify(token(KEY)))).isInstanceOf(AuthenticationException.class).hasMessageContaining("does not list");
        backstage.list(KEY);
        assertThat(accept(verifier.verify(token(KEY))).user()).isEqualTo(JANE);
    }

    @Test
    void picksUpARestartOfBackstageAtOnce() throws Exception {
        backstage.list(KEY);
        String old = token(KEY);
        accept(verifier.verify(old));
        backstage.list(NEXT_KEY);
        accept(verifier.verify(token(NEXT_KEY)));
        assertThat(refuse(verifier.verify(old))).as("its key is gone").isInstanceOf(AuthenticationException.class);
    }

    @Test
    void refusesARemovedKeyOnceTheKeysAreRefreshedAndFetchesNothingBefore() throws Exception {
        backstage.list(KEY, NEXT_KEY);
        String removed = token(KEY);
        String kept = token(NEXT_KEY);
        accept(verifier.verify(removed));
        accept(verifier.verify(kept));
        backstage.list(NEXT_KEY);
        time.pass(limits.refresh());
        accept(verifier.verify(removed));
        assertThat(backstage.requests).hasValue(1);
        time.pass(Duration.ofMillis(1));
        accept(verifier.verify(kept));
        await().untilAsserted(() -> assertThat(refuse(verifier.verify(removed))).hasMessageContaining("does not list"));
        assertThat(accept(verifier.verify(kept)).user()).isEqualTo(JANE);
    }

    @Test
    void aTokenInConstantUseRefreshesTheKeysToo() throws Exception {
        backstage.list(KEY);
        accept(verifier.verify(token(KEY, "user:default/a")));
        time.pass(limits.refresh().minusSeconds(1));
        String token = token(KEY);
        accept(verifier.verify(token));
        backstage.list();
        time.pass(Duration.ofSeconds(2));
        await().untilAsserted(() -> assertThat(verifier.verify(token)).isCompletedExceptionally());
    }

    @Test
    void keepsKnownKeysWhileBackstageIsDownAndCannotTellAboutOthers() throws Exception {
        backstage.list(KEY);
        String token = token(KEY);
        accept(verifier.verify(token));
        backstage.answerWith(503);
        for (int i = 0; i < 10; i++) {
            time.pass(limits.refresh().plusMillis(1));
            int expected = i + 2;
            await().untilAsserted(() -> {
                assertThat(accept(verifier.verify(token)).user()).isEqualTo(JANE);
                assertThat(backstage.requests).hasValueGreaterThanOrEqualTo(expected);
            });
        }
        assertThat(refuse(verifier.verify(token(NEXT_KEY)))).isInstanceOf(KeysUnavailableException.class);
        backstage.list(KEY, NEXT_KEY);
        backstage.answerWith(200);
        time.pass(limits.interval());
        accept(verifier.verify(token(NEXT_KEY)));
    }

    @Test
    void cannotTellWithoutAPermitWhileTheLastFetchFailed() throws Exception {
        backstage.answerWith(500);
        for (int i = 0; i < 50; i++) {
            assertThat(refuse(verifier.verify(token(KEY)))).isInstanceOf(KeysUnavailableException.class);
        }
        assertThat(backstage.requests).hasValueLessThanOrEqualTo(limits.burst());
    }

    @Test
    void cannotTellWithoutAPermitWhetherAKeyNeverAskedAboutExists() throws Exception {
        backstage.list(KEY);
        accept(verifier.verify(token(KEY)));
        String stranger = token(ec("stranger"));
        for (int i = 1; i < limits.burst(); i++) {
            assertThat(refuse(verifier.verify(stranger))).isInstanceOf(AuthenticationException.class);
        }
        assertThat(refuse(verifier.verify(token(NEXT_KEY)))).as("Backstage has answered just now").isInstanceOf(AuthenticationException.class);
        // which nothing has told the relay yet, and it may not ask
        backstage.answerWith(503);
        time.pass(Duration.ofSeconds(3));
        assertThat(refuse(verifier.verify(token(NEXT_KEY)))).isInstanceOf(KeysUnavailableException.class);
        assertThat(refuse(verifier.verify(stranger))).as("Backstage was asked about this one").isInstanceOf(AuthenticationException.class);
        assertThat(accept(verifier.verify(token(KEY, "user:default/another"))).user()).isEqualTo("user:default/another");
        time.pass(limits.interval());
        for (int i = 0; i < 3; i++) {
            assertThat(refuse(verifier.verify(token(NEXT_KEY)))).as("away when last asked").isInstanceOf(KeysUnavailableException.class);
        }
        backstage.answerWith(200);
        time.pass(limits.interval());
        assertThat(refuse(verifier.verify(token(NEXT_KEY)))).as("there, and does not list it").isInstanceOf(AuthenticationException.class);
        assertThat(backstage.requests).hasValue(limits.burst() + 2);
    }

    @Test
    void givesUpOnABackstageThatIsNotThereHangsOrAnswersNonsense() throws Exception {
        try (TokenVerifier nowhere = new TokenVerifier(Settings.with("issuer", backstage.url() + "/api/auth"), "http://localhost:1", time, time)) {
            assertThat(refuse(nowhere.verify(token(KEY)))).isInstanceOf(KeysUnavailableException.class);
        }
        backstage.serve(FakeBackstage.USER_KEYS, "<html>");
        assertThat(refuse(verifier.verify(token(KEY)))).isInstanceOf(KeysUnavailableException.class);
        backstage.serve(FakeBackstage.USER_KEYS, "{\"keys\":[]" + " ".repeat(1 << 20) + "}");
        assertThat(refuse(verifier.verify(token(KEY)))).isInstanceOf(KeysUnavailableException.class);
        backstage.hang();
        try (TokenVerifier hasty = verifier("keys.timeout", "200ms")) {
            assertThat(refuse(hasty.verify(token(KEY)))).isInstanceOf(KeysUnavailableException.class);
        }
    }

    @Test
    void requestsForTheSameTokenOrKeyShareOneFetch() throws Exception {
        backstage.list(KEY);
        backstage.hang();
        List<CompletableFuture<Caller>> stages = new ArrayList<>();
        for (int i = 0; i < 200; i++) {
            stages.add(verifier.verify(token(KEY, "user:default/u" + i % 100)));
        }
        assertThat(stages).noneMatch(CompletableFuture::isDone);
        stages.get(0).cancel(true);
        backstage.release();
        for (CompletableFuture<Caller> stage : stages.subList(1, 200)) {
            accept(stage);
        }
        assertThat(backstage.requests).hasValue(1);
    }

    @Test
    void asksAgainForAKeyThatWasMadeWhileAFetchHung() throws Exception {
        backstage.hang();
        List<CompletableFuture<Caller>> stages = new ArrayList<>();
        for (int i = 0; i < 50; i++) {
            stages.add(verifier.verify(token(KEY, "user:default/u" + i)));
        }
        backstage.release();
        for (CompletableFuture<Caller> stage : stages) {
            assertThat(refuse(stage)).isInstanceOf(AuthenticationException.class);
        }
        // The second is shared too; a third only if the machine dawdles between two of those who wait.
        assertThat(backstage.requests).satisfies(count -> assertThat(count.get()).isBetween(2, 3));
    }

    @Test
    void aFloodOfUnknownKeysIsAHandfulOfRequests() throws Exception {
        backstage.list(KEY);
        accept(verifier.verify(token(KEY)));
        List<CompletableFuture<Caller>> stages = new ArrayList<>();
        for (String token : FakeBackstage.unsigned(10_000, USER, claims(JANE, time.instant()).issuer(backstage.url() + "/api/auth").build())) {
            stages.add(verifier.verify(token));
        }
        for (CompletableFuture<Caller> stage : stages) {
            refuse(stage);
        }
        assertThat(backstage.requests).hasValueLessThanOrEqualTo(1 + limits.burst());
        assertThat(accept(verifier.verify(token(KEY, "user:default/another"))).user()).isEqualTo("user:default/another");
    }

    @Test
    void aFloodOfInventedPluginsIsAHandfulOfRequestsAndHarmsNoOther() throws Exception {
        backstage.listPlugin("scaffolder", KEY);
        String good = FakeBackstage.pluginToken(KEY, "scaffolder", time.instant(), claims -> { });
        accept(verifier.verify(good));
        for (int i = 0; i < 1_000; i++) {
            String invented = FakeBackstage.unsigned(1, PLUGIN, claims("invented-" + i, time.instant()).audience("backstage-insights").build()).get(0);
            refuse(verifier.verify(invented));
        }
        assertThat(backstage.requests).hasValueLessThanOrEqualTo(1 + limits.burst());
        assertThat(verifier.verify(good)).isCompleted();
        assertThat(accept(verifier.verify(FakeBackstage.pluginToken(KEY, "scaffolder", time.instant(), claims -> claims.jwtID("2")))).subject())
                .isEqualTo("plugin:scaffolder");
    }

    @Test
    void boundsWhatWaitsForKeys() throws Exception {
        backstage.list(KEY);
        backstage.hang();
        try (TokenVerifier small = verifier("pendingTokens", "2")) {
            CompletableFuture<Caller> first = small.verify(token(KEY, "user:default/a"));
            CompletableFuture<Caller> second = small.verify(token(KEY, "user:default/b"));
            assertThat(refuse(small.verify(token(KEY, "user:default/c")))).isInstanceOf(KeysUnavailableException.class);
            backstage.release();
            accept(first);
            accept(second);
            accept(small.verify(token(KEY, "user:default/c")));
        }
    }

    @Test
    void closingFailsWhatWaits() throws Exception {
        backstage.hang();
        CompletableFuture<Caller> waiting = verifier.verify(token(KEY));
        verifier.close();
        assertThat(refuse(waiting)).isInstanceOf(KeysUnavailableException.class);
    }
}

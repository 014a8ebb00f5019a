package io.insightsrelay.attacks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.insightsrelay.testing.Installation;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** One sender that takes more than its share: ingest.rateLimit. */
class FloodIT {

    private static final String APP = "/api/backstage-insights/events/app";
    private static final String EVENT = "{\"action\":\"click\",\"subject\":\"x\"}";

    @TempDir
    Path folder;
    private final AttackTable attacks = new AttackTable("flood");
    private Installation installation;

    @AfterEach
    void close() {
        installation.close();
    }

    private HttpResponse<String> post(String... headers) {
        return installation.relay.post(APP, EVENT, headers);
    }

    private Map<Integer, Integer> flood(int requests, String... headers) {
        Map<Integer, Integer> answers = new TreeMap<>();
        for (int i = 0; i < requests; i++) {
            answers.merge(post(headers).statusCode(), 1, Integer::sum);
        }
        return answers;
    }

    /** How many requests of an address that is allowed 50 a second get through, if it may send so many seconds' worth at once. */
    private static long allowed(long sinceNanos, int burstSeconds) {
        return Math.round(50 * (burstSeconds + (System.nanoTime() - sinceNanos) / 1e9)) + 1;
    }

    @Test
    void aUserAndAnAddressAreHeldToTheirLimits() {
        installation = new Installation(folder).start("--ingest.rateLimit.perUser=2", "--ingest.rateLimit.perAddress=50", "--ingest.rateLimit.burst=2s",
                "--ingest.rateLimit.trustedProxies[0]=10.0.0.0/8");
        String jane = "Bearer " + installation.portal.userToken("user:default/jane");
        Map<Integer, Integer> answers = flood(30, "Authorization", jane);
        attacks.row("one user, 30 requests at once, 2/s allowed", "202 for a few, 429 for the others", answers.toString(),
                answers.getOrDefault(202, 0) >= 4 && answers.getOrDefault(429, 0) >= 15 && answers.size() == 2);
        HttpResponse<String> refused = post("Authorization", jane);
        attacks.row("the answer", "429 with Retry-After", refused.statusCode() + " with Retry-After " + refused.headers().firstValue("Retry-After").orElse("missing"),
                refused.statusCode() == 429 && Integer.parseInt(refused.headers().firstValue("Retry-After").orElse("0")) >= 1 && refused.body().contains("TooManyRequestsError"));
        attacks.row("the same user with another token", 429, post("Authorization", "Bearer " + installation.portal.userToken("user:default/jane")).statusCode());
        attacks.row("(another user meanwhile)", 202, post("Authorization", "Bearer " + installation.portal.userToken("user:default/john")).statusCode());
        await().atMost(Duration.ofSeconds(20)).pollInterval(Duration.ofMillis(500)).until(() -> post("Authorization", jane).statusCode() == 202);
        attacks.row("(the user, after the time that Retry-After names)", 202, 202);
        long begun = System.nanoTime();
        Map<Integer, Integer> anonymous = flood(400);
        long most = allowed(begun, 2);
        attacks.row("one address without a token, 400 requests, 50/s allowed", "429 beyond " + most, anonymous.toString(),
                anonymous.getOrDefault(202, 0) <= most && anonymous.getOrDefault(429, 0) == 400 - anonymous.get(202) && anonymous.containsKey(429));
        // what it may send at once is used up
        begun = System.nanoTime();
        int accepted = 0;
        for (int i = 0; i < 200; i++) {
            accepted += post("X-Forwarded-For", "192.0.2." + i).statusCode() == 202 ? 1 : 0;
        }
        most = allowed(begun, 0);
        attacks.row("200 more with another X-Forwarded-For each time", "429 beyond " + most, accepted + " times 202", accepted <= most && accepted < 200);
        assertThat(installation.relay.log()).doesNotContain("\tat ", " ERROR ");
        attacks.check();
    }

    @Test
    void behindATrustedProxyEachClientHasItsOwn() {
        installation = new Installation(folder).start("--ingest.rateLimit.perAddress=1", "--ingest.rateLimit.burst=2s", "--ingest.rateLimit.trustedProxies[0]=127.0.0.0/8");
        Map<Integer, Integer> one = flood(20, "X-Forwarded-For", "203.0.113.7, 192.0.2.1");
        attacks.row("one client behind a trusted proxy, 1/s allowed", "429 for many", one.toString(), one.getOrDefault(429, 0) > 10);
        attacks.row("(another client behind it)", 202, post("X-Forwarded-For", "192.0.2.2").statusCode());
        attacks.row("the first one, who adds addresses in front", 429, post("X-Forwarded-For", "198.51.100.1, 192.0.2.1").statusCode());
        attacks.check();
    }
}

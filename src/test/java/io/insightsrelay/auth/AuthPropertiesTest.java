package io.insightsrelay.auth;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.time.Duration;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.boot.test.context.ConfigDataApplicationContextInitializer;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.util.unit.DataSize;

/** The section auth of the real application.yaml. */
class AuthPropertiesTest {

    private final ApplicationContextRunner application = new ApplicationContextRunner()
            .withInitializer(new ConfigDataApplicationContextInitializer()).withUserConfiguration(Application.class);

    @EnableConfigurationProperties(AuthProperties.class)
    static class Application {
    }

    @Test
    void bindsTheDefaults() {
        application.run(context -> {
            AuthProperties properties = context.getBean(AuthProperties.class);
            assertThat(properties.issuer()).isEmpty();
            assertThat(properties.requireUser()).isFalse();
            assertThat(properties.staticTokens()).isEmpty();
            assertThat(properties.pluginAudience()).isEqualTo("backstage-insights");
            assertThat(properties.clockSkew()).isEqualTo(Duration.ofSeconds(10));
            assertThat(properties.cachedTokens()).isEqualTo(10_000);
            assertThat(properties.pendingTokens()).isEqualTo(2_000);
            assertThat(properties.identitySalt()).isEmpty();
            assertThat(properties.identityHeader()).isEqualTo("X-Insights-Identity-Subject");
            assertThat(properties.keys()).isEqualTo(new AuthProperties.Keys(Duration.ofMinutes(5), 5, Duration.ofSeconds(10), 50,
                    Duration.ofSeconds(2), Duration.ofSeconds(5), DataSize.ofKilobytes(64)));
        });
    }

    @Test
    void takesTheEnvironmentVariables() {
        application.withPropertyValues("BACKSTAGE_TOKEN_ISSUER=https://portal.example.com/api/auth", "RELAY_IDENTITY_SALT=0815").run(context -> {
            AuthProperties properties = context.getBean(AuthProperties.class);
            assertThat(properties.issuer()).isEqualTo("https://portal.example.com/api/auth");
            assertThat(properties.identitySalt()).isEqualTo("0815");
            assertThat(properties.toString()).doesNotContain("0815");
        });
    }

    @ParameterizedTest
    @CsvSource({"'',8 characters", "s3cr3t-,8 characters", "s3cr3t- with space,none of them a space"})
    void refusesAStaticTokenThatIsTooWeakWithoutPrintingIt(String token, String reason) {
        application.withPropertyValues("auth.staticTokens[0].token=long-enough", "auth.staticTokens[0].subject=one",
                "auth.staticTokens[1].token=" + token, "auth.staticTokens[1].subject=two").run(context -> {
            StringWriter trace = new StringWriter();
            assertThat(context).hasFailed();
            context.getStartupFailure().printStackTrace(new PrintWriter(trace));
            assertThat(trace.toString()).contains("auth.staticTokens[1].token").contains(reason)
                    .doesNotContain("s3cr3t-").doesNotContain("long-enough");
        });
    }

    @ParameterizedTest
    @CsvSource({"auth.keys.refresh=0s,refresh", "auth.keys.burst=0,burst", "auth.clockSkew=-1s,clockSkew", "auth.pluginAudience=,pluginAudience",
            "auth.cachedTokens=0,cachedTokens", "auth.staticTokens[0].token=long-enough,auth.staticTokens[0].subject"})
    void refusesSettingsThatCannotWork(String setting, String named) {
        application.withPropertyValues(setting).run(context -> {
            StringWriter trace = new StringWriter();
            assertThat(context).hasFailed();
            context.getStartupFailure().printStackTrace(new PrintWriter(trace));
            assertThat(trace.toString()).contains(named);
        });
    }
}

package io.insightsrelay.deliver;

import static org.assertj.core.api.Assertions.assertThat;

import io.insightsrelay.event.Outcome.Type;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.sql.SQLException;
import java.time.Duration;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.concurrent.ExecutionException;
import org.apache.camel.CamelExecutionException;
import org.apache.camel.http.base.HttpOperationFailedException;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.common.errors.SaslAuthenticationException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.errors.TopicAuthorizationException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class FailurePolicyTest {

    @ParameterizedTest
    @CsvSource({"22P05,DEAD", "23502,DEAD", "28P01,UNAUTHORIZED", "08001,RETRY", "42P01,RETRY", "53300,RETRY", "57P03,RETRY", "'',RETRY", ",RETRY"})
    void knowsADatabasesFaultFromAnEvents(String sqlState, Type type) {
        assertThat(FailurePolicy.ofException(new CamelExecutionException("x", null, new SQLException("said", sqlState))).type()).isEqualTo(type);
    }

    @Test
    void knowsABrokersFaultFromAnEvents() {
        assertThat(FailurePolicy.ofException(new ExecutionException(new RecordTooLargeException("x"))).type()).isEqualTo(Type.DEAD);
        assertThat(FailurePolicy.ofException(new ExecutionException(new TopicAuthorizationException("x"))).type()).isEqualTo(Type.UNAUTHORIZED);
        assertThat(FailurePolicy.ofException(new SaslAuthenticationException("x")).type()).isEqualTo(Type.UNAUTHORIZED);
        assertThat(FailurePolicy.ofException(new ExecutionException(new TimeoutException("x"))).type()).isEqualTo(Type.RETRY);
        assertThat(FailurePolicy.ofException(new KafkaException("no resolvable bootstrap urls")).type()).isEqualTo(Type.RETRY);
    }

    @ParameterizedTest
    @CsvSource({
        "200,DELIVERED", "202,DELIVERED", "204,DELIVERED",
        "400,DEAD", "404,DEAD", "405,DEAD", "410,DEAD", "413,DEAD", "415,DEAD", "422,DEAD", "418,DEAD", "451,DEAD",
        "401,UNAUTHORIZED", "403,UNAUTHORIZED",
        "408,RETRY", "425,RETRY", "429,RETRY", "500,RETRY", "502,RETRY", "503,RETRY", "504,RETRY", "599,RETRY", "301,RETRY",
    })
    void followsTheTable(int status, Type type) {
        assertThat(FailurePolicy.ofAnswer(status, null).type()).isEqualTo(type);
        if (type != Type.DELIVERED) {
            assertThat(FailurePolicy.ofAnswer(status, null).status()).isEqualTo(status);
            HttpOperationFailedException thrown = new HttpOperationFailedException("http://x", status, "", null, null, "");
            assertThat(FailurePolicy.ofException(new CamelExecutionException("wrapped", null, thrown)).type()).isEqualTo(type);
        }
    }

    @Test
    void noAnswerIsTriedAgain() {
        assertThat(FailurePolicy.ofAnswer(null, null).type()).isEqualTo(Type.RETRY);
    }

    @Test
    void whatTheNetworkThrowsIsTriedAgainAndWhatAStepThrowsIsSuspect() {
        assertThat(FailurePolicy.ofException(new IOException("reset")).type()).isEqualTo(Type.RETRY);
        assertThat(FailurePolicy.ofException(new RuntimeException(new SocketTimeoutException("slow"))).type()).isEqualTo(Type.RETRY);
        assertThat(FailurePolicy.ofException(new IllegalStateException("bug"))).satisfies(outcome -> {
            assertThat(outcome.type()).isEqualTo(Type.FAILED);
            assertThat(outcome.reason()).isEqualTo("IllegalStateException: bug");
        });
    }

    @Test
    void retryAfterIsSecondsOrADate() {
        assertThat(FailurePolicy.ofAnswer(429, "120").retryAfter()).isEqualTo(Duration.ofMinutes(2));
        String date = DateTimeFormatter.RFC_1123_DATE_TIME.format(ZonedDateTime.now(ZoneOffset.UTC).plusSeconds(90));
        assertThat(FailurePolicy.ofAnswer(503, date).retryAfter()).isBetween(Duration.ofSeconds(80), Duration.ofSeconds(90));
        assertThat(FailurePolicy.ofAnswer(503, "Sun, 06 Nov 1994 08:49:37 GMT").retryAfter()).isZero();
    }

    @ParameterizedTest
    @ValueSource(strings = {"soon", "", "-1", "1e9", "99999999999999999999"})
    void aRetryAfterThatIsNonsenseCountsAsAbsent(String header) {
        assertThat(FailurePolicy.ofAnswer(503, header).retryAfter()).isNull();
    }
}

package io.insightsrelay.redact;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.BooleanNode;
import com.fasterxml.jackson.databind.node.LongNode;
import com.fasterxml.jackson.databind.node.TextNode;
import io.insightsrelay.redact.Findings.Span;
import io.insightsrelay.redact.RedactProperties.Detector;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RedactorTest {

    /** As the relay ships. */
    private static final Redactor REDACTOR = new Redactor(Shipped.properties());

    private static RedactProperties with(List<String> keys, List<String> patterns, List<String> allow) {
        return new RedactProperties(true, "***", Set.of(Detector.values()), Set.of("US"), keys, patterns, allow, Shipped.properties().sent());
    }

    private static Map<String, JsonNode> members(String... namesAndValues) {
        Map<String, JsonNode> members = new LinkedHashMap<>();
        for (int i = 0; i < namesAndValues.length; i += 2) {
            members.put(namesAndValues[i], TextNode.valueOf(namesAndValues[i + 1]));
        }
        return members;
    }

    private static String redacted(String name, String value) {
        Map<String, JsonNode> members = members(name, value);
        REDACTOR.redact(members);
        return members.get(name).textValue();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', value = {
        "jane.doe@example.com                       | [redacted]",
        "Jane Doe <jane+x@mail.example.co.uk>, team | Jane Doe <[redacted]>, team",
        "jörg@müller.example                        | [redacted]",
        "mailto:jane@example.com?subject=x          | mailto:[redacted]?subject=x",
        "user:default/jane@example.com              | user:default/[redacted]",
        "{\"mail\":\"jane@example.com\"}            | {\"mail\":\"[redacted]\"}",
        "https://x.example/?m=jane%40example.com    | https://x.example/?m=[redacted]",
        "+1 415-555-2671                            | [redacted]",
        "+49 30 901820                              | [redacted]",
        "+41446681800                               | [redacted]",
        "call (415) 555-2671 now                    | call [redacted] now",
        "415-555-2671                               | [redacted]",
        "192.168.1.17                               | [redacted]",
        "from 10.0.0.1:8080 on                      | from [redacted]:8080 on",
        "http://10.1.2.3/path                       | http://[redacted]/path",
        "2001:db8::ff00:42:8329                     | [redacted]",
        "fe80::1                                    | [redacted]",
        "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJqYW5lIn0.c2lnbmF0dXJl | [redacted]",
        "AKIAIOSFODNN7EXAMPLE                       | [redacted]",
        "ghp_abcdefghijklmnopqrstuvwxyz0123456789   | [redacted]",
        "xoxb-123456789012-abcdefABCDEF             | [redacted]",
        "password=hunter2!                          | password=[redacted]",
        "Authorization: Bearer abcdef0123456789     | Authorization: Bearer [redacted]",
        "https://bob:s3cret@git.example.com/x       | https://[redacted]@git.example.com/x",
        "4111 1111 1111 1111                        | [redacted]",
        "card 5500005555555559.                     | card [redacted].",
        "DE89 3704 0044 0532 0130 00                | [redacted]",
        "GB82WEST12345698765432                     | [redacted]",
        "?iban=DE89+3704+0044+0532+0130+00&x=1      | ?iban=[redacted]&x=1",
        "/s?a=jane@example.com&b=bob%40example.com  | /s?a=[redacted]&b=[redacted]",
        "/s?to=%252B1%2520415-555-2671              | /s?to=[redacted]",
        "{\\\"m\\\":\\\"jane\\u0040example.com\\\"} | {\\\"m\\\":\\\"[redacted]\\\"}",
        "SSN 078-05-1120                            | SSN [redacted]",
        "AB123456C                                  | [redacted]",
        "12345678Z                                  | [redacted]",
        "RSSMRA85T10A562S                           | [redacted]",
        "CPF 52998224725                            | CPF [redacted]",
        "529.982.247-25                             | [redacted]",
        "811218-9876                                | [redacted]",
        "Steuer-ID 86095742719                      | Steuer-ID [redacted]",
        "tel 4155552671                             | tel [redacted]",
        "::ffff:10.0.0.1                            | [redacted]",
    })
    void takesPersonalDataOutOfValues(String value, String expected) {
        assertThat(redacted("entity.spec.note", value)).isEqualTo(expected);
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "service", "production", "PT4H", "P1DT2H", "group:default/team-4155552671", "user:default/jane.doe", "component:default/pay-4111111111111111",
        "1.2.3", "v1.2.3.4", "version 1.2.3.4", "1.2.3.4-beta.5", "2026-11-24", "2026-11-24T02:10:22Z", "2026-11-24 02:10:22.123456", "12:30:45",
        "3f2b8c1e-5d7a-4e0b-9c1d-2a3b4c5d6e7f", "d41d8cd98f00b204e9800998ecf8427e", "e82849f1c0ffee00b23fde2b5753e10c889b64d6", "std::vector", "a::b",
        "1234567890", "52998224725", "078-05-112", "000-12-3456", "12345678A", "RSSMRA85T10A562X", "529.982.247-26", "Chrome/126.0.0.0", "git@github.com:org/repo.git",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "arn:aws:iam::123456789012:role/x", "1.234.567,89 EUR", "978-3-16-148410-0", "password reset", "order 20261124-0017", "ORD-4155552671", "4111111111111112", "1732413022123", "100%", "localhost:7007", "DE89370400440532013001",
        "https://github.com/org/repo/blob/main/README.md", "url:https://example.com/a_b", "@scope/package", "a@b", "1,000,000", "12.5",
    })
    void leavesLookAlikesAlone(String value) {
        assertThat(redacted("entity.spec.note", value)).isEqualTo(value);
    }

    @Test
    void anAddressThatIsAVersionByItsNameStays() {
        assertThat(redacted("entity.spec.apiVersion", "10.0.0.1")).isEqualTo("10.0.0.1");
    }

    @Test
    void namesPicturesAndAddressesOfUsersAreTakenOutByTheMembersName() {
        Map<String, JsonNode> members = members("user.spec.profile.displayName", "Jane Doe", "user.spec.profile.picture", "https://example.com/1.png",
                "user.metadata.title", "Jane", "user.metadata.annotations.example.com/user-principal-name", "jdoe", "user.metadata.namespace", "default",
                "entity.metadata.title", "Pet Store");
        REDACTOR.redact(members);
        assertThat(members.values()).extracting(JsonNode::textValue).containsExactly(
                "[redacted]", "[redacted]", "[redacted]", "[redacted]", "default", "Pet Store");
    }

    @Test
    void memberNamesAreCleanedTooAndStayApart() {
        Map<String, JsonNode> members = members("entity.metadata.annotations.a@example.com", "1", "entity.metadata.annotations.b@example.com", "2", "entity.kind", "API");
        REDACTOR.redact(members);
        assertThat(members).hasSize(3).containsKey("entity.kind");
        assertThat(members.keySet()).noneMatch(name -> name.contains("@"));
        assertThat(members.values()).extracting(JsonNode::textValue).containsExactly("1", "2", "API");
    }

    @Test
    void whatIsNoTextStaysAsItIs() {
        Map<String, JsonNode> members = new LinkedHashMap<>();
        members.put("entity.spec.replicas", LongNode.valueOf(3));
        members.put("entity.spec.public", BooleanNode.TRUE);
        members.put("entity.spec.card", LongNode.valueOf(4111111111111111L));
        REDACTOR.redact(members);
        assertThat(members.get("entity.spec.replicas")).isEqualTo(LongNode.valueOf(3));
        assertThat(members.get("entity.spec.public")).isEqualTo(BooleanNode.TRUE);
        assertThat(members.get("entity.spec.card").textValue()).isEqualTo("[redacted]");
    }

    @Test
    void twiceIsOnce() {
        String once = redacted("entity.spec.note", "jane@example.com +1 415-555-2671 password=abcdef");
        assertThat(redacted("entity.spec.note", once)).isEqualTo(once);
    }

    @Test
    void keysPatternsAndAllowListAreSettings() {
        Redactor redactor = new Redactor(with(List.of("entity.*.secretName"), List.of("EMP-[0-9]{6}"), List.of("entity.spec.contact", "noreply@example.com")));
        Map<String, JsonNode> members = members("entity.spec.secretName", "x", "entity.spec.note", "by EMP-123456", "entity.spec.contact", "a@example.com",
                "entity.spec.from", "noreply@example.com", "entity.spec.to", "b@example.com");
        redactor.redact(members);
        assertThat(members.values()).extracting(JsonNode::textValue).containsExactly("***", "by ***", "a@example.com", "noreply@example.com", "***");
    }

    @Test
    void settingsThatMakeNoSenseAreNamed() {
        assertThatThrownBy(() -> new Redactor(with(List.of(), List.of("(a"), List.of()))).hasMessageContaining("redact.patterns: '(a'").hasMessageContaining("RE2");
        assertThatThrownBy(() -> new Redactor(with(List.of(), List.of("x*"), List.of()))).hasMessageContaining("empty text");
        assertThatThrownBy(() -> new Redactor(new RedactProperties(true, "x", Set.of(), Set.of("Atlantis"), List.of(), List.of(), List.of(), Shipped.properties().sent())))
                .hasMessageContaining("redact.regions holds Atlantis");
    }

    @Test
    void anyTextIsTakenApartWithoutFailingAndWhatIsFoundIsInOrder() {
        String[] parts = {"1", "12", "2026", "0", "+", "(", ")", "-", ".", " ", "/", "@", ":", "::", "%", "%4", "%40", "%C3", "\\u00", "\\", "\\u0041", "a", "AB", "xoxb-", "eyJ", "tel",
            "password=", "Bearer ", "://", "user:", "DE89", "\u00e9", "\u6f22", "\ud800", "\u0000", "\n", "-----BEGIN ", "PRIVATE KEY-----", "4111111111111111", "=", "?", "&", "X1234567"};
        Random random = new Random(1);
        for (int i = 0; i < 50_000; i++) {
            StringBuilder text = new StringBuilder();
            random.ints(1 + random.nextInt(14), 0, parts.length).forEach(part -> text.append(parts[part]));
            int from = 0;
            for (Span span : REDACTOR.find("entity.spec.note", text.toString())) {
                assertThat(span.start()).as("%s in %s", span, text).isGreaterThanOrEqualTo(from);
                assertThat(span.end()).as("%s in %s", span, text).isGreaterThan(span.start()).isLessThanOrEqualTo(text.length());
                from = span.end();
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"eyJ-, 30000", "sk-a, 30000", "eyJhbGciOiJFUzI1NiJ9-, 10000", "tel 1 , 30000", "1 , 100000", "4111 , 40000", "password: a, 30000", "bearer a.basic b., 20000", "user:a/b , 30000", "%25, 50000", "xoxb-, 30000", "-----BEGIN , 30000", "a:b@, 30000", "://a:, 30000", "DE89 3704 , 20000", "+1 415-555-2671 , 3000", "a@, 50000", "1.1.1.1., 30000", "+1 , 30000", "::1, 50000", "password=, 30000", "%40, 50000", "12 , 50000"})
    void hostileTextEndsInTime(String part, int times) {
        Assertions.assertTimeoutPreemptively(Duration.ofSeconds(20), () -> redacted("entity.spec.note", part.repeat(times)));
    }
}

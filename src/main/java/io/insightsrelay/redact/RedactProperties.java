package io.insightsrelay.redact;

import jakarta.validation.constraints.NotNull;
import java.util.List;
import java.util.Set;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.validation.annotation.Validated;

/**
 * The {@code redact} section of application.yaml.
 *
 * @param enabled     whether anything is taken out
 * @param replacement what stands in its place
 * @param detectors   what is looked for in values and member names
 * @param region      ISO 3166 country whose national phone numbers are recognised
 * @param keys        members whose whole value is taken out, by name; * stands for any characters
 * @param patterns    further patterns of personal data, in RE2 syntax
 * @param allow       members, by name with *, or exact values that stay as they are
 */
@Validated
@ConfigurationProperties("redact")
public record RedactProperties(boolean enabled, @NotNull String replacement, @NotNull Set<Detector> detectors, @NotNull String region,
                               @NotNull List<String> keys, @NotNull List<String> patterns, @NotNull List<String> allow) {

    /** What is looked for. */
    public enum Detector {
        /** E-mail addresses. */
        EMAIL,
        /** Phone numbers. */
        PHONE,
        /** IP addresses, v4 and v6. */
        IP,
        /** Tokens, API keys, passwords, private keys. */
        CREDENTIAL,
        /** Payment card numbers. */
        CARD,
        /** International bank account numbers. */
        IBAN
    }
}

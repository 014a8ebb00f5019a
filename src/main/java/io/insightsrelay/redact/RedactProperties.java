package io.insightsrelay.redact;

import io.insightsrelay.config.SettingsSection;
import io.insightsrelay.event.Event;
import jakarta.validation.Valid;
import jakarta.validation.constraints.NotNull;
import java.util.List;
import java.util.Set;
import org.springframework.boot.context.properties.ConfigurationProperties;

/**
 * The {@code redact} section of application.yaml.
 *
 * @param enabled     whether anything is taken out
 * @param replacement what stands in its place
 * @param detectors   what is looked for in values and member names
 * @param regions     ISO 3166 countries whose national phone numbers are recognised
 * @param keys        members whose whole value is taken out, by name; * stands for any characters
 * @param patterns    further patterns of personal data, in RE2 syntax
 * @param sent        what becomes of personal data that events carry when they arrive
 * @param allow       members, by name with *, or exact values that stay as they are
 */
@ConfigurationProperties("redact")
public record RedactProperties(boolean enabled, @NotNull String replacement, @NotNull Set<Detector> detectors, @NotNull Set<String> regions,
                               @NotNull List<String> keys, @NotNull List<String> patterns, @NotNull List<String> allow, @NotNull @Valid Sent sent) implements SettingsSection {

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
        IBAN,
        /** National ids of people and their tax numbers: US, GB, FR, ES, DE, IT, SE, BR, PL. */
        NATIONAL_ID
    }

    /**
     * The {@code redact.sent} section: personal data that events carry when they arrive.
     *
     * @param interfaces         whose events: events for /v1/events, app and agent for those of Insights
     * @param remove             members that are removed, by path; * stands for any characters
     * @param removeUserEntities whether objects that are a User of the catalog are removed wherever they are
     * @param users              members whose value names a user, by path with *: a text is hashed, an object removed
     * @param hash               how users are hashed
     * @param salt               secret of the hash; empty: users are taken out instead
     */
    public record Sent(@NotNull Set<Event.Endpoint> interfaces, @NotNull List<String> remove, boolean removeUserEntities, @NotNull List<String> users,
                       @NotNull Hash hash, @NotNull String salt) {

        @Override
        public String toString() {
            return "Sent[interfaces=" + interfaces + ", remove=" + remove + ", removeUserEntities=" + removeUserEntities + ", users=" + users + ", hash=" + hash + "]";
        }
    }

    /** How a user is hashed; 64 hex digits come of either. */
    public enum Hash {
        /** HMAC-SHA-256 (RFC 2104) of the UTF-8 bytes of the user, with the salt as its key. */
        HMAC_SHA256,
        /** SHA-256 of the user followed by the salt, as in the identity of agent events. */
        SHA256
    }
}

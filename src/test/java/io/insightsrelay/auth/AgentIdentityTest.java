package io.insightsrelay.auth;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Locale;

import org.junit.jupiter.api.Test;

class AgentIdentityTest {

    private static final String JANE = "user:default/jane";
    // printf 'user:default/janepepper' | sha256sum, and the same without the salt
    private static final String SALTED = "7d5ce46f9bb9d9b24eed056461d7250779e6dba721ebe7fcf44dfe0177da440e";
    private static final String UNSALTED = "5d35f8c857d864a884bc870ad6bad7bfc242bb70015af58617522b1a7486e99d";

    private final AgentIdentity identity = new AgentIdentity("pepper");

    @Test
    void takesTheUserWhoseSaltedHashTheEventCarries() {
        assertThat(identity.user(JANE, SALTED)).isEqualTo(JANE);
        assertThat(identity.user(JANE, SALTED.toUpperCase(Locale.ROOT))).isEqualTo(JANE);
        assertThat(new AgentIdentity("").user(JANE, UNSALTED)).isEqualTo(JANE);
    }

    @Test
    void takesNoUserOtherwise() {
        assertThat(identity.user(JANE, UNSALTED)).isNull();
        assertThat(identity.user("user:default/john", SALTED)).isNull();
        assertThat(identity.user("User:default/jane", SALTED)).isNull();
        assertThat(identity.user(null, SALTED)).isNull();
        assertThat(identity.user(JANE, null)).isNull();
        assertThat(identity.user(JANE, "")).isNull();
        assertThat(identity.user(JANE, "zz" + SALTED.substring(2))).isNull();
        assertThat(identity.user(JANE, SALTED + "00")).isNull();
    }

    @Test
    void theHeaderMustBeAnEntityRef() {
        // The salt could otherwise be split between header and salt: "user:default/jane" + "pepper" hashes as "user:default/janepepper" + "".
        assertThat(new AgentIdentity("/janepepper").user("user:default", SALTED)).isNull();
        assertThat(new AgentIdentity("epper").user("user:default/janep", SALTED)).isEqualTo("user:default/janep");
    }
}

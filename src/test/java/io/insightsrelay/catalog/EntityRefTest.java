package io.insightsrelay.catalog;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.NullAndEmptySource;
import org.junit.jupiter.params.provider.ValueSource;

class EntityRefTest {

    @ParameterizedTest
    @CsvSource({
        "User:default/Dmitri.Lopez, user:default/dmitri.lopez",
        "component:PetStore,        component:default/petstore",
        "API:Ns-1/a_b.c-d,          api:ns-1/a_b.c-d",
    })
    void isWrittenInFullAndInLowerCase(String ref, String normalised) {
        assertThat(EntityRef.normalise(ref)).contains(normalised);
    }

    @ParameterizedTest
    @NullAndEmptySource
    @ValueSource(strings = {"petstore", "default/petstore", "component:", "component:a/b/c", "https://example.com/x", "user:default/jane@example.com",
        "component:default/a b", "component:default/a\",\"user:default/b", "1kind:default/a", "component:/a", "a:b:c"})
    void garbageIsNone(String ref) {
        assertThat(EntityRef.normalise(ref)).isEmpty();
    }

    @Test
    void takesADefaultKind() {
        assertThat(EntityRef.normalise("team-a", "group")).contains("group:default/team-a");
        assertThat(EntityRef.normalise("other/team-a", "group")).contains("group:other/team-a");
        assertThat(EntityRef.normalise("user:jane", "group")).contains("user:default/jane");
    }
}

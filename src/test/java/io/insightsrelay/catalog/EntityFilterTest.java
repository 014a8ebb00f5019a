package io.insightsrelay.catalog;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class EntityFilterTest {

    private static final JsonNode GROUP = json("""
            {'kind':'Group','metadata':{'name':'Team-A','annotations':{'example.com/cost':'x','example.com/cost.center':'7','example.com/insights':true},
             'tags':['One','two']},'spec':{'type':'team','level':3},'relations':[{'type':'childOf','targetRef':'group:default/Parent'}]}""");

    static JsonNode json(String text) {
        try {
            return new ObjectMapper().readTree(text.replace('\'', '"'));
        } catch (Exception e) {
            throw new IllegalArgumentException(e);
        }
    }

    private static boolean matches(Object filter) {
        return EntityFilter.of("filter", filter).matches(GROUP);
    }

    @Test
    void allKeysOfAMapHaveToMatchAndAnyOfTheValues() {
        assertThat(matches(Map.of("kind", "group", "spec.type", List.of("squad", "TEAM")))).isTrue();
        assertThat(matches(Map.of("kind", "group", "spec.type", "squad"))).isFalse();
    }

    @Test
    void anyMapOfAListMayMatch() {
        assertThat(matches(List.of(Map.of("spec.type", "squad"), Map.of("metadata.name", "team-a")))).isTrue();
        assertThat(matches(List.of(Map.of("spec.type", "squad"), Map.of("metadata.name", "team-b")))).isFalse();
    }

    @Test
    void keysMayHoldDotsAndSlashesAndBooleansAndNumbersCompareAsText() {
        assertThat(matches(Map.of("metadata.annotations.example.com/insights", true))).isTrue();
        assertThat(matches(Map.of("metadata.annotations.example.com/insights", "True"))).isTrue();
        assertThat(matches(Map.of("metadata.annotations.example.com/cost.center", 7))).isTrue();
        assertThat(matches(Map.of("Metadata.Annotations.Example.com/COST", "X"))).isTrue();
        assertThat(matches(Map.of("spec.level", "3"))).isTrue();
    }

    @Test
    void aListMatchesIfOneItemDoesAndRelationsAreTheirTargets() {
        assertThat(matches(Map.of("metadata.tags", "one"))).isTrue();
        assertThat(matches(Map.of("metadata.tags", "three"))).isFalse();
        assertThat(matches(Map.of("relations.childOf", "group:default/parent"))).isTrue();
        assertThat(matches(Map.of("relations.childof", "group:default/other"))).isFalse();
    }

    @Test
    void whatIsMissingOrAnObjectDoesNotMatch() {
        assertThat(matches(Map.of("spec.nothing", "x"))).isFalse();
        assertThat(matches(Map.of("spec", "team"))).isFalse();
    }

    @Test
    void noFilterAcceptsAll() {
        for (Object none : Arrays.asList(null, Map.of(), List.of())) {
            assertThat(matches(none)).isTrue();
        }
    }

    @Test
    void whatMakesNoSenseIsNamed() {
        assertThatThrownBy(() -> EntityFilter.of("x.filter", "team")).hasMessageContaining("x.filter is team").hasMessageContaining("allowed is a map");
        assertThatThrownBy(() -> EntityFilter.of("x.filter", Map.of("spec.type", Map.of("a", 1)))).hasMessageContaining("x.filter.spec.type is {a=1}");
        assertThatThrownBy(() -> EntityFilter.of("x.filter", Map.of("spec..type", "a"))).hasMessageContaining("spec..type");
    }

    @Test
    void becomesAQueryWithFurtherConditions() {
        EntityFilter filter = EntityFilter.of("filter", List.of(Map.of("spec.type", List.of("a", "b")), Map.of("metadata.namespace", "x")));
        assertThat(filter.toQuery(Map.of("kind", List.of("user")))).containsExactly("kind=user,spec.type=a,spec.type=b", "kind=user,metadata.namespace=x");
        assertThat(EntityFilter.ALL.toQuery(Map.of("kind", List.of("user")))).containsExactly("kind=user");
    }

    @Test
    void pathsFindTheLongestKeyThatLeadsSomewhere() {
        assertThat(new FieldPath("metadata.annotations.example.com/cost.center").in(GROUP)).hasToString("\"7\"");
        assertThat(new FieldPath("metadata.annotations.example.com/cost").in(GROUP)).hasToString("\"x\"");
        assertThat(new FieldPath("metadata.tags.1").in(GROUP)).hasToString("\"two\"");
        assertThat(new FieldPath("metadata.Tags.1").in(GROUP)).isNull();
        assertThat(new FieldPath("metadata.annotations.example.com/cost.center").catalogField()).isEqualTo("metadata.annotations");
        assertThat(new FieldPath("spec.type").catalogField()).isEqualTo("spec.type");
        assertThat(new FieldPath("relations.memberOf").catalogField()).isEqualTo("relations");
    }
}

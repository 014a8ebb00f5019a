package io.insightsrelay.catalog;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.springframework.boot.env.YamlPropertySourceLoader;
import org.springframework.core.env.MapPropertySource;
import org.springframework.core.env.StandardEnvironment;
import org.springframework.core.io.ByteArrayResource;

class BackstageBlockTest {

    private static BackstageBlock read(String yaml) throws IOException {
        StandardEnvironment environment = new StandardEnvironment();
        environment.getPropertySources().addFirst(new MapPropertySource("environment", Map.of("TEAM_TYPE", "team")));
        new YamlPropertySourceLoader().load("application.yaml", new ByteArrayResource(yaml.getBytes(StandardCharsets.UTF_8)))
                .forEach(source -> environment.getPropertySources().addLast(source));
        return BackstageBlock.from(environment);
    }

    private static boolean accepts(EntityFilter filter, String group) throws IOException {
        return filter.matches(new ObjectMapper().readTree(group.replace('\'', '"')));
    }

    @Test
    void aBlockAsItStandsInAppConfigIsReadUnchanged() throws IOException {
        BackstageBlock block = read("""
                backstageInsights:
                  debug: true
                  hostFilter:
                    - portal.example.com
                  captureEntityFields:
                    - metadata.annotations.backstage.io/source-location
                    - metadata.annotations.example.com/cost.center
                  captureIdentityFields: spec.profile
                  captureIdentityGroupsFilter:
                    kind: Group
                    spec.type: [team, "squad"]
                    metadata.annotations.example.com/insights: true
                    'metadata.annotations.example.com/level': 3
                  totalUsersEntityQueryFilter:
                    - spec.type: employee
                      metadata.namespace: default
                    - metadata.annotations.example.com/a.b: x
                  somethingNew: {a: 1}
                """);
        assertThat(block.debug()).isTrue();
        assertThat(block.captureEntityFields()).extracting(FieldPath::text).containsExactly(
                "metadata.annotations.backstage.io/source-location", "metadata.annotations.example.com/cost.center");
        assertThat(block.captureIdentityFields()).extracting(FieldPath::text).containsExactly("spec.profile");
        assertThat(accepts(block.captureIdentityGroupsFilter(),
                "{'kind':'group','spec':{'type':'Squad'},'metadata':{'annotations':{'example.com/insights':'true','example.com/level':'3'}}}")).isTrue();
        assertThat(accepts(block.captureIdentityGroupsFilter(),
                "{'kind':'group','spec':{'type':'Squad'},'metadata':{'annotations':{'example.com/level':'3'}}}")).isFalse();
        assertThat(block.totalUsersEntityQueryFilter().toQuery(Map.of())).containsExactly(
                "spec.type=employee,metadata.namespace=default", "metadata.annotations.example.com/a.b=x");
    }

    @Test
    void nestedMapsPlaceholdersAndACommaSeparatedStringMeanTheSame() throws IOException {
        BackstageBlock block = read("""
                backstageInsights:
                  captureEntityFields: spec.system, spec.domain
                  captureIdentityGroupsFilter:
                    spec:
                      type: ${TEAM_TYPE}
                """);
        assertThat(block.captureEntityFields()).extracting(FieldPath::text).containsExactly("spec.system", "spec.domain");
        assertThat(accepts(block.captureIdentityGroupsFilter(), "{'spec':{'type':'team'}}")).isTrue();
        assertThat(accepts(block.captureIdentityGroupsFilter(), "{'spec':{'type':'squad'}}")).isFalse();
    }

    @Test
    void withoutABlockOrWithAnEmptyOneNothingIsFiltered() throws IOException {
        for (String yaml : List.of("other: 1", "backstageInsights:\n  captureIdentityGroupsFilter: {}\n  captureEntityFields: []\n  debug:\n")) {
            BackstageBlock block = read(yaml);
            assertThat(block.debug()).isFalse();
            assertThat(block.captureEntityFields()).isEmpty();
            assertThat(block.captureIdentityGroupsFilter().acceptsAll()).isTrue();
        }
    }

    @Test
    void whatMakesNoSenseIsNamedWithWhatIsAllowed() {
        assertThatThrownBy(() -> read("backstageInsights: {debug: maybe}")).hasMessageContaining("backstageInsights.debug is maybe").hasMessageContaining("true and false");
        assertThatThrownBy(() -> read("backstageInsights: {captureEntityFields: {a: b}}")).hasMessageContaining("captureEntityFields.a is b").hasMessageContaining("list of paths");
        assertThatThrownBy(() -> read("backstageInsights: {captureEntityFields: ['']}")).hasMessageContaining("captureEntityFields");
        assertThatThrownBy(() -> read("backstageInsights: {captureIdentityGroupsFilter: team}")).hasMessageContaining("captureIdentityGroupsFilter is team").hasMessageContaining("a map");
        assertThatThrownBy(() -> read("backstageInsights: {captureIdentityGroupsFilter: [team]}")).hasMessageContaining("captureIdentityGroupsFilter[0] is team");
    }
}

package io.insightsrelay.attacks;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.insightsrelay.testing.Tools;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.jar.JarFile;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** What is shipped: the SBOM in the jar names every library beside it, and each may be used. */
class DependenciesIT {

    /** Licences that let the relay be given away under Apache-2.0. Where a library offers several, one of them is enough. */
    private static final Set<String> ALLOWED = Set.of("Apache-2.0", "MIT", "MIT-0", "BSD-2-Clause", "BSD-3-Clause", "CC0-1.0", "EPL-1.0", "EPL-2.0", "Go License");

    @Test
    void theSbomListsWhatIsShippedAndEachLicenceIsAllowed() throws Exception {
        try (JarFile jar = new JarFile(Path.of("target/insights-relay.jar").toFile())) {
            // the plug-in that writes it passes over a build without a network
            Tools.need(jar.getEntry("META-INF/sbom/application.cdx.json") != null, "the jar was built offline (mvn -o) and has no SBOM");
            JsonNode sbom = new ObjectMapper().readTree(jar.getInputStream(jar.getEntry("META-INF/sbom/application.cdx.json")));
            assertThat(sbom.path("bomFormat").asText()).isEqualTo("CycloneDX");
            Set<String> listed = new TreeSet<>();
            Map<String, Integer> licences = new TreeMap<>();
            List<String> refused = new ArrayList<>();
            for (JsonNode component : sbom.path("components")) {
                String name = component.path("name").asText() + "-" + component.path("version").asText();
                listed.add(name + ".jar");
                List<String> offered = new ArrayList<>();
                component.path("licenses").forEach(choice -> {
                    JsonNode licence = choice.path("license");
                    offered.addAll(choice.has("expression") ? List.of(choice.path("expression").asText().replaceAll("[()]", "").split(" OR "))
                            : List.of(licence.path("id").asText(licence.path("name").asText())));
                });
                licences.merge(String.join(" or ", offered), 1, Integer::sum);
                if (offered.stream().noneMatch(ALLOWED::contains)) {
                    refused.add(name + " " + offered);
                }
            }
            Set<String> shipped;
            try (Stream<Path> libraries = Files.list(Path.of("target/lib"))) {
                shipped = libraries.map(library -> library.getFileName().toString()).collect(Collectors.toCollection(TreeSet::new));
            }
            assertThat(List.of(jar.getManifest().getMainAttributes().getValue("Class-Path").replace("lib/", "").split(" "))).containsExactlyInAnyOrderElementsOf(shipped);
            System.out.printf("dependencies: %d libraries, licences %s%n", shipped.size(), licences);
            assertThat(listed).isNotEmpty().containsAll(shipped);
            assertThat(refused).isEmpty();
        }
    }
}

package io.insightsrelay.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.AnnotationIntrospector;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.introspect.Annotated;
import com.fasterxml.jackson.databind.introspect.JacksonAnnotationIntrospector;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.EnvVar;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.apps.StatefulSet;
import io.fabric8.kubernetes.api.model.autoscaling.v2.HorizontalPodAutoscaler;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicy;
import io.fabric8.kubernetes.api.model.policy.v1.PodDisruptionBudget;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.yaml.snakeyaml.Yaml;

/** What is shipped for Kubernetes and for Docker Compose says what the relay understands, and Kubernetes too: its models know each field. */
class DeployFilesTest {

    private static final Map<String, Class<? extends HasMetadata>> KINDS = Map.of("v1/Service", Service.class, "apps/v1/StatefulSet", StatefulSet.class,
            "policy/v1/PodDisruptionBudget", PodDisruptionBudget.class, "networking.k8s.io/v1/NetworkPolicy", NetworkPolicy.class,
            "autoscaling/v2/HorizontalPodAutoscaler", HorizontalPodAutoscaler.class);

    /** The models keep what they do not know; here it is an error. */
    private static final ObjectMapper STRICT = JsonMapper.builder().enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .annotationIntrospector(AnnotationIntrospector.pair(new JacksonAnnotationIntrospector() {
                @Override
                public Boolean hasAnySetter(Annotated annotated) {
                    return false;
                }
            }, AnnotationIntrospector.nopInstance())).build();

    private static List<HasMetadata> read(String file) throws IOException {
        List<HasMetadata> resources = new ArrayList<>();
        for (Object document : new Yaml().loadAll(Files.readString(Path.of("deploy/kubernetes", file)))) {
            Map<?, ?> fields = (Map<?, ?>) document;
            String kind = fields.get("apiVersion") + "/" + fields.get("kind");
            assertThat(KINDS).containsKey(kind);
            resources.add(STRICT.convertValue(fields, KINDS.get(kind)));
        }
        return resources;
    }

    private static Set<String> variablesOfTheRelay() throws IOException {
        return Pattern.compile("\\$\\{([A-Z][A-Z0-9_]+)").matcher(Files.readString(Path.of("application.yaml"))).results().map(found -> found.group(1))
                .collect(Collectors.toCollection(TreeSet::new));
    }

    @ParameterizedTest
    @ValueSource(strings = {"embedded.yaml", "kafka.yaml"})
    void kubernetesUnderstandsEachField(String file) throws IOException {
        List<HasMetadata> resources = read(file);
        assertThat(resources).hasAtLeastOneElementOfType(StatefulSet.class).hasAtLeastOneElementOfType(PodDisruptionBudget.class)
                .hasAtLeastOneElementOfType(NetworkPolicy.class);
        assertThat(resources.stream().anyMatch(HorizontalPodAutoscaler.class::isInstance)).isEqualTo(file.equals("kafka.yaml"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"embedded.yaml", "kafka.yaml"})
    void theirPartsFitTogether(String file) throws IOException {
        List<HasMetadata> resources = read(file);
        StatefulSet set = resources.stream().filter(StatefulSet.class::isInstance).map(StatefulSet.class::cast).findFirst().orElseThrow();
        Map<String, String> labels = set.getSpec().getTemplate().getMetadata().getLabels();
        assertThat(set.getSpec().getSelector().getMatchLabels()).isEqualTo(labels);
        Container relay = set.getSpec().getTemplate().getSpec().getContainers().get(0);
        List<String> ports = relay.getPorts().stream().map(port -> port.getName()).toList();
        assertThat(resources.stream().filter(Service.class::isInstance).map(HasMetadata::getMetadata).map(meta -> meta.getName())).contains(set.getSpec().getServiceName());
        for (HasMetadata resource : resources) {
            if (resource instanceof Service service) {
                assertThat(service.getSpec().getSelector()).isEqualTo(labels);
                service.getSpec().getPorts().forEach(port -> assertThat(ports).contains(port.getTargetPort().getStrVal()));
            } else if (resource instanceof PodDisruptionBudget budget) {
                assertThat(budget.getSpec().getSelector().getMatchLabels()).isEqualTo(labels);
            } else if (resource instanceof NetworkPolicy policy) {
                assertThat(policy.getSpec().getPodSelector().getMatchLabels()).isEqualTo(labels);
            } else if (resource instanceof HorizontalPodAutoscaler scaler) {
                assertThat(scaler.getSpec().getScaleTargetRef().getName()).isEqualTo(set.getMetadata().getName());
            }
        }
        List<String> volumes = new ArrayList<>();
        set.getSpec().getTemplate().getSpec().getVolumes().forEach(volume -> volumes.add(volume.getName()));
        set.getSpec().getVolumeClaimTemplates().forEach(claim -> volumes.add(claim.getMetadata().getName()));
        assertThat(volumes).containsExactlyInAnyOrderElementsOf(relay.getVolumeMounts().stream().map(mount -> mount.getName()).toList());
        assertThat(variablesOfTheRelay()).containsAll(relay.getEnv().stream().map(EnvVar::getName).toList());
    }

    @Test
    void composeNamesVariablesThatTheRelayReads() throws IOException {
        Map<String, Map<String, Map<String, Object>>> compose = new Yaml().load(Files.readString(Path.of("compose.yaml")));
        Map<String, Map<String, Object>> services = compose.get("services");
        assertThat(services).containsKeys("kafka-1", "kafka-2", "kafka-3", "relay-1", "relay-2", "load-balancer");
        Set<String> known = variablesOfTheRelay();
        for (String relay : List.of("relay-1", "relay-2")) {
            Map<?, ?> environment = (Map<?, ?>) services.get(relay).get("environment");
            assertThat(environment.keySet()).allSatisfy(name -> assertThat(known).contains((String) name));
            assertThat(environment.get("KAFKA_INSTANCE_ID")).isEqualTo(relay);
        }
    }
}

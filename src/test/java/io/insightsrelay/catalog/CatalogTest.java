package io.insightsrelay.catalog;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class CatalogTest {

    private static final CatalogProperties PROPERTIES = new CatalogProperties(Duration.ofMinutes(5), Duration.ofSeconds(10), 1_000, 100_000,
            Duration.ofSeconds(1), Duration.ofSeconds(1), Duration.ofHours(24), Duration.ofMinutes(10));

    private final Map<String, JsonNode> entities = new HashMap<>();
    private final List<List<String>> questions = new CopyOnWriteArrayList<>();
    private final List<List<String>> askedFields = new CopyOnWriteArrayList<>();
    private final AtomicLong nanos = new AtomicLong();
    private Function<List<String>, CompletableFuture<List<JsonNode>>> byRefs = refs -> {
        questions.add(refs);
        List<JsonNode> answers = new ArrayList<>();
        refs.forEach(ref -> answers.add(entities.get(ref)));
        return CompletableFuture.completedFuture(answers);
    };
    private final Catalog catalog = new Catalog((refs, fields) -> {
        askedFields.add(fields);
        return byRefs.apply(refs);
    }, List.of("relations"), () -> PROPERTIES, nanos::get);

    private void add(String ref, String type, String... targets) {
        List<String> relations = new ArrayList<>();
        for (String target : targets) {
            relations.add("{'type':'" + type + "','targetRef':'" + target + "'}");
        }
        entities.put(ref, EntityFilterTest.json("{'metadata':{'name':'" + ref + "'},'relations':[" + String.join(",", relations) + "]}"));
    }

    private List<String> groupsOf(String user) {
        Collection<Entity> users = catalog.lookUp(List.of(user)).join().values();
        return catalog.groupsOf(users).join().get(user).stream().map(Entity::ref).toList();
    }

    @Test
    void asksOnceForManyAndRemembersWhatItFound() {
        add("component:default/a", "none");
        add("component:default/b", "none");
        assertThat(catalog.lookUp(List.of("component:default/a", "component:default/b", "component:default/none")).join())
                .containsOnlyKeys("component:default/a", "component:default/b");
        assertThat(catalog.lookUp(List.of("component:default/a")).join()).hasSize(1);
        assertThat(questions).hasSize(1);
    }

    @Test
    void remembersFoundOnesForMinutesAndMissingOnesForSeconds() {
        add("component:default/a", "none");
        List<String> both = List.of("component:default/a", "component:default/none");
        catalog.lookUp(both).join();
        nanos.addAndGet(Duration.ofSeconds(9).toNanos());
        catalog.lookUp(both).join();
        assertThat(questions).hasSize(1);
        nanos.addAndGet(Duration.ofSeconds(2).toNanos());
        add("component:default/none", "none");
        assertThat(catalog.lookUp(both).join()).hasSize(2);
        assertThat(questions.get(1)).containsExactly("component:default/none");
        nanos.addAndGet(Duration.ofMinutes(5).toNanos());
        catalog.lookUp(both).join();
        assertThat(questions).hasSize(3);
    }

    @Test
    void furtherFieldsAreAskedForFromThenOnAndWhatIsKnownWithoutThemIsForgotten() {
        CompletableFuture<List<JsonNode>> slow = new CompletableFuture<>();
        Function<List<String>, CompletableFuture<List<JsonNode>>> well = byRefs;
        add("component:default/a", "none");
        catalog.lookUp(List.of("component:default/a")).join();
        byRefs = refs -> slow;
        CompletableFuture<Map<String, Entity>> underWay = catalog.lookUp(List.of("component:default/b"));
        catalog.request(List.of("spec.system", "relations"));
        byRefs = well;
        slow.complete(List.of(EntityFilterTest.json("{'metadata':{'name':'without'}}")));
        underWay.join();
        add("component:default/b", "none");
        assertThat(catalog.lookUp(List.of("component:default/a", "component:default/b")).join().get("component:default/b").document().at("/metadata/name").asText())
                .isEqualTo("component:default/b");
        assertThat(askedFields).containsExactly(List.of("relations"), List.of("relations"), List.of("relations", "spec.system"));
        catalog.request(List.of("spec.system"));
        catalog.lookUp(List.of("component:default/a", "component:default/b")).join();
        assertThat(askedFields).as("nothing new is asked for, so nothing is forgotten").hasSize(3);
    }

    @Test
    void whoAsksForTheSameFieldsMeanwhileGetsThemToo() throws Exception {
        CountDownLatch forgetting = new CountDownLatch(1);
        CountDownLatch goOn = new CountDownLatch(1);
        Thread[] first = new Thread[1];
        Catalog slow = new Catalog((refs, fields) -> {
            askedFields.add(fields);
            return byRefs.apply(refs);
        }, List.of("relations"), () -> PROPERTIES, () -> {
            // the cache asks for the time before it forgets
            if (Thread.currentThread() == first[0]) {
                forgetting.countDown();
                try {
                    goOn.await();
                } catch (InterruptedException e) {
                    throw new IllegalStateException(e);
                }
            }
            return 0;
        });
        add("component:default/a", "none");
        slow.lookUp(List.of("component:default/a")).join();
        first[0] = new Thread(() -> slow.request(List.of("spec.system")));
        first[0].start();
        assertThat(forgetting.await(10, TimeUnit.SECONDS)).isTrue();
        CompletableFuture<Map<String, Entity>> got = new CompletableFuture<>();
        Thread second = new Thread(() -> {
            slow.request(List.of("spec.system"));
            got.complete(slow.lookUp(List.of("component:default/a")).join());
        });
        second.start();
        await().until(() -> !second.isAlive() || second.getState() == Thread.State.BLOCKED);
        goOn.countDown();
        first[0].join();
        assertThat(got.get(10, TimeUnit.SECONDS).get("component:default/a")).isSameAs(slow.lookUp(List.of("component:default/a")).join().get("component:default/a"));
        assertThat(askedFields).containsExactly(List.of("relations"), List.of("relations", "spec.system"));
    }

    @Test
    void errorsAreNotRemembered() {
        Function<List<String>, CompletableFuture<List<JsonNode>>> well = byRefs;
        byRefs = refs -> CompletableFuture.failedFuture(new CatalogException("down"));
        assertThatThrownBy(() -> catalog.lookUp(List.of("component:default/a")).join()).hasCauseInstanceOf(CatalogException.class);
        byRefs = well;
        add("component:default/a", "none");
        assertThat(catalog.lookUp(List.of("component:default/a")).join()).hasSize(1);
    }

    @Test
    void anAnswerOfAnotherLengthIsAnErrorAndNotAMiss() {
        byRefs = refs -> CompletableFuture.completedFuture(List.of());
        assertThatThrownBy(() -> catalog.lookUp(List.of("component:default/a")).join()).hasMessageContaining("asked about 1 entities and answered about 0");
    }

    @Test
    void lookUpsAtTheSameTimeShareACall() {
        CompletableFuture<List<JsonNode>> slow = new CompletableFuture<>();
        byRefs = refs -> {
            questions.add(refs);
            return slow;
        };
        List<CompletableFuture<Map<String, Entity>>> lookUps = IntStream.range(0, 100).mapToObj(i -> catalog.lookUp(List.of("component:default/a"))).toList();
        slow.complete(List.of(EntityFilterTest.json("{}")));
        assertThat(lookUps).allSatisfy(lookUp -> assertThat(lookUp.join()).hasSize(1));
        assertThat(questions).hasSize(1);
    }

    @Test
    void questionsStayBelowTheCatalogsLimit() throws Exception {
        List<String> refs = IntStream.range(0, 5_000).mapToObj(i -> "component:default/a-service-with-a-long-name-" + i).toList();
        catalog.lookUp(refs).join();
        assertThat(questions).hasSizeGreaterThan(1);
        assertThat(questions.stream().flatMap(List::stream).toList()).containsExactlyInAnyOrderElementsOf(refs);
        for (List<String> question : questions) {
            assertThat(new ObjectMapper().writeValueAsBytes(Map.of("entityRefs", question)).length).isLessThanOrEqualTo(100_000);
        }
    }

    @Test
    void groupsComeWithTheirAncestorsNearestFirstLevelByLevel() {
        add("user:default/jane", "memberOf", "group:default/squad", "group:default/guild");
        add("group:default/squad", "childOf", "group:default/team");
        add("group:default/guild", "childOf", "group:default/department");
        add("group:default/team", "childOf", "group:default/department");
        add("group:default/department", "childOf");
        assertThat(groupsOf("user:default/jane")).containsExactly("group:default/squad", "group:default/guild", "group:default/team", "group:default/department");
        assertThat(questions).hasSize(3);
        groupsOf("user:default/jane");
        assertThat(questions).hasSize(3);
    }

    @Test
    void aCycleOfGroupsEndsAndAnUnknownGroupIsKept() {
        add("user:default/jane", "memberOf", "group:default/a", "group:default/unknown");
        add("group:default/a", "childOf", "group:default/b");
        add("group:default/b", "childOf", "group:default/a");
        assertThat(groupsOf("user:default/jane")).containsExactly("group:default/a", "group:default/unknown", "group:default/b");
        add("user:default/alone", "memberOf");
        assertThat(groupsOf("user:default/alone")).isEmpty();
    }
}

package io.insightsrelay.catalog;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.github.benmanes.caffeine.cache.AsyncCacheLoader;
import com.github.benmanes.caffeine.cache.AsyncLoadingCache;
import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.Expiry;
import com.github.benmanes.caffeine.cache.Ticker;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;
import java.util.function.BiFunction;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Looks entities up, many at once, through a cache: found ones live for minutes, missing ones for seconds (a catalog that is
 * still loading answers null), errors not at all. Look-ups of the same ref at the same time share one call. Thread-safe.
 */
public final class Catalog {

    private static final Logger LOG = LoggerFactory.getLogger(Catalog.class);
    private static final int JSON_AROUND_REF = 3;
    private static final int JSON_AROUND_QUESTION = 64;

    private final AsyncLoadingCache<String, Optional<Entity>> cache;
    private final BiFunction<List<String>, List<String>, CompletableFuture<List<JsonNode>>> byRefs;
    private final Supplier<CatalogProperties> properties;
    private volatile List<String> fields;
    /** What all that is remembered was asked for with. */
    private volatile List<String> remembered;

    /**
     * @param byRefs asks the catalog about refs, for fields: as many answers as refs, in their order, null for what it does not know
     * @param fields what of entities is asked for
     */
    public Catalog(BiFunction<List<String>, List<String>, CompletableFuture<List<JsonNode>>> byRefs, List<String> fields, Supplier<CatalogProperties> properties) {
        this(byRefs, fields, properties, Ticker.systemTicker());
    }

    Catalog(BiFunction<List<String>, List<String>, CompletableFuture<List<JsonNode>>> byRefs, List<String> fields, Supplier<CatalogProperties> properties, Ticker ticker) {
        this.byRefs = byRefs;
        this.properties = properties;
        this.fields = List.copyOf(fields);
        this.remembered = this.fields;
        this.cache = Caffeine.newBuilder().maximumSize(properties.get().maxEntities()).ticker(ticker).recordStats()
                .expireAfter(Expiry.<String, Optional<Entity>>creating((ref, entity) -> entity.isPresent() ? properties.get().foundTtl() : properties.get().missingTtl()))
                .buildAsync(new AsyncCacheLoader<String, Optional<Entity>>() {
                    @Override
                    public CompletableFuture<Optional<Entity>> asyncLoad(String ref, Executor executor) {
                        return load(Set.of(ref)).thenApply(loaded -> loaded.get(ref));
                    }

                    @Override
                    public CompletableFuture<Map<String, Optional<Entity>>> asyncLoadAll(Set<? extends String> refs, Executor executor) {
                        return load(refs);
                    }
                });
    }

    /**
     * Has more of entities asked for from now on; what is remembered without it is forgotten. Cheap where all of it is asked for already.
     *
     * @param more of by-refs' {@code fields}
     */
    public void request(List<String> more) {
        // not fields: while another asks for the same, what is known without them is still there, and what is looked up now is yet to be forgotten
        if (remembered.containsAll(more)) {
            return;
        }
        synchronized (this) {
            Set<String> all = new TreeSet<>(fields);
            if (all.addAll(more)) {
                fields = List.copyOf(all);
                // look-ups under way too: they ask for less
                cache.synchronous().invalidateAll();
                remembered = fields;
            }
        }
    }

    /**
     * Looks up refs, complete and in lower case. What the catalog does not know is left out of the map. Fails with
     * {@link CatalogException} if the catalog cannot be asked about any of them.
     */
    public CompletableFuture<Map<String, Entity>> lookUp(Collection<String> refs) {
        Map<String, Entity> found = new HashMap<>(refs.size() * 4 / 3 + 1);
        List<String> unknown = new ArrayList<>();
        for (String ref : refs) {
            // what is there is most of it, and needs no future of its own
            CompletableFuture<Optional<Entity>> known = cache.getIfPresent(ref);
            if (known != null && known.isDone() && !known.isCompletedExceptionally()) {
                known.join().ifPresent(entity -> found.put(ref, entity));
            } else {
                unknown.add(ref);
            }
        }
        return unknown.isEmpty() ? CompletableFuture.completedFuture(found) : cache.getAll(unknown).thenApply(all -> {
            all.forEach((ref, entity) -> entity.ifPresent(known -> found.put(ref, known)));
            return found;
        });
    }

    /**
     * The groups of users, those that they are members of first, then the parents of these and so on, each group once. A group
     * that the catalog does not know is there with an empty document.
     *
     * @param users the users
     * @return user's ref to groups
     */
    public CompletableFuture<Map<String, List<Entity>>> groupsOf(Collection<Entity> users) {
        Map<String, List<String>> direct = new LinkedHashMap<>();
        users.forEach(user -> direct.put(user.ref(), user.memberOf()));
        Set<String> first = new LinkedHashSet<>();
        direct.values().forEach(first::addAll);
        return climb(first, new HashMap<>()).thenApply(known -> {
            Map<String, List<Entity>> groups = new HashMap<>();
            direct.forEach((user, refs) -> groups.put(user, withAncestors(refs, known)));
            return groups;
        });
    }

    /** Level by level, so that each level is one question for all users; a group is asked about once, so cycles end. */
    private CompletableFuture<Map<String, Entity>> climb(Set<String> level, Map<String, Entity> known) {
        if (level.isEmpty()) {
            return CompletableFuture.completedFuture(known);
        }
        return lookUp(level).thenCompose(found -> {
            Set<String> parents = new LinkedHashSet<>();
            for (String ref : level) {
                Entity group = found.getOrDefault(ref, unknown(ref));
                known.put(ref, group);
                parents.addAll(group.childOf());
            }
            parents.removeAll(known.keySet());
            return climb(parents, known);
        });
    }

    private static List<Entity> withAncestors(List<String> direct, Map<String, Entity> known) {
        Map<String, Entity> groups = new LinkedHashMap<>();
        List<String> level = direct;
        while (!level.isEmpty()) {
            List<String> parents = new ArrayList<>();
            for (String ref : level) {
                Entity group = known.get(ref);
                if (groups.putIfAbsent(ref, group) == null) {
                    parents.addAll(group.childOf());
                }
            }
            level = parents;
        }
        return List.copyOf(groups.values());
    }

    private static Entity unknown(String ref) {
        return new Entity(ref, JsonNodeFactory.instance.objectNode());
    }

    /** Has everything looked up again, as when other fields are to be asked for. */
    public void forget() {
        cache.synchronous().invalidateAll();
    }

    /** The cache, so that routes can read and invalidate it through a camel-caffeine endpoint. */
    Cache<String, Optional<Entity>> cache() {
        return cache.synchronous();
    }

    private CompletableFuture<Map<String, Optional<Entity>>> load(Set<? extends String> refs) {
        Map<String, Optional<Entity>> loaded = new HashMap<>();
        CompletableFuture<Void> all = CompletableFuture.completedFuture(null);
        for (List<String> question : questions(refs)) {
            all = all.thenCompose(nothing -> ask(question, loaded));
        }
        return all.thenApply(nothing -> loaded);
    }

    private CompletableFuture<Void> ask(List<String> question, Map<String, Optional<Entity>> loaded) {
        return byRefs.apply(question, fields).handle((answers, failure) -> {
            if (failure != null) {
                return askInParts(question, failure, loaded);
            }
            if (answers.size() != question.size()) {
                throw new CatalogException("by-refs was asked about " + question.size() + " entities and answered about " + answers.size());
            }
            for (int i = 0; i < answers.size(); i++) {
                JsonNode document = answers.get(i);
                String ref = question.get(i);
                loaded.put(ref, document == null || document.isNull() ? Optional.empty() : Optional.of(new Entity(ref, document)));
            }
            return CompletableFuture.<Void>completedFuture(null);
        }).thenCompose(asked -> asked);
    }

    /** A question that is refused is halved, so that one ref that the catalog does not like costs no other its answer. */
    private CompletableFuture<Void> askInParts(List<String> question, Throwable failure, Map<String, Optional<Entity>> loaded) {
        Throwable cause = failure instanceof CompletionException ? failure.getCause() : failure;
        if (!(cause instanceof CatalogException refused) || !refused.isRefusal()) {
            return CompletableFuture.failedFuture(cause);
        }
        if (question.size() == 1) {
            LOG.warn("The catalog refuses to answer about {}, which counts as unknown: {}", question.get(0), refused.getMessage());
            loaded.put(question.get(0), Optional.empty());
            return CompletableFuture.completedFuture(null);
        }
        int half = question.size() / 2;
        return ask(question.subList(0, half), loaded).thenCompose(nothing -> ask(question.subList(half, question.size()), loaded));
    }

    /** Backstage refuses a body over 100 KiB. */
    private List<List<String>> questions(Set<? extends String> refs) {
        List<List<String>> questions = new ArrayList<>();
        int mostBytes = properties.get().maxBody() - JSON_AROUND_QUESTION - fields.stream().mapToInt(field -> field.length() + JSON_AROUND_REF).sum();
        int bytes = mostBytes;
        for (String ref : refs) {
            // refs are ASCII, see EntityRef
            bytes += ref.length() + JSON_AROUND_REF;
            if (bytes > mostBytes) {
                questions.add(new ArrayList<>());
                bytes = ref.length() + JSON_AROUND_REF;
            }
            questions.get(questions.size() - 1).add(ref);
        }
        return questions;
    }
}

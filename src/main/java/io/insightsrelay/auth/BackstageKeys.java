package io.insightsrelay.auth;

import java.net.URI;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.Ticker;

/** The signing keys of a Backstage: those of user tokens, and those of each plugin that has called. Thread-safe. */
final class BackstageKeys {

    private final String baseUrl;
    private final AuthProperties.Keys limits;
    private final Ticker ticker;
    private final KeyClient client;
    private final KeySet users;
    private final Cache<String, KeySet> plugins;
    private final FetchBudget newPlugins;

    BackstageKeys(String baseUrl, AuthProperties.Keys limits, Executor executor, Ticker ticker) {
        this.baseUrl = baseUrl;
        this.limits = limits;
        this.ticker = ticker;
        this.client = new KeyClient(limits, executor);
        this.users = new KeySet("user tokens", URI.create(baseUrl + "/api/auth/.well-known/jwks.json"), false, client, limits, ticker);
        this.plugins = Caffeine.newBuilder().maximumSize(limits.plugins()).build();
        this.newPlugins = new FetchBudget(limits, ticker);
    }

    /** Finds a key for user tokens; fails as {@link KeySet#find}. */
    CompletableFuture<KeySet.Key> userKey(String kid) {
        return users.find(kid);
    }

    /** Finds a key of a plugin; fails as {@link KeySet#find}. The id must be fit to stand in a URL. */
    CompletableFuture<KeySet.Key> pluginKey(String plugin, String kid) {
        KeySet set = plugins.get(plugin, id -> newPlugins.tryTake() ? keySet(id) : null);
        if (set == null) {
            return CompletableFuture.failedFuture(new KeysUnavailableException("too many plugins that have not called before"));
        }
        return set.find(kid).whenComplete((key, failure) -> {
            // Invented ids must not push out the plugins that exist.
            if (set.isEmpty()) {
                plugins.asMap().remove(plugin, set);
            }
        });
    }

    private KeySet keySet(String plugin) {
        URI address = URI.create(baseUrl + "/api/" + plugin + "/.backstage/auth/v1/jwks.json");
        return new KeySet("the plugin " + plugin, address, true, client, limits, ticker);
    }
}

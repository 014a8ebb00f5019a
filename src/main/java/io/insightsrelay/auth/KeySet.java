package io.insightsrelay.auth;

import java.io.IOException;
import java.net.URI;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.Ticker;
import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSVerifier;
import com.nimbusds.jose.crypto.ECDSAVerifier;
import com.nimbusds.jose.crypto.RSASSAVerifier;
import com.nimbusds.jose.jwk.Curve;
import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jose.jwk.JWK;
import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jose.jwk.KeyUse;
import com.nimbusds.jose.jwk.RSAKey;
import com.nimbusds.jwt.SignedJWT;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.lang.Nullable;

/**
 * The signing keys that one address of Backstage lists. Looking up a key that is known never waits; an unknown one makes
 * one fetch that all who need it share. Nimbus's own JWKSource does the same blocking, which an event loop must not.
 * Thread-safe.
 */
final class KeySet {

    private static final Logger LOG = LoggerFactory.getLogger(KeySet.class);
    private static final int REMEMBERED_IDS = 100;
    /** For so long what Backstage said holds for keys that it was not asked about. */
    private static final long FRESH_NANOS = TimeUnit.SECONDS.toNanos(2);

    private final String owner;
    private final URI address;
    private final boolean mayBeMissing;
    private final KeyClient client;
    private final FetchBudget budget;
    private final Ticker ticker;
    private final long refreshNanos;
    private final long retryNanos;
    /** Ids that made a fetch: a key is there before what it signs, so a list that comes after its id has it, or never will. */
    private final Cache<String, Boolean> askedFor = Caffeine.newBuilder().maximumSize(REMEMBERED_IDS).build();

    private volatile Map<String, Key> keys = Map.of();
    private volatile long refreshAt;
    @Nullable
    private volatile CompletableFuture<Void> fetching;
    private long askedAt;
    @Nullable
    private KeysUnavailableException lastFailure;

    /**
     * @param owner whose keys these are, for messages
     * @param mayBeMissing whether 404 means that the owner has no keys, rather than that Backstage is not ready
     */
    KeySet(String owner, URI address, boolean mayBeMissing, KeyClient client, AuthProperties.Keys limits, Ticker ticker) {
        this.owner = owner;
        this.address = address;
        this.mayBeMissing = mayBeMissing;
        this.client = client;
        this.budget = new FetchBudget(limits, ticker);
        this.ticker = ticker;
        this.refreshNanos = limits.refresh().toNanos();
        this.retryNanos = limits.interval().toNanos();
    }

    /**
     * Finds the key of that id, at once where it is known. Fails with {@link AuthenticationException} if Backstage was asked and does
     * not list it, with {@link KeysUnavailableException} if Backstage cannot be asked, or may not again so soon.
     */
    CompletableFuture<Key> find(String kid) {
        Key known = keys.get(kid);
        if (known != null) {
            refreshIfDue();
            return CompletableFuture.completedFuture(known);
        }
        CompletableFuture<Void> underWay = fetching;
        if (underWay == null) {
            return fetch(kid).thenApply(fetched -> listed(kid));
        }
        // That fetch may have been answered before this key was made, so only one that begins now can rule the key out.
        return underWay.thenCompose(fetched -> keys.containsKey(kid) ? underWay : fetch(kid)).thenApply(fetched -> listed(kid));
    }

    /** Whether no key is known. */
    boolean isEmpty() {
        return keys.isEmpty();
    }

    private Key listed(String kid) {
        Key key = keys.get(kid);
        if (key == null) {
            throw new AuthenticationException("signed with a key that Backstage does not list for " + owner);
        }
        return key;
    }

    private void refreshIfDue() {
        if (ticker.read() - refreshAt > 0) {
            fetch(null);
        }
    }

    /**
     * Joins the fetch under way or begins one. Without a permit the outcome of the last one stands; a list only for the ids that it
     * was fetched for, and while it is fresh, since Backstage may have made a key, or gone away, after it.
     */
    private synchronized CompletableFuture<Void> fetch(@Nullable String kid) {
        if (fetching != null) {
            remember(kid);
            return fetching;
        }
        refreshAt = ticker.read() + retryNanos;
        if (!budget.tryTake()) {
            if (lastFailure != null) {
                return CompletableFuture.failedFuture(lastFailure);
            }
            boolean told = ticker.read() - askedAt <= FRESH_NANOS || kid != null && askedFor.getIfPresent(kid) != null;
            return told ? CompletableFuture.completedFuture(null) : CompletableFuture.failedFuture(
                    new KeysUnavailableException("Backstage cannot be asked again so soon for the keys of " + owner));
        }
        remember(kid);
        askedAt = ticker.read();
        CompletableFuture<Void> begun = new CompletableFuture<>();
        fetching = begun;
        client.fetch(address).thenAccept(this::replace).whenComplete((done, failure) -> {
            KeysUnavailableException unavailable = failure == null ? null : new KeysUnavailableException(
                    "the keys of " + owner + " cannot be fetched from Backstage now");
            synchronized (this) {
                log(failure);
                lastFailure = unavailable;
                fetching = null;
            }
            if (unavailable == null) {
                begun.complete(null);
            } else {
                begun.completeExceptionally(unavailable);
            }
        });
        return begun;
    }

    private void remember(@Nullable String kid) {
        if (kid != null) {
            askedFor.put(kid, true);
        }
    }

    /** Logs the beginning and the end of an outage, not each attempt in it. */
    private void log(@Nullable Throwable failure) {
        if (failure == null && lastFailure != null) {
            LOG.info("The keys of {} can be fetched again", owner);
        } else if (failure != null && lastFailure == null) {
            Throwable cause = failure instanceof CompletionException && failure.getCause() != null ? failure.getCause() : failure;
            LOG.warn("Cannot fetch the keys of {} from {}; {} known keys stay in use: {}", owner, address, keys.size(), cause.toString());
        }
    }

    private void replace(Optional<JWKSet> answer) {
        if (answer.isEmpty() && !(mayBeMissing && isEmpty())) {
            throw new CompletionException(new IOException("status 404"));
        }
        Map<String, Key> before = keys;
        Map<String, Key> now = new HashMap<>();
        for (JWK jwk : answer.map(JWKSet::getKeys).orElse(List.of())) {
            Key old = jwk.getKeyID() == null ? null : before.get(jwk.getKeyID());
            Key key = old != null && old.jwk.equals(jwk) ? old : usable(jwk);
            if (key != null) {
                now.put(jwk.getKeyID(), key);
            }
        }
        keys = Map.copyOf(now);
        refreshAt = ticker.read() + refreshNanos;
        before.forEach((kid, key) -> key.listed = now.get(kid) == key);
    }

    /** The key as one to verify with, or null if it is for something else. */
    @Nullable
    private Key usable(JWK jwk) {
        if (jwk.getKeyID() == null || (jwk.getKeyUse() != null && !jwk.getKeyUse().equals(KeyUse.SIGNATURE))) {
            return null;
        }
        try {
            if (jwk instanceof ECKey ec && Curve.P_256.equals(ec.getCurve()) && isFor(jwk, JWSAlgorithm.ES256)) {
                return new Key(jwk, JWSAlgorithm.ES256, new ECDSAVerifier(ec.toPublicJWK()));
            }
            if (jwk instanceof RSAKey rsa && isFor(jwk, JWSAlgorithm.RS256)) {
                return new Key(jwk, JWSAlgorithm.RS256, new RSASSAVerifier(rsa.toPublicJWK()));
            }
        } catch (JOSEException e) {
            LOG.warn("A key of {} cannot be used: {}", owner, e.getMessage());
        }
        return null;
    }

    private static boolean isFor(JWK jwk, JWSAlgorithm algorithm) {
        return jwk.getAlgorithm() == null || jwk.getAlgorithm().equals(algorithm);
    }

    /** One key. The same object from its first listing to its last, so that what it verified can be asked whether it still stands. */
    final class Key {

        private final JWK jwk;
        private final JWSAlgorithm algorithm;
        private final JWSVerifier verifier;
        private volatile boolean listed = true;

        private Key(JWK jwk, JWSAlgorithm algorithm, JWSVerifier verifier) {
            this.jwk = jwk;
            this.algorithm = algorithm;
            this.verifier = verifier;
        }

        /** Whether this key signed the token with its own algorithm. Takes some 100 microseconds. */
        boolean signed(SignedJWT token) {
            try {
                // Else a token could choose how a key is used, such as a public key as the secret of HS256.
                return algorithm.equals(token.getHeader().getAlgorithm()) && token.verify(verifier);
            } catch (JOSEException e) {
                return false;
            }
        }

        /** Whether Backstage still listed this key when last asked. Asks again in the background when that is long ago. */
        boolean isListed() {
            refreshIfDue();
            return listed;
        }
    }
}

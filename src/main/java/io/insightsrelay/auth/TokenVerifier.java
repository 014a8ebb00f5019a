package io.insightsrelay.auth;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.Ticker;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.lang.Nullable;

/**
 * Tells who a bearer token stands for: a Backstage user, a Backstage plugin, or the holder of a static token. A token is
 * verified once and then remembered by its hash, for at most {@code auth.keys.refresh} and never beyond its expiry or the
 * removal of its key. Thread-safe.
 */
public final class TokenVerifier implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(TokenVerifier.class);
    private static final int LONGEST_TOKEN = 8 * 1024;
    private static final int THREADS = 2;
    private static final int REMEMBERED_REFUSALS = 1_000;
    private static final Duration REFUSAL_LIFE = Duration.ofSeconds(5);
    private static final AuthenticationException BAD_SIGNATURE = new AuthenticationException("the token's signature is wrong");
    private static final ThreadLocal<MessageDigest> SHA256 = ThreadLocal.withInitial(() -> {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    });

    private final Clock clock;
    private final BackstageToken.Rules rules;
    private volatile List<StaticCaller> staticCallers;
    private final int pendingLimit;
    private final ExecutorService executor;
    @Nullable
    private final BackstageKeys keys;
    /** All three are keyed by the token's SHA-256. Refusals are apart, so that a flood of them pushes no good token out. */
    private final Cache<ByteBuffer, Verified> verified;
    private final Cache<ByteBuffer, AuthenticationException> refused;
    private final ConcurrentMap<ByteBuffer, CompletableFuture<Caller>> pending = new ConcurrentHashMap<>();

    /**
     * Fetches nothing yet.
     *
     * @param backstageBaseUrl such as {@code http://localhost:7007}; blank: only static tokens are known
     * @throws IllegalArgumentException if the base URL is neither blank nor an http or https URL
     */
    public TokenVerifier(AuthProperties properties, String backstageBaseUrl) {
        this(properties, backstageBaseUrl, Clock.systemUTC(), Ticker.systemTicker());
    }

    /** With a clock for {@code exp} and {@code nbf}, and a ticker for everything that only measures time. */
    TokenVerifier(AuthProperties properties, String backstageBaseUrl, Clock clock, Ticker ticker) {
        String baseUrl = backstageBaseUrl.strip().replaceFirst("/+$", "");
        if (!baseUrl.isEmpty() && !baseUrl.matches("https?://[^\\s?#]+")) {
            throw new IllegalArgumentException("the Backstage base URL must be an http or https URL, such as http://localhost:7007");
        }
        this.clock = clock;
        String issuer = properties.issuer().isBlank() ? baseUrl + "/api/auth" : properties.issuer();
        this.rules = new BackstageToken.Rules(issuer, properties.pluginAudience(), properties.clockSkew().toMillis(), clock);
        accept(properties.staticTokens());
        this.pendingLimit = properties.pendingTokens();
        this.executor = Executors.newFixedThreadPool(THREADS, task -> {
            Thread thread = new Thread(task, "token-verifier");
            thread.setDaemon(true);
            return thread;
        });
        this.keys = baseUrl.isEmpty() ? null : new BackstageKeys(baseUrl, properties.keys(), executor, ticker);
        this.verified = Caffeine.newBuilder().maximumSize(properties.cachedTokens())
                .expireAfterWrite(properties.keys().refresh()).ticker(ticker).build();
        this.refused = Caffeine.newBuilder().maximumSize(REMEMBERED_REFUSALS)
                .expireAfterWrite(REFUSAL_LIFE).ticker(ticker).build();
    }

    /** Takes these static tokens in place of those from before, from the next token on. */
    public void accept(List<AuthProperties.StaticToken> tokens) {
        staticCallers = tokens.stream().map(StaticCaller::of).toList();
    }

    /**
     * Tells who the token, without {@code Bearer}, stands for. Never blocks; a remembered token gives a completed stage, for
     * about the cost of hashing it. Requests for the same token share one verification, requests for the same unknown key one
     * fetch. Each call has a stage of its own, whose cancellation concerns no other.
     *
     * @return a stage that fails with {@link AuthenticationException} if the token is refused, or with
     *         {@link KeysUnavailableException} if that cannot be told now
     */
    public CompletableFuture<Caller> verify(String token) {
        if (token == null || token.isEmpty()) {
            return CompletableFuture.failedFuture(new AuthenticationException("the token is missing"));
        }
        if (token.length() > LONGEST_TOKEN) {
            return CompletableFuture.failedFuture(new AuthenticationException("the token is longer than " + LONGEST_TOKEN + " characters"));
        }
        byte[] digest = sha256(token);
        ByteBuffer id = ByteBuffer.wrap(digest);
        Verified known = verified.getIfPresent(id);
        if (known != null && known.stands(clock.millis())) {
            return CompletableFuture.completedFuture(known.caller());
        }
        for (StaticCaller candidate : staticCallers) {
            if (MessageDigest.isEqual(candidate.digest(), digest)) {
                return CompletableFuture.completedFuture(candidate.caller());
            }
        }
        AuthenticationException refusal = refused.getIfPresent(id);
        return refusal == null ? pending(id, token) : CompletableFuture.failedFuture(refusal);
    }

    /** Stops the threads. Verifications under way, and later ones of tokens not remembered, fail. */
    @Override
    public void close() {
        executor.shutdownNow();
        pending.values().forEach(stage -> stage.completeExceptionally(new KeysUnavailableException("the relay is stopping")));
    }

    private CompletableFuture<Caller> pending(ByteBuffer id, String token) {
        CompletableFuture<Caller> begun = new CompletableFuture<>();
        CompletableFuture<Caller> result = new CompletableFuture<>();
        CompletableFuture<Caller> shared = pending.putIfAbsent(id, begun);
        // Not copy(): that would wrap the failure in a CompletionException.
        (shared == null ? begun : shared).whenComplete((caller, failure) -> {
            if (failure == null) {
                result.complete(caller);
            } else {
                result.completeExceptionally(failure);
            }
        });
        if (shared == null) {
            begin(id, token, begun);
        }
        return result;
    }

    private void begin(ByteBuffer id, String token, CompletableFuture<Caller> begun) {
        CompletableFuture<Verified> verification;
        try {
            verification = verifyNew(token);
        } catch (RuntimeException e) {
            verification = CompletableFuture.failedFuture(e);
        }
        verification.whenComplete((result, failure) -> {
            RuntimeException problem = failure == null ? null : problem(failure);
            if (problem == null) {
                verified.put(id, result);
            } else if (problem == BAD_SIGNATURE) {
                refused.put(id, BAD_SIGNATURE);
            }
            // Only now, so that a request in between finds either the verification or its outcome.
            pending.remove(id);
            if (problem == null) {
                begun.complete(result.caller());
            } else {
                begun.completeExceptionally(problem);
            }
        });
    }

    private CompletableFuture<Verified> verifyNew(String text) {
        if (keys == null) {
            throw new AuthenticationException("the token is not known, and no Backstage is configured whose tokens would be");
        }
        BackstageToken token = rules.read(text);
        if (pending.size() > pendingLimit) {
            throw new KeysUnavailableException("too many tokens are being verified now");
        }
        BackstageToken inner = token.onBehalfOf();
        if (token.kind() == BackstageToken.Kind.USER) {
            return keys.userKey(token.kid()).thenApplyAsync(key -> {
                requireSignature(token, key, BAD_SIGNATURE);
                return standing(new Verified(new Caller(Caller.Type.USER, token.subject(), token.subject()), token.expiresAt(), key, null));
            }, executor);
        }
        String subject = "plugin:" + token.subject();
        CompletableFuture<KeySet.Key> outer = keys.pluginKey(token.subject(), token.kid()).thenApplyAsync(key -> {
            requireSignature(token, key, BAD_SIGNATURE);
            return key;
        }, executor);
        if (inner == null) {
            return outer.thenApply(key ->
                    standing(new Verified(new Caller(Caller.Type.SERVICE, subject, null), token.expiresAt(), key, null)));
        }
        return outer.thenCompose(key -> keys.userKey(inner.kid()).thenApplyAsync(userKey -> {
            requireSignature(inner, userKey, new AuthenticationException("the user's token in obo is refused: its signature is wrong"));
            long expiresAt = Math.min(token.expiresAt(), inner.expiresAt());
            return standing(new Verified(new Caller(Caller.Type.SERVICE, subject, inner.subject()), expiresAt, key, userKey));
        }, executor));
    }

    private static void requireSignature(BackstageToken token, KeySet.Key key, AuthenticationException otherwise) {
        if (!key.signed(token.jwt())) {
            throw otherwise;
        }
    }

    /** A token may have expired while its key was fetched. */
    private Verified standing(Verified result) {
        if (clock.millis() >= result.expiresAt()) {
            throw new AuthenticationException("the token has expired");
        }
        return result;
    }

    private static RuntimeException problem(Throwable failure) {
        Throwable cause = failure instanceof CompletionException && failure.getCause() != null ? failure.getCause() : failure;
        if (cause instanceof AuthenticationException || cause instanceof KeysUnavailableException) {
            return (RuntimeException) cause;
        }
        LOG.warn("A token could not be verified", cause);
        return new KeysUnavailableException("the token cannot be verified now");
    }

    private static byte[] sha256(String token) {
        return SHA256.get().digest(token.getBytes(StandardCharsets.UTF_8));
    }

    /** A verified token: whose it is, until when (milliseconds since 1970), and the keys that vouch for it. */
    private record Verified(Caller caller, long expiresAt, KeySet.Key key, @Nullable KeySet.Key userKey) {

        boolean stands(long now) {
            return now < expiresAt && key.isListed() && (userKey == null || userKey.isListed());
        }
    }

    /** A static token's hash and its holder. Compared by hash, so that the time taken tells nothing about the token. */
    private record StaticCaller(byte[] digest, Caller caller) {

        static StaticCaller of(AuthProperties.StaticToken token) {
            String subject = token.subject();
            boolean user = Caller.isEntityRef(subject) && subject.regionMatches(true, 0, "user:", 0, "user:".length());
            return new StaticCaller(sha256(token.token()), new Caller(Caller.Type.SERVICE, subject, user ? subject : null));
        }
    }
}

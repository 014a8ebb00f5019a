package io.insightsrelay.ingest;

import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.LoadingCache;
import io.github.bucket4j.Bandwidth;
import io.github.bucket4j.Bucket;
import io.github.bucket4j.ConsumptionProbe;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.springframework.lang.Nullable;

/**
 * A token bucket for each sender, of addresses or of users. Memory is bounded: beyond {@code ingest.rateLimit.senders} those that were
 * quiet for longest are forgotten, and start with a full bucket. Never blocks. Thread-safe.
 */
final class RateLimits {

    /** What a sender within its limit gets. */
    static final long GO_ON = 0;

    @Nullable
    private final LoadingCache<Object, Bucket> buckets;

    /** @param perSecond requests a second; 0 for no limit */
    RateLimits(int perSecond, Duration burst, int senders) {
        if (perSecond == 0) {
            buckets = null;
            return;
        }
        long most = perSecond * burst.toSeconds();
        Bandwidth limit = Bandwidth.builder().capacity(most).refillGreedy(perSecond, Duration.ofSeconds(1)).build();
        // whoever is quiet for as long has a full bucket again
        buckets = Caffeine.newBuilder().maximumSize(senders).expireAfterAccess(burst.multipliedBy(2))
                .build(sender -> Bucket.builder().addLimit(limit).build());
    }

    /** Takes one request of this sender; gives {@link #GO_ON}, or the seconds after which the next one is taken. */
    long take(Object sender) {
        if (buckets == null) {
            return GO_ON;
        }
        ConsumptionProbe probe = buckets.get(sender).tryConsumeAndReturnRemaining(1);
        return probe.isConsumed() ? GO_ON : TimeUnit.NANOSECONDS.toSeconds(probe.getNanosToWaitForRefill()) + 1;
    }
}

package io.insightsrelay.deliver;

import io.insightsrelay.event.Outcome;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.springframework.lang.Nullable;

/**
 * What is known of one destination, shared by everything that delivers to it: whether it takes events, since when not,
 * and why. Thread-safe.
 */
public final class Destination {

    /** Whether events get through. */
    public enum State {
        /** They do. */
        DELIVERING,
        /** They do not; attempts go on with back-off. */
        RETRYING,
        /** The destination refuses the credentials; one probe at a time goes out. */
        PAUSED
    }

    /**
     * What health shows.
     *
     * @param state  whether events get through
     * @param since  since when it is so, null while delivering
     * @param reason why, null while delivering
     */
    public record Status(State state, @Nullable Instant since, @Nullable String reason) {
    }

    private record Trouble(Instant since, String reason) {
    }

    private final String name;
    private final Map<String, Trouble> troubles = new ConcurrentHashMap<>();
    // far in the past, and yet differences of nano times stay in range
    private volatile long lastDelivered = System.nanoTime() - Long.MAX_VALUE / 2;
    private Trouble paused;
    private long pausedAt;
    private long nextProbe;
    private int suspects;

    Destination(String name) {
        this.name = name;
    }

    /** The name that the routes give it, such as spotify. */
    public String name() {
        return name;
    }

    /** The state now. */
    public synchronized Status status() {
        if (paused != null) {
            return new Status(State.PAUSED, paused.since, paused.reason);
        }
        return troubles.values().stream().findFirst()
                .map(trouble -> new Status(State.RETRYING, trouble.since, trouble.reason))
                .orElse(new Status(State.DELIVERING, null, null));
    }

    /** Nano time at which the latest attempt began that got something through; long ago before the first. */
    long lastDelivered() {
        return lastDelivered;
    }

    /**
     * Something got through.
     *
     * @param begun nano time at which the attempt began: it may have got through no later
     */
    synchronized void delivered(long begun) {
        if (begun - lastDelivered > 0) {
            lastDelivered = begun;
        }
        suspects = 0;
        resume(begun);
    }

    /** @param source which route has the trouble, so that it alone can say that it is over */
    void trouble(String source, Outcome outcome) {
        troubles.compute(source, (key, known) -> known == null ? new Trouble(Instant.now(), outcome.reason())
                : FailurePolicy.isNotTried(outcome) ? known : new Trouble(known.since, outcome.reason()));
    }

    void troubleOver(String source) {
        troubles.remove(source);
    }

    synchronized void pause(Outcome outcome, Duration probeAfter) {
        if (paused == null) {
            pausedAt = System.nanoTime();
        }
        paused = new Trouble(paused == null ? Instant.now() : paused.since, outcome.reason());
        nextProbe = System.nanoTime() + probeAfter.toNanos();
    }

    synchronized boolean isPaused() {
        return paused != null;
    }

    /** True for one caller each time a probe is due; that caller sends one event and says what came of it. */
    synchronized boolean takeProbe(Duration nextAfter) {
        if (paused == null || System.nanoTime() - nextProbe < 0) {
            return false;
        }
        nextProbe = System.nanoTime() + nextAfter.toNanos();
        return true;
    }

    /**
     * Ends a pause whose probe was answered by something else than a refusal of the credentials.
     *
     * @param begun nano time at which the attempt began: one that was under way before the pause is no probe
     */
    synchronized void resume(long begun) {
        if (paused != null && begun - pausedAt > 0) {
            paused = null;
        }
    }

    /**
     * Whether a few events that fail may be set aside although nothing else got through since: they may be the trouble, or
     * the destination. Bounded, so that an outage does not set everything aside.
     */
    synchronized boolean mayBeSuspects(int events, int limit) {
        if (suspects + events > limit) {
            return false;
        }
        suspects += events;
        return true;
    }
}

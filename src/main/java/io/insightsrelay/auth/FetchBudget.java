package io.insightsrelay.auth;

import java.time.Duration;

import com.github.benmanes.caffeine.cache.Ticker;

/** A token bucket that allows a burst at once and one more each interval, so that callers cannot make us flood Backstage. Thread-safe. */
final class FetchBudget {

    private final int burst;
    private final long interval;
    private final Ticker ticker;
    private int permits;
    private long refilledAt;

    FetchBudget(AuthProperties.Keys limits, Ticker ticker) {
        this.burst = limits.burst();
        this.interval = limits.interval().toNanos();
        this.ticker = ticker;
        this.permits = burst;
        this.refilledAt = ticker.read();
    }

    /** Takes a permit if there is one. Never blocks. */
    synchronized boolean tryTake() {
        long due = (ticker.read() - refilledAt) / interval;
        if (due > 0) {
            permits = (int) Math.min(burst, permits + due);
            refilledAt += due * interval;
        }
        if (permits == 0) {
            return false;
        }
        permits--;
        return true;
    }
}

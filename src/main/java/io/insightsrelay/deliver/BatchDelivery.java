package io.insightsrelay.deliver;

import io.insightsrelay.deadletter.DeadLetter;
import io.insightsrelay.event.Event;
import io.insightsrelay.event.Outcome;
import io.insightsrelay.event.Outcome.Type;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.lang.Nullable;

/**
 * Brings every event of one batch to an outcome. Made for one batch, used by one thread.
 *
 * <p>The hard question is whether an event fails or the destination does. An event that fails while later events of the
 * batch get through, or others since its last failure, is set aside and tried again alone, and dead after
 * {@code maxAttempts}. Where nothing gets through, it is the destination: the batch waits with back-off, and one event at
 * a time, a different one each time, probes. A handful of events that fail at the head of a quiet log cannot prove either;
 * so that they hold up nobody they are set aside too, a bounded number of them.
 */
final class BatchDelivery {

    /** What the delivery does with events. */
    interface Routes {
        /** One attempt; the exception, or null, is the outcome of every event that the route gave none. */
        @Nullable
        Exception attempt(List<Event> events);

        /** Keeps outcomes for good, all or none of them; throws if it cannot. */
        void keep(Settled settled);

        /** True once the work should end early. */
        boolean stopping();

        /** Batches that follow may not begin before this one is done with, from now on. */
        void holdNext();

        /** Waits until every batch before this one is done with. */
        void awaitEarlier();
    }

    /**
     * Outcomes of some events of the batch, by the place of each in it.
     *
     * @param delivered what got through
     * @param setAside  envelopes to be tried again by themselves
     * @param dead      dead letters
     */
    record Settled(List<Integer> delivered, Map<Integer, byte[]> setAside, Map<Integer, DeadLetter> dead) {

        Settled() {
            this(new ArrayList<>(), new LinkedHashMap<>(), new LinkedHashMap<>());
        }
    }

    private static final Logger LOG = LoggerFactory.getLogger(BatchDelivery.class);
    private static final int MOST_SUSPECTS = 16;
    private static final int FAILURES_OF_A_SUSPECT = 3;
    private static final long CHECK_FOR_STOP_MILLIS = 50;

    private final Routes routes;
    private final Destination destination;
    private final RetryPolicy retry;
    private final String source;
    private final boolean retries;
    private final Map<Integer, Long> failedAt = new HashMap<>();
    private List<Event> open = new ArrayList<>();
    private int failures;
    private int probe;

    BatchDelivery(Routes routes, Destination destination, RetryPolicy retry, String source, boolean retries) {
        this.routes = routes;
        this.destination = destination;
        this.retry = retry;
        this.source = source;
        this.retries = retries;
    }

    /**
     * Returns when every event has an outcome; those that are not kept by then are delivered.
     *
     * @throws IllegalStateException if the relay stops first, or an outcome cannot be kept: what has none has to come again
     */
    void deliver(List<byte[]> envelopes) {
        read(envelopes);
        buryExpired();
        while (!open.isEmpty()) {
            if (failures > 0 || destination.isPaused()) {
                // in trouble one batch at a time goes on, the oldest
                routes.awaitEarlier();
                rest();
                buryExpired();
            } else {
                settle(open);
            }
        }
        destination.troubleOver(source);
    }

    /** Waits for the next attempt to be due, then makes it with one event; all follow if that one gets through. */
    private void rest() {
        if (destination.isPaused()) {
            while (!open.isEmpty() && destination.isPaused() && !destination.takeProbe(retry.get().pause())) {
                waitFor(CHECK_FOR_STOP_MILLIS);
            }
        } else {
            long begun = System.nanoTime();
            double jitter = ThreadLocalRandom.current().nextDouble();
            long left;
            // looked up again and again, for the policy may change meanwhile
            while ((left = TimeUnit.NANOSECONDS.toMillis(begun + backOff(jitter).toNanos() - System.nanoTime())) > 0) {
                waitFor(Math.min(left, CHECK_FOR_STOP_MILLIS));
            }
            waitFor(0);
        }
        if (open.isEmpty()) {
            return;
        }
        Event probing = open.get(probe++ % open.size());
        if (isExpired(probing)) {
            return;
        }
        settle(List.of(probing));
    }

    /**
     * Full jitter: anywhere between nothing and the doubled step, so that many relays do not come back at once.
     *
     * @param jitter from 0 to 1
     */
    private Duration backOff(double jitter) {
        Duration asked = open.stream().map(Event::outcome).filter(outcome -> outcome != null && outcome.retryAfter() != null)
                .map(Outcome::retryAfter).max(Duration::compareTo).orElse(null);
        DeliverProperties.Retry now = retry.get();
        if (asked != null) {
            return asked.compareTo(now.maxRetryAfter()) > 0 ? now.maxRetryAfter() : asked;
        }
        long most = Math.min(now.maxBackoff().toMillis(), now.firstBackoff().toMillis() << Math.min(failures - 1, 20));
        return Duration.ofMillis((long) (jitter * (most + 1)));
    }

    private void settle(List<Event> events) {
        long begun = System.nanoTime();
        List<Event> attempted = attempt(events);
        long now = System.nanoTime();
        int lastDelivered = -1;
        boolean refused = false;
        for (int i = 0; i < attempted.size(); i++) {
            Type type = attempted.get(i).outcome().type();
            lastDelivered = type == Type.DELIVERED ? i : lastDelivered;
            refused |= type == Type.UNAUTHORIZED;
        }
        if (lastDelivered >= 0) {
            destination.delivered(begun);
        }
        Settled settled = new Settled();
        List<Event> failing = new ArrayList<>();
        for (int i = 0; i < attempted.size(); i++) {
            Event event = attempted.get(i);
            Outcome outcome = event.outcome();
            if (FailurePolicy.isNotTried(outcome)) {
                // no attempt, so it counts as none
                failing.add(event);
                continue;
            }
            Long failedBefore = outcome.type() == Type.DELIVERED ? null : failedAt.put(event.place(), now);
            boolean othersGotThrough = lastDelivered > i || retries && lastDelivered >= 0
                    || failedBefore != null && destination.lastDelivered() - failedBefore > 0;
            switch (outcome.type()) {
                case DELIVERED -> settled.delivered.add(event.place());
                case DEAD -> bury(event, settled);
                case UNAUTHORIZED, HELD -> failing.add(event);
                case FAILED, RETRY -> {
                    // one that nobody expected, of a step, is believed the second time
                    int most = outcome.type() == Type.FAILED ? Math.min(2, retry.get().maxAttempts()) : retry.get().maxAttempts();
                    // broken off by a stop, it is no event's fault
                    if (!othersGotThrough || routes.stopping()) {
                        failing.add(event);
                    } else if (event.attempts() + 1 >= most) {
                        bury(event, settled);
                    } else {
                        setAside(event, 1, settled);
                    }
                }
            }
        }
        replace(attempted, failing);
        keep(settled);
        if (routes.stopping() && !failing.isEmpty()) {
            // nor does it say anything of the destination
            leave();
        }
        if (!refused && attempted.stream().anyMatch(event -> !FailurePolicy.isNotTried(event.outcome()))) {
            destination.resume(begun);
        }
        learn(failing, refused);
    }

    /** Where nothing is left to do but to say that the batch is delivered, the end of the batch says it, in one commit. */
    private void keep(Settled settled) {
        if (!settled.setAside.isEmpty() || !settled.dead.isEmpty() || !settled.delivered.isEmpty() && !open.isEmpty()) {
            routes.keep(settled);
            settled.dead.values().forEach(letter -> LOG.warn("Event {} is a dead letter of {}: {}", letter.id(), destination.name(), letter.reason()));
        }
    }

    /** What the attempt says about the destination. */
    private void learn(List<Event> failing, boolean refused) {
        if (!failing.isEmpty()) {
            routes.holdNext();
        }
        if (refused) {
            Outcome outcome = failing.stream().map(Event::outcome).filter(o -> o.type() == Type.UNAUTHORIZED).findFirst().orElseThrow();
            if (!destination.isPaused()) {
                LOG.warn("{} does not accept the credentials ({}): it pauses, its events wait, one probe every {} s",
                        destination.name(), outcome.reason(), retry.get().pause().toSeconds());
            }
            destination.pause(outcome, retry.get().pause());
            return;
        }
        if (failing.isEmpty()) {
            failures = 0;
            destination.troubleOver(source);
            return;
        }
        failures++;
        Outcome outcome = failing.stream().map(Event::outcome).filter(o -> !FailurePolicy.isNotTried(o)).findFirst()
                .orElse(failing.get(0).outcome());
        if (failures == 1) {
            LOG.warn("{} does not take events ({}): {} wait and are tried again", destination.name(), outcome.reason(), open.size());
        }
        destination.trouble(source, outcome);
        if (!retries && failures >= FAILURES_OF_A_SUSPECT && open.stream().allMatch(event -> event.outcome() != null && event.outcome().type() != Type.HELD)
                && open.size() <= MOST_SUSPECTS && destination.mayBeSuspects(open.size(), MOST_SUSPECTS)) {
            Settled settled = new Settled();
            open.forEach(event -> setAside(event, 0, settled));
            open = new ArrayList<>();
            keep(settled);
        }
    }

    /** One attempt, from the envelope on: what an earlier attempt made of the event is forgotten. */
    private List<Event> attempt(List<Event> events) {
        List<Event> fresh = new ArrayList<>(events.size());
        events.forEach(event -> fresh.add(event.outcome() == null ? event : event.again()));
        attemptAndBisect(fresh);
        return fresh;
    }

    private void attemptAndBisect(List<Event> events) {
        Exception failure = routes.attempt(new ArrayList<>(events));
        Outcome outcome = failure == null ? Outcome.DELIVERED : FailurePolicy.ofException(failure);
        List<Event> undecided = events.stream().filter(event -> event.outcome() == null).toList();
        boolean oneOfThemIsBad = outcome.type() == Type.DEAD || outcome.type() == Type.FAILED && failures == 0 && !routes.stopping();
        if (oneOfThemIsBad && undecided.size() > 1) {
            routes.holdNext();
            attemptAndBisect(undecided.subList(0, undecided.size() / 2));
            attemptAndBisect(undecided.subList(undecided.size() / 2, undecided.size()));
        } else {
            for (Event event : undecided) {
                event.outcome(outcome);
            }
        }
    }

    private void replace(List<Event> attempted, List<Event> failing) {
        Map<Integer, Event> latest = new HashMap<>();
        attempted.forEach(event -> latest.put(event.place(), null));
        failing.forEach(event -> latest.put(event.place(), event));
        List<Event> rest = new ArrayList<>();
        for (Event event : open) {
            Event now = latest.containsKey(event.place()) ? latest.get(event.place()) : event;
            if (now != null) {
                rest.add(now);
            }
        }
        open = rest;
    }

    private void setAside(Event event, int countedAttempts, Settled settled) {
        settled.setAside.put(event.place(), event.envelopeAfter(failure(event), event.attempts() + countedAttempts));
    }

    private void bury(Event event, Settled settled) {
        Outcome outcome = event.outcome();
        int attempts = event.attempts() + (failedAt.containsKey(event.place()) ? 1 : 0);
        settled.dead.put(event.place(), new DeadLetter(event.id(), destination.name(), outcome.reason(), outcome.status(), attempts,
                event.received(), Instant.now(), event.envelopeAfter(failure(event), attempts)));
    }

    private void buryExpired() {
        Settled settled = new Settled();
        List<Event> rest = new ArrayList<>();
        for (Event event : open) {
            if (isExpired(event)) {
                event.outcome(Outcome.of(Type.DEAD, "expired: older than deliver.retry.maxAge"
                        + (event.outcome() == null ? "" : "; last: " + event.outcome().reason())));
                bury(event, settled);
            } else {
                rest.add(event);
            }
        }
        open = rest;
        keep(settled);
    }

    private Event.Failure failure(Event event) {
        return new Event.Failure(Instant.now().truncatedTo(ChronoUnit.MILLIS).toString(), destination.name(),
                event.outcome().reason(), event.outcome().status());
    }

    private boolean isExpired(Event event) {
        return event.received().plus(retry.get().maxAge()).isBefore(Instant.now());
    }

    private void read(List<byte[]> envelopes) {
        Settled settled = new Settled();
        for (int place = 0; place < envelopes.size(); place++) {
            byte[] envelope = envelopes.get(place);
            try {
                open.add(Event.fromEnvelope(envelope, place));
            } catch (IllegalArgumentException e) {
                // nothing that ingest writes looks like this; keep the bytes for whoever looks into it
                settled.dead.put(place, new DeadLetter(UUID.nameUUIDFromBytes(envelope).toString(), destination.name(),
                        "unreadable: " + e.getMessage(), null, 0, Instant.EPOCH, Instant.now(), envelope));
            }
        }
        keep(settled);
    }

    private void waitFor(long millis) {
        long until = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(millis);
        long left;
        while ((left = TimeUnit.NANOSECONDS.toMillis(until - System.nanoTime())) > 0) {
            if (routes.stopping()) {
                leave();
            }
            try {
                Thread.sleep(Math.min(left, CHECK_FOR_STOP_MILLIS));
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                leave();
            }
        }
        if (routes.stopping()) {
            leave();
        }
    }

    /** Ends early; what has no outcome yet stays in the log, in its order. */
    private static void leave() {
        throw new IllegalStateException("the relay stops; the batch stays in the spool");
    }
}

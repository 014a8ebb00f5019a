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
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
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

        /** Keeps the envelopes for a retry by themselves; throws if it cannot. */
        void setAside(List<byte[]> envelopes);

        /** Keeps the dead letter; throws if it cannot. */
        void keep(DeadLetter letter);

        /** Is told how many got through. */
        void delivered(int events);

        /** True once the work should end early. */
        boolean stopping();
    }

    private static final Logger LOG = LoggerFactory.getLogger(BatchDelivery.class);
    private static final int MOST_SUSPECTS = 16;
    private static final int FAILURES_OF_A_SUSPECT = 3;
    private static final long CHECK_FOR_STOP_MILLIS = 50;

    private final Routes routes;
    private final Destination destination;
    private final DeliverProperties.Retry retry;
    private final String source;
    private final boolean retries;
    private final Map<String, Long> failedAt = new HashMap<>();
    private List<Event> open = new ArrayList<>();
    private boolean partlySettled;
    private int failures;
    private int probe;

    BatchDelivery(Routes routes, Destination destination, DeliverProperties.Retry retry, String source, boolean retries) {
        this.routes = routes;
        this.destination = destination;
        this.retry = retry;
        this.source = source;
        this.retries = retries;
    }

    /**
     * Returns when every event has an outcome that is kept.
     *
     * @throws IllegalStateException if the relay stops first, or an outcome cannot be kept: the batch then has to come again
     */
    void deliver(List<byte[]> envelopes) {
        for (byte[] envelope : envelopes) {
            read(envelope);
        }
        buryExpired();
        while (!open.isEmpty()) {
            if (failures > 0 || destination.isPaused()) {
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
            while (!open.isEmpty() && destination.isPaused() && !destination.takeProbe(retry.pause())) {
                waitFor(CHECK_FOR_STOP_MILLIS);
            }
        } else {
            waitFor(backOff().toMillis());
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

    /** Full jitter: anywhere between nothing and the doubled step, so that many relays do not come back at once. */
    private Duration backOff() {
        Duration asked = open.stream().map(Event::outcome).filter(outcome -> outcome != null && outcome.retryAfter() != null)
                .map(Outcome::retryAfter).max(Duration::compareTo).orElse(null);
        if (asked != null) {
            return asked.compareTo(retry.maxRetryAfter()) > 0 ? retry.maxRetryAfter() : asked;
        }
        long most = Math.min(retry.maxBackoff().toMillis(), retry.firstBackoff().toMillis() << Math.min(failures - 1, 20));
        return Duration.ofMillis(ThreadLocalRandom.current().nextLong(most + 1));
    }

    private void settle(List<Event> events) {
        List<Event> attempted = attempt(events);
        long now = System.nanoTime();
        int lastDelivered = -1;
        int delivered = 0;
        boolean refused = false;
        for (int i = 0; i < attempted.size(); i++) {
            Type type = attempted.get(i).outcome().type();
            if (type == Type.DELIVERED) {
                lastDelivered = i;
                delivered++;
            }
            refused |= type == Type.UNAUTHORIZED;
        }
        if (delivered > 0) {
            destination.delivered();
            routes.delivered(delivered);
        }
        List<Event> dead = new ArrayList<>();
        List<Event> alone = new ArrayList<>();
        List<Event> failing = new ArrayList<>();
        for (int i = 0; i < attempted.size(); i++) {
            Event event = attempted.get(i);
            Outcome outcome = event.outcome();
            Long failedBefore = failedAt.put(event.id(), now);
            boolean othersGotThrough = lastDelivered > i || retries && lastDelivered >= 0
                    || failedBefore != null && destination.lastDelivered() - failedBefore > 0;
            switch (outcome.type()) {
                case DELIVERED -> { }
                case DEAD -> dead.add(event);
                case UNAUTHORIZED, HELD -> failing.add(event);
                case FAILED -> (othersGotThrough ? dead : failing).add(event);
                case RETRY -> (!othersGotThrough ? failing : event.attempts() + 1 >= retry.maxAttempts() ? dead : alone).add(event);
            }
        }
        replace(attempted, failing);
        setAside(alone, 1);
        bury(dead, Event::outcome);
        partlySettled |= failing.size() < attempted.size();
        learn(failing, refused);
    }

    /** What the attempt says about the destination. */
    private void learn(List<Event> failing, boolean refused) {
        if (refused) {
            Outcome outcome = failing.stream().map(Event::outcome).filter(o -> o.type() == Type.UNAUTHORIZED).findFirst().orElseThrow();
            if (!destination.isPaused()) {
                LOG.warn("{} does not accept the credentials ({}): it pauses, its events wait, one probe every {} s",
                        destination.name(), outcome.reason(), retry.pause().toSeconds());
            }
            destination.pause(outcome, retry.pause());
            return;
        }
        destination.resume();
        if (failing.isEmpty()) {
            failures = 0;
            destination.troubleOver(source);
            return;
        }
        failures++;
        Outcome outcome = failing.stream().map(Event::outcome).filter(o -> o != FailurePolicy.NOT_TRIED).findFirst().orElse(FailurePolicy.NOT_TRIED);
        if (failures == 1) {
            LOG.warn("{} does not take events ({}): {} wait and are tried again", destination.name(), outcome.reason(), open.size());
        }
        destination.trouble(source, outcome);
        if (!retries && failures >= FAILURES_OF_A_SUSPECT && open.stream().allMatch(event -> event.outcome() != null && event.outcome().type() != Type.HELD)
                && open.size() <= MOST_SUSPECTS && destination.mayBeSuspects(open.size(), MOST_SUSPECTS)) {
            List<Event> suspects = open;
            open = new ArrayList<>();
            setAside(suspects, 0);
        }
    }

    /** One attempt, from the envelope on: what an earlier attempt made of the event is forgotten. */
    private List<Event> attempt(List<Event> events) {
        List<Event> fresh = new ArrayList<>(events.size());
        events.forEach(event -> fresh.add(event.outcome() == null ? event : Event.fromEnvelope(event.envelope())));
        attemptAndBisect(fresh);
        return fresh;
    }

    private void attemptAndBisect(List<Event> events) {
        Exception failure = routes.attempt(new ArrayList<>(events));
        Outcome outcome = failure == null ? Outcome.DELIVERED : FailurePolicy.ofException(failure);
        List<Event> undecided = events.stream().filter(event -> event.outcome() == null).toList();
        boolean oneOfThemIsBad = outcome.type() == Type.DEAD || outcome.type() == Type.FAILED && failures == 0;
        if (oneOfThemIsBad && undecided.size() > 1) {
            attemptAndBisect(undecided.subList(0, undecided.size() / 2));
            attemptAndBisect(undecided.subList(undecided.size() / 2, undecided.size()));
        } else {
            undecided.forEach(event -> event.outcome(outcome));
        }
    }

    private void replace(List<Event> attempted, List<Event> failing) {
        Map<String, Event> still = new HashMap<>();
        failing.forEach(event -> still.put(event.id(), event));
        Map<String, Event> gone = new HashMap<>();
        attempted.forEach(event -> gone.put(event.id(), event));
        List<Event> rest = new ArrayList<>();
        for (Event event : open) {
            if (!gone.containsKey(event.id())) {
                rest.add(event);
            } else if (still.containsKey(event.id())) {
                rest.add(still.get(event.id()));
            }
        }
        open = rest;
    }

    private void setAside(List<Event> events, int countedAttempts) {
        if (!events.isEmpty()) {
            routes.setAside(events.stream().map(event -> event.envelopeAfter(failure(event), event.attempts() + countedAttempts)).toList());
        }
    }

    private void bury(List<Event> events, Function<Event, Outcome> why) {
        for (Event event : events) {
            Outcome outcome = why.apply(event);
            event.outcome(outcome);
            int attempts = event.attempts() + (failedAt.containsKey(event.id()) ? 1 : 0);
            routes.keep(new DeadLetter(event.id(), destination.name(), outcome.reason(), outcome.status(), attempts,
                    event.received(), Instant.now(), event.envelopeAfter(failure(event), attempts)));
            LOG.warn("Event {} is a dead letter of {}: {}", event.id(), destination.name(), outcome.reason());
        }
        if (!events.isEmpty()) {
            open.removeAll(events);
            partlySettled = true;
        }
    }

    private void buryExpired() {
        bury(open.stream().filter(this::isExpired).toList(), event -> Outcome.of(Type.DEAD, "expired: older than deliver.retry.maxAge"
                + (event.outcome() == null ? "" : "; last: " + event.outcome().reason())));
    }

    private Event.Failure failure(Event event) {
        return new Event.Failure(Instant.now().truncatedTo(ChronoUnit.MILLIS).toString(), destination.name(),
                event.outcome().reason(), event.outcome().status());
    }

    private boolean isExpired(Event event) {
        return event.received().plus(retry.maxAge()).isBefore(Instant.now());
    }

    private void read(byte[] envelope) {
        try {
            open.add(Event.fromEnvelope(envelope));
        } catch (IllegalArgumentException e) {
            // nothing that ingest writes looks like this; keep the bytes for whoever looks into it
            LOG.error("An entry of the spool cannot be read and becomes a dead letter of {}: {}", destination.name(), e.getMessage());
            routes.keep(new DeadLetter(UUID.nameUUIDFromBytes(envelope).toString(), destination.name(),
                    "unreadable: " + e.getMessage(), null, 0, Instant.EPOCH, Instant.now(), envelope));
            partlySettled = true;
        }
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

    /**
     * Ends early. Where part of the batch has its outcome already the rest is set aside, so that nothing of it is sent twice
     * after the restart; a batch of which nothing got through stays in the log, in its order.
     */
    private void leave() {
        if (!partlySettled) {
            throw new IllegalStateException("the relay stops; the batch stays in the spool");
        }
        List<Event> rest = open;
        open = new ArrayList<>();
        rest.stream().filter(event -> event.outcome() == null).forEach(event -> event.outcome(Outcome.of(Type.RETRY, "the relay stopped")));
        setAside(rest, 0);
    }
}

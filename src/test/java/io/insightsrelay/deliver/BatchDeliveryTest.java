package io.insightsrelay.deliver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.github.resilience4j.circuitbreaker.CallNotPermittedException;
import io.github.resilience4j.circuitbreaker.CircuitBreaker;
import io.insightsrelay.deadletter.DeadLetter;
import io.insightsrelay.event.Event;
import io.insightsrelay.event.Outcome;
import io.insightsrelay.event.Outcome.Type;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** The decisions about a batch, with the routes around it replaced by a script of what the destination answers. */
class BatchDeliveryTest {

    private static final DeliverProperties.Retry RETRY = new DeliverProperties.Retry(Duration.ofMillis(5), Duration.ofMillis(20),
            Duration.ofSeconds(1), Duration.ofMillis(100), Duration.ofSeconds(1), 3, Duration.ofDays(7));

    /** Answers each event by a function; null means delivered. Remembers everything. */
    private static class Script implements BatchDelivery.Routes {
        final List<List<String>> attempts = new CopyOnWriteArrayList<>();
        final List<String> delivered = new CopyOnWriteArrayList<>();
        final List<Event> setAside = new CopyOnWriteArrayList<>();
        final List<DeadLetter> dead = new CopyOnWriteArrayList<>();
        volatile Function<Event, Outcome> answer = event -> null;
        volatile Function<List<Event>, Exception> wholeBatch = events -> null;
        volatile boolean stopping;
        volatile int held;
        volatile int waited;
        final List<Integer> kept = new CopyOnWriteArrayList<>();

        @Override
        public Exception attempt(List<Event> events) {
            attempts.add(events.stream().map(Event::id).toList());
            Exception failure = wholeBatch.apply(events);
            if (failure == null) {
                events.forEach(event -> {
                    Outcome outcome = answer.apply(event);
                    event.outcome(outcome);
                    if (outcome == null) {
                        delivered.add(event.id());
                    }
                });
            }
            return failure;
        }

        @Override
        public void keep(BatchDelivery.Settled settled) {
            kept.addAll(settled.delivered());
            settled.setAside().values().forEach(envelope -> setAside.add(Event.fromEnvelope(envelope)));
            dead.addAll(settled.dead().values());
        }

        @Override
        public boolean stopping() {
            return stopping;
        }

        @Override
        public void holdNext() {
            held++;
        }

        @Override
        public void awaitEarlier() {
            waited++;
        }
    }

    private final Script script = new Script();
    private final Destination destination = new Destination("spotify");

    private static byte[] envelope(String id, int attempts, Instant received) {
        return ("{\"id\":\"" + id + "\",\"received\":\"" + received + "\",\"kind\":\"app\",\"attempts\":" + attempts + ",\"event\":{\"action\":\"x\"}}")
                .getBytes(StandardCharsets.UTF_8);
    }

    private static List<byte[]> envelopes(int count) {
        return IntStream.range(0, count).mapToObj(i -> envelope("e" + i, 0, Instant.now())).toList();
    }

    private static List<String> ids(int count) {
        return IntStream.range(0, count).mapToObj(i -> "e" + i).toList();
    }

    private void deliver(List<byte[]> envelopes, boolean retries) {
        new BatchDelivery(script, destination, () -> RETRY, retries ? "retries" : "batches", retries).deliver(envelopes);
    }

    private static Outcome retry() {
        return Outcome.of(Type.RETRY, "503");
    }

    @Test
    void deliversABatchInOneAttempt() {
        deliver(envelopes(3), false);
        assertThat(script.attempts).containsExactly(ids(3));
        // the end of the batch says that all of it is delivered
        assertThat(script.kept).isEmpty();
        assertThat(script.held).isZero();
        assertThat(script.waited).isZero();
        assertThat(destination.status().state()).isEqualTo(Destination.State.DELIVERING);
    }

    @Test
    void inTroubleTheNextBatchWaitsAndThisOneForThoseBefore() {
        script.answer = event -> script.attempts.size() < 3 ? retry() : null;
        deliver(envelopes(3), false);
        assertThat(script.held).isEqualTo(2);
        assertThat(script.waited).isEqualTo(2);
        assertThat(script.delivered).hasSize(3);
    }

    @Test
    void anOutageOfTheCatalogCostsNoEventAnAttemptWhileOthersGetThrough() {
        script.wholeBatch = events -> {
            // meanwhile the same destination takes events of another route, which need nothing of the catalog
            destination.delivered(System.nanoTime());
            return script.attempts.size() < 12 ? new DeliveryException(Outcome.of(Type.HELD, "catalog: away")) : null;
        };
        deliver(envelopes(3), false);
        assertThat(script.delivered).containsExactlyInAnyOrder("e0", "e1", "e2");
        assertThat(script.setAside).isEmpty();
        assertThat(script.dead).isEmpty();
    }

    @Test
    void aRefusedEventAloneIsDead() {
        script.answer = event -> event.id().equals("e1") ? new Outcome(Type.DEAD, "the destination answered 400", 400, null) : null;
        deliver(envelopes(3), false);
        assertThat(script.delivered).containsExactly("e0", "e2");
        assertThat(script.dead).singleElement().satisfies(letter -> {
            assertThat(letter.id()).isEqualTo("e1");
            assertThat(letter.status()).isEqualTo(400);
            assertThat(letter.attempts()).isEqualTo(1);
            assertThat(letter.reason()).contains("400");
            assertThat(Event.fromEnvelope(letter.envelope()).history()).hasSize(1);
        });
    }

    @Test
    void aRefusedBatchIsBisectedToTheOneThatIsRefused() {
        script.wholeBatch = events -> events.stream().anyMatch(event -> event.id().equals("e5"))
                ? new DeliveryException(new Outcome(Type.DEAD, "the destination answered 422", 422, null)) : null;
        deliver(envelopes(8), false);
        assertThat(script.delivered).containsExactlyInAnyOrder("e0", "e1", "e2", "e3", "e4", "e6", "e7").doesNotHaveDuplicates();
        assertThat(script.dead).singleElement().extracting(DeadLetter::id).isEqualTo("e5");
    }

    @Test
    void anEventThatBreaksAStepOfTheWholeBatchIsFoundAndDeadTheSecondTime() {
        script.wholeBatch = events -> events.stream().anyMatch(event -> event.id().equals("e2")) ? new IllegalStateException("cannot encode") : null;
        deliver(envelopes(4), false);
        assertThat(script.delivered).containsExactlyInAnyOrder("e0", "e1", "e3");
        assertThat(script.setAside).singleElement().satisfies(event -> assertThat(event.attempts()).isEqualTo(1));
        deliver(List.of(envelope("e2", 1, Instant.now()), envelope("e4", 1, Instant.now())), true);
        assertThat(script.dead).singleElement().satisfies(letter -> {
            assertThat(letter.attempts()).isEqualTo(2);
            assertThat(letter.reason()).contains("cannot encode");
        });
    }

    @Test
    void whatNobodyExpectedOfAStepIsNoVerdictOnTheEventWhileTheRelayStops() {
        script.answer = event -> {
            script.stopping = true;
            return event.id().equals("e0") ? Outcome.of(Type.FAILED, "IllegalStateException: closed") : null;
        };
        assertThatThrownBy(() -> deliver(List.of(envelope("e0", 1, Instant.now()), envelope("e1", 1, Instant.now())), true)).hasMessageContaining("stops");
        assertThat(script.delivered).containsExactly("e1");
        assertThat(script.setAside).isEmpty();
        assertThat(script.dead).isEmpty();
    }

    @Test
    void anEventThatAlwaysFailsWhileOthersGetThroughIsSetAsideAndTheOthersGoOn() {
        script.answer = event -> event.id().equals("e0") ? retry() : null;
        deliver(envelopes(3), false);
        assertThat(script.delivered).containsExactly("e1", "e2");
        assertThat(script.attempts).hasSize(1);
        assertThat(script.setAside).singleElement().satisfies(event -> {
            assertThat(event.id()).isEqualTo("e0");
            assertThat(event.attempts()).isEqualTo(1);
            assertThat(event.history()).singleElement().extracting(Event.Failure::reason).isEqualTo("503");
        });
    }

    @Test
    void aSetAsideEventDiesAfterItsAttemptsButOnlyWhileOthersGetThrough() {
        script.answer = event -> event.id().equals("poison") ? retry() : null;
        deliver(List.of(envelope("poison", 1, Instant.now()), envelope("good", 1, Instant.now())), true);
        assertThat(script.setAside).singleElement().extracting(Event::attempts).isEqualTo(2);
        deliver(List.of(envelope("poison", 2, Instant.now()), envelope("good", 1, Instant.now())), true);
        assertThat(script.dead).singleElement().satisfies(letter -> {
            assertThat(letter.id()).isEqualTo("poison");
            assertThat(letter.attempts()).isEqualTo(3);
        });
    }

    @Test
    void anOutageIsWaitingWithOneProbeAtATimeAndInOrderAfterwards() throws Exception {
        script.answer = event -> retry();
        CompletableFuture<Void> delivery = CompletableFuture.runAsync(() -> deliver(envelopes(40), false));
        await().until(() -> script.attempts.size() > 6);
        assertThat(destination.status().state()).isEqualTo(Destination.State.RETRYING);
        assertThat(destination.status().reason()).isEqualTo("503");
        assertThat(List.copyOf(script.attempts).subList(1, 6)).allSatisfy(attempt -> assertThat(attempt).hasSize(1)).doesNotHaveDuplicates();
        script.answer = event -> null;
        delivery.get(10, TimeUnit.SECONDS);
        assertThat(script.delivered).hasSize(40).doesNotHaveDuplicates();
        assertThat(script.delivered.subList(1, 40)).isSortedAccordingTo((a, b) -> Integer.compare(Integer.parseInt(a.substring(1)), Integer.parseInt(b.substring(1))));
        assertThat(script.setAside).isEmpty();
        assertThat(script.dead).isEmpty();
        assertThat(destination.status().state()).isEqualTo(Destination.State.DELIVERING);
    }

    @Test
    void aFewEventsThatFailAtTheHeadOfAQuietLogDoNotBlockItAndTheirNumberIsBounded() throws Exception {
        script.answer = event -> retry();
        deliver(envelopes(2), false);
        assertThat(script.setAside).extracting(Event::attempts).containsExactly(0, 0);
        deliver(envelopes(14), false);
        assertThat(script.setAside).hasSize(16);
        CompletableFuture<Void> held = CompletableFuture.runAsync(() -> deliver(envelopes(1), false));
        await().until(() -> script.attempts.stream().filter(List.of("e0")::equals).count() > 6);
        assertThat(held).isNotDone();
        script.answer = event -> null;
        held.get(10, TimeUnit.SECONDS);
        assertThat(script.setAside).hasSize(16);
    }

    @Test
    void refusedCredentialsPauseAndProbeAndNothingIsDead() throws Exception {
        script.answer = event -> new Outcome(Type.UNAUTHORIZED, "the destination answered 403", 403, null);
        CompletableFuture<Void> delivery = CompletableFuture.runAsync(() -> deliver(envelopes(3), false));
        await().until(() -> script.attempts.size() >= 3);
        assertThat(destination.status().state()).isEqualTo(Destination.State.PAUSED);
        assertThat(destination.status().reason()).contains("403");
        assertThat(script.attempts.subList(1, 3)).allSatisfy(attempt -> assertThat(attempt).hasSize(1));
        script.answer = event -> null;
        delivery.get(10, TimeUnit.SECONDS);
        assertThat(script.delivered).containsExactlyInAnyOrder("e0", "e1", "e2");
        assertThat(script.dead).isEmpty();
        assertThat(destination.status().state()).isEqualTo(Destination.State.DELIVERING);
    }

    @Test
    void retryAfterWins() throws Exception {
        List<Long> times = new ArrayList<>();
        script.answer = event -> {
            times.add(System.nanoTime());
            return times.size() == 1 ? new Outcome(Type.RETRY, "429", 429, Duration.ofMillis(400)) : null;
        };
        deliver(envelopes(1), false);
        assertThat(Duration.ofNanos(times.get(1) - times.get(0))).isBetween(Duration.ofMillis(390), Duration.ofSeconds(5));
    }

    @Test
    void whatIsTooOldIsDeadWithoutAnAttempt() {
        deliver(List.of(envelope("old", 0, Instant.now().minus(Duration.ofDays(8))), envelope("new", 0, Instant.now())), false);
        assertThat(script.delivered).containsExactly("new");
        assertThat(script.dead).singleElement().satisfies(letter -> assertThat(letter.reason()).startsWith("expired"));
    }

    @Test
    void anEntryThatIsNoEnvelopeIsKeptAsADeadLetter() {
        deliver(List.of("garbage".getBytes(StandardCharsets.UTF_8), envelope("good", 0, Instant.now())), false);
        assertThat(script.delivered).containsExactly("good");
        assertThat(script.dead).singleElement().satisfies(letter -> {
            assertThat(letter.reason()).startsWith("unreadable");
            assertThat(letter.envelope()).asString().isEqualTo("garbage");
        });
    }

    @Test
    void aStopLeavesAnUntouchedBatchInTheSpool() {
        script.answer = event -> retry();
        script.stopping = true;
        assertThatThrownBy(() -> deliver(envelopes(20), false)).isInstanceOf(IllegalStateException.class).hasMessageContaining("stays in the spool");
        assertThat(script.setAside).isEmpty();
    }

    @Test
    void aStopLeavesTheRestOfABatchOfWhichPartGotThroughAndThatPartIsNotSentAgain() {
        script.answer = event -> event.id().equals("e19") || event.id().equals("e18") ? retry() : null;
        script.stopping = true;
        assertThatThrownBy(() -> deliver(envelopes(20), false)).hasMessageContaining("stays in the spool");
        assertThat(script.kept).containsExactlyElementsOf(IntStream.range(0, 18).boxed().toList());
        assertThat(script.setAside).isEmpty();
    }

    @Test
    void anOutcomeThatCannotBeKeptFailsTheBatch() {
        script.answer = event -> Outcome.of(Type.DEAD, "400");
        Script full = new Script() {
            @Override
            public void keep(BatchDelivery.Settled settled) {
                throw new IllegalStateException("disk full");
            }
        };
        full.answer = script.answer;
        assertThatThrownBy(() -> new BatchDelivery(full, destination, () -> RETRY, "batches", false).deliver(envelopes(1))).hasMessage("disk full");
    }

    @Test
    void aConnectionThatFailsIsTheDestinationsTrouble() throws Exception {
        script.wholeBatch = events -> new IOException("connection refused");
        CompletableFuture<Void> delivery = CompletableFuture.runAsync(() -> deliver(envelopes(30), false));
        await().until(() -> script.attempts.size() > 4);
        assertThat(destination.status().reason()).isEqualTo("IOException: connection refused");
        script.wholeBatch = events -> null;
        delivery.get(10, TimeUnit.SECONDS);
        assertThat(script.delivered).hasSize(30);
    }

    @Test
    void whatIsBrokenOffByAStopIsNotHalvedAndNoEventsFault() {
        script.wholeBatch = events -> {
            script.stopping = true;
            return new IllegalStateException("the relay stops");
        };
        assertThatThrownBy(() -> deliver(envelopes(30), false)).hasMessageContaining("stays in the spool");
        assertThat(script.attempts).hasSize(1);
        assertThat(script.dead).isEmpty();
        assertThat(script.setAside).isEmpty();
    }

    @Test
    void onlyAnAttemptThatBeganInThePauseEndsIt() {
        long before = System.nanoTime();
        destination.pause(Outcome.of(Type.UNAUTHORIZED, "401"), Duration.ofSeconds(30));
        destination.resume(before);
        destination.delivered(before);
        assertThat(destination.status().state()).isEqualTo(Destination.State.PAUSED);
        destination.resume(System.nanoTime());
        assertThat(destination.status().state()).isEqualTo(Destination.State.DELIVERING);
    }

    @Test
    void anOpenBreakerDoesNotEndThePause() {
        destination.pause(Outcome.of(Type.UNAUTHORIZED, "401"), Duration.ZERO);
        script.wholeBatch = events -> {
            script.stopping = true;
            return new IllegalStateException(CallNotPermittedException.createCallNotPermittedException(CircuitBreaker.ofDefaults("spotify")));
        };
        assertThatThrownBy(() -> deliver(envelopes(1), false)).hasMessageContaining("stays in the spool");
        assertThat(script.attempts).hasSize(1);
        assertThat(destination.status().state()).isEqualTo(Destination.State.PAUSED);
    }
}

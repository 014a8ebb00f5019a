package io.insightsrelay.promises;

import static org.assertj.core.api.Assertions.assertThat;

import io.insightsrelay.testing.Installation;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.UUID;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** a-repeat-counts-once. */
class RepeatsIT {

    private static final int CLIENTS = 16;

    @TempDir
    Path folder;
    private Installation installation;

    @BeforeEach
    void prepare() {
        installation = new Installation(folder);
    }

    @AfterEach
    void close() {
        installation.close();
    }

    /** Requests of up to 20 events, each with an id of its own. */
    private static String request(AtomicInteger events) {
        List<String> batch = new ArrayList<>();
        for (int i = ThreadLocalRandom.current().nextInt(20); i >= 0; i--) {
            batch.add("{\"id\":\"" + UUID.randomUUID() + "\",\"action\":\"click\",\"subject\":\"e" + events.getAndIncrement() + "\"}");
        }
        return "[" + String.join(",", batch) + "]";
    }

    private boolean send(String request) {
        try {
            return installation.relay.post("/v1/events", request, "Authorization", "Bearer static-ingest-token").statusCode() == 202;
        } catch (UncheckedIOException e) {
            return false;
        }
    }

    @Test
    void killsUnderLoadAndSendersThatSendEverythingAgainStoreEachEventOnce() throws Exception {
        int rounds = Integer.getInteger("kill.rounds", 5);
        AtomicInteger events = new AtomicInteger();
        AtomicInteger again = new AtomicInteger();
        Queue<String> unsure = new ConcurrentLinkedQueue<>();
        Queue<String> answered = new ConcurrentLinkedQueue<>();
        for (int round = 0; round < rounds; round++) {
            installation.start();
            AtomicBoolean stop = new AtomicBoolean();
            List<Thread> clients = new ArrayList<>();
            for (int i = 0; i < CLIENTS; i++) {
                Thread client = new Thread(() -> {
                    while (!stop.get()) {
                        // what was not answered comes first, then something new, and now and then what was
                        String late = unsure.poll();
                        String repeat = late != null ? late : ThreadLocalRandom.current().nextInt(4) == 0 ? answered.poll() : null;
                        again.addAndGet(repeat == null ? 0 : 1);
                        String request = repeat == null ? request(events) : repeat;
                        (send(request) ? answered : unsure).add(request);
                    }
                });
                client.start();
                clients.add(client);
            }
            long until = System.nanoTime() + ThreadLocalRandom.current().nextLong(300, 1_500) * 1_000_000;
            while (System.nanoTime() < until) {
                installation.books();
            }
            installation.relay.kill();
            stop.set(true);
            for (Thread client : clients) {
                client.join();
            }
        }
        installation.start();
        for (String request : unsure) {
            assertThat(send(request)).isTrue();
        }
        installation.awaitDrained(Duration.ofMinutes(5));
        long received = installation.books().path("received").asLong();
        System.out.printf("killsUnderLoadAndSendersThatSendAgain: %d rounds, %d events, %d requests sent again, %d unanswered at the end, %d events received%n",
                rounds, events.get(), again.get(), unsure.size(), received);
        assertThat(again.get()).isPositive();
        assertThat(received).isEqualTo(events.get());
        assertThat(installation.delivered()).isEqualTo(events.get());
    }
}

package io.insightsrelay.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URLDecoder;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A relay as its own process between a portal and a receiver, and the accounts of a test: which numbered events were
 * acknowledged, and how often, in which order and under which id each arrived.
 */
public final class Installation implements AutoCloseable {

    /** The number of an event that is a dead letter, and why it is. */
    public record DeadEvent(int event, String reason) {
    }

    private static final ObjectMapper MAPPER = new ObjectMapper();
    private static final Pattern NUMBER = Pattern.compile("(?:^|&)subject=e(\\d+)");

    /** The catalog. */
    public final Portal portal = new Portal();
    /** In place of Spotify. */
    public final TestServer receiver = new TestServer().forgetful();
    /** The jar. */
    public final RelayProcess relay;
    /** The numbers of the events that arrived, in their order. */
    public final List<Integer> arrived = new ArrayList<>();

    private final Map<Integer, Integer> times = new ConcurrentHashMap<>();
    private final Map<Integer, String> ids = new ConcurrentHashMap<>();
    private final Map<Integer, Boolean> acknowledged = new ConcurrentHashMap<>();
    private final List<String> wrong = new CopyOnWriteArrayList<>();
    private final AtomicInteger next = new AtomicInteger();
    private final AtomicInteger requests = new AtomicInteger();
    private volatile Function<TestServer.Request, TestServer.Answer> authorization = request -> null;
    private volatile Function<Integer, TestServer.Answer> faults = number -> null;
    private volatile String lastForm = "";

    /** With the embedded engine, its data in {@code folder}. */
    public Installation(Path folder) {
        this(folder, Engine.EMBEDDED);
    }

    /** With that engine; what it keeps on disk is in {@code folder}. */
    public Installation(Path folder, Engine engine) {
        relay = new RelayProcess(folder).with("BACKSTAGE_BASE_URL", portal.url()).with("BACKSTAGE_TOKEN", "catalog-token")
                .with("SPOTIFY_BACKSTAGE_API_TOKEN", "spotify-token").with("SPOTIFY_BASE_URL", receiver.url())
                .with("DELIVER_RETRY_FIRSTBACKOFF", "20ms").with("DELIVER_RETRY_MAXBACKOFF", "300ms").with("DELIVER_RETRY_DELAY", "200ms")
                .with("DELIVER_RETRY_PAUSE", "300ms").with("DELIVER_RETRY_MAXATTEMPTS", "3");
        engine.use(relay);
        receiver.behave(this::receive);
    }

    /** Points the relay at another engine, from its next start on. What it kept so far stays where it is. */
    public void moveTo(Engine engine) {
        engine.use(relay);
    }

    /** Decides about requests by the number of the event; null means that the receiver takes it. */
    public void faults(Function<Integer, TestServer.Answer> newFaults) {
        faults = newFaults;
    }

    /** Decides about requests by what they carry; null means that they are authorized. */
    public void authorize(Function<TestServer.Request, TestServer.Answer> newAuthorization) {
        authorization = newAuthorization;
    }

    private TestServer.Answer receive(TestServer.Request request) {
        requests.incrementAndGet();
        TestServer.Answer refusal = authorization.apply(request);
        if (refusal != null) {
            return refusal;
        }
        Matcher matcher = NUMBER.matcher(request.text());
        int number = matcher.find() ? Integer.parseInt(matcher.group(1)) : -1;
        TestServer.Answer fault = faults.apply(number);
        if (fault != null) {
            return fault;
        }
        if (number < 0) {
            // not one of the numbered events
            return TestServer.status(200);
        }
        lastForm = request.text();
        String id = request.header("Idempotency-Key");
        String before = ids.putIfAbsent(number, id);
        if (before != null && !before.equals(id)) {
            wrong.add("event " + number + " came as " + before + " and as " + id);
        }
        times.merge(number, 1, Integer::sum);
        synchronized (arrived) {
            arrived.add(number);
        }
        return TestServer.status(200);
    }

    /** Posts the next event; gives its number. */
    public int post() {
        int number = next.getAndIncrement();
        HttpResponse<String> answer = relay.post("/api/backstage-insights/events/app", event(number));
        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(202);
        acknowledged.put(number, true);
        return number;
    }

    /** Posts events, 1000 a request, and expects 202. */
    public void post(int count) {
        for (int left = count; left > 0; left -= 1_000) {
            assertThat(tryBatch(Math.min(left, 1_000))).isEqualTo(202);
        }
    }

    /** Posts a batch of new events to /v1/events; gives the status, 0 where there was none. */
    public int tryBatch(int count) {
        int first = next.getAndAdd(count);
        StringBuilder body = new StringBuilder("[");
        for (int number = first; number < first + count; number++) {
            body.append(number == first ? "" : ",").append(event(number));
        }
        int status = status("/v1/events", body.append(']').toString(), "Authorization", "Bearer " + STATIC_TOKEN);
        if (status == 202) {
            for (int number = first; number < first + count; number++) {
                acknowledged.put(number, true);
            }
        }
        return status;
    }

    /** Posts one new event; gives the status, 0 where there was none. */
    public int tryOne() {
        int number = next.getAndIncrement();
        int status = status("/api/backstage-insights/events/app", event(number));
        if (status == 202) {
            acknowledged.put(number, true);
        }
        return status;
    }

    private int status(String path, String body, String... headers) {
        try {
            return relay.post(path, body, headers).statusCode();
        } catch (UncheckedIOException e) {
            return 0;
        }
    }

    /** Has so many clients post, one event at a time or up to 20 in a batch, until the handle is closed. What they get but 202 is in {@code answers}. */
    public AutoCloseable load(int clients, Map<Integer, Integer> answers) {
        List<Thread> threads = new ArrayList<>();
        AtomicBoolean stop = new AtomicBoolean();
        for (int i = 0; i < clients; i++) {
            Thread thread = new Thread(() -> {
                ThreadLocalRandom random = ThreadLocalRandom.current();
                while (!stop.get()) {
                    int status = random.nextInt(4) > 0 ? tryOne() : tryBatch(1 + random.nextInt(20));
                    answers.merge(status, 1, Integer::sum);
                }
            });
            thread.start();
            threads.add(thread);
        }
        return () -> {
            stop.set(true);
            for (Thread thread : threads) {
                thread.join();
            }
        };
    }

    private static String event(int number) {
        return "{\"action\":\"click\",\"subject\":\"e" + number + "\",\"context\":{\"entityRef\":\"component:default/c" + number % 50 + "\"}}";
    }

    /** The token of /v1/events, see {@link #arguments}. */
    private static final String STATIC_TOKEN = "static-ingest-token";

    /** What the relay is started with, and {@code more}. */
    public String[] arguments(String... more) {
        List<String> arguments = new ArrayList<>(List.of("--auth.staticTokens[0].token=" + STATIC_TOKEN, "--auth.staticTokens[0].subject=user:default/importer"));
        arguments.addAll(List.of(more));
        return arguments.toArray(String[]::new);
    }

    /** Starts the relay. */
    public Installation start(String... more) {
        relay.start(arguments(more));
        return this;
    }

    /** The books of the destination, which are checked to balance. */
    public JsonNode books() {
        JsonNode books = json("/management/spool").path("events").path("spotify");
        assertThat(books.path("received").asLong()).as("%s", books).isEqualTo(books.path("delivered").asLong() + books.path("deadLetters").asLong()
                + books.path("deleted").asLong() + books.path("expired").asLong() + books.path("lost").asLong() + books.path("waiting").asLong());
        return books;
    }

    /** Waits until every event has an outcome. */
    public void awaitDrained(Duration most) {
        await().atMost(most).pollInterval(Duration.ofMillis(100)).until(() -> books().path("waiting").asLong() == 0);
    }

    /** Waits until everything that is acknowledged by now has arrived. */
    public void awaitArrival(Duration most) {
        Set<Integer> expected = Set.copyOf(acknowledged.keySet());
        await().atMost(most).until(() -> times.keySet().containsAll(expected));
    }

    /** GET on the management port. */
    public JsonNode json(String path) {
        try {
            return MAPPER.readTree(relay.manage("GET", path).body());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The numbers of the events that are dead letters. */
    public List<Integer> dead() {
        return deadLetters().stream().map(DeadEvent::event).toList();
    }

    /** The same, with the reasons. */
    public List<DeadEvent> deadLetters() {
        List<DeadEvent> dead = new ArrayList<>();
        for (JsonNode page = json("/management/dead-letters?limit=1000"); ; page = json("/management/dead-letters?limit=1000&after=" + page.path("after").asText())) {
            for (JsonNode letter : page.path("deadLetters")) {
                dead.add(new DeadEvent(Integer.parseInt(json("/management/dead-letters/" + letter.path("id").asText()).at("/envelope/event/subject").asText().substring(1)),
                        letter.path("reason").asText()));
            }
            if (!page.has("after")) {
                return dead;
            }
        }
    }

    /** Every acknowledged event arrived or is a dead letter, under one id. Gives how many arrived more than once. */
    public int check() {
        List<Integer> dead = dead();
        List<Integer> lost = acknowledged.keySet().stream().filter(number -> !times.containsKey(number) && !dead.contains(number)).sorted().toList();
        assertThat(lost).as("lost events").isEmpty();
        assertThat(wrong).as("events under two ids").isEmpty();
        assertThat(dead).doesNotHaveDuplicates();
        return (int) times.values().stream().filter(count -> count > 1).count();
    }

    /** How many were acknowledged. */
    public int acknowledged() {
        return acknowledged.size();
    }

    /** How many requests the receiver got, whatever it answered. */
    public int requests() {
        return requests.get();
    }

    /** The form of the event that arrived last, decoded. */
    public String lastForm() {
        return URLDecoder.decode(lastForm, StandardCharsets.UTF_8);
    }

    /** How many different events arrived. */
    public int delivered() {
        return times.size();
    }

    /** What was sent, acknowledged or not. */
    public int posted() {
        return next.get();
    }

    @Override
    public void close() {
        relay.close();
        receiver.close();
        portal.close();
    }
}

package io.insightsrelay.kafka;

import static org.assertj.core.api.Assertions.assertThat;

import io.insightsrelay.spool.Ledger;
import io.insightsrelay.spool.SpoolProperties;
import io.insightsrelay.spool.SpoolStore;
import io.insightsrelay.testing.KafkaCluster;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.util.unit.DataSize;

/** Which topic gets what of a spool, on a real cluster. */
class DrainTest {

    private static final int EVENTS = 40;

    @TempDir
    Path folder;
    private final String prefix = "test-" + UUID.randomUUID().toString().substring(0, 8) + ".";
    private SpoolStore store;
    private KafkaEngine engine;

    @BeforeEach
    void open() {
        store = new SpoolStore(folder.resolve("data"), new SpoolProperties(DataSize.ofGigabytes(1), DataSize.ofMegabytes(16), Duration.ofSeconds(1), Duration.ofSeconds(1), Duration.ZERO));
        engine = new KafkaEngine(new KafkaProperties(KafkaCluster.shared().bootstrapServers(), prefix, "", Map.of(),
                new KafkaProperties.Topics(true, 3, (short) 3, 2, Duration.ofDays(1)), new KafkaProperties.Producer(Duration.ofMillis(1), DataSize.ofMegabytes(16), Duration.ofSeconds(10)),
                new KafkaProperties.Consumer(Duration.ofSeconds(6), Duration.ofSeconds(1))));
        store.append(store.log("events"), IntStream.rangeClosed(1, EVENTS).mapToObj(DrainTest::event).toList()).join();
    }

    @AfterEach
    void close() {
        store.close();
        engine.close();
    }

    private static byte[] event(int number) {
        return ("{\"id\":\"id-" + number + "\",\"received\":\"2026-01-01T00:00:00Z\",\"user\":\"user:default/u" + number % 5 + "\",\"kind\":\"app\",\"event\":{\"n\":" + number + "}}").getBytes(StandardCharsets.UTF_8);
    }

    private void sql(String... statements) {
        store.write((connection, appender) -> {
            try (Statement statement = connection.createStatement()) {
                for (String sql : statements) {
                    statement.execute(sql);
                }
            }
            return null;
        }).join();
    }

    private List<Integer> in(String topic) {
        List<Integer> numbers = new ArrayList<>();
        try (KafkaConsumer<String, String> consumer = new KafkaConsumer<>(Map.of("bootstrap.servers", KafkaCluster.shared().bootstrapServers()),
                new StringDeserializer(), new StringDeserializer())) {
            List<TopicPartition> partitions = consumer.partitionsFor(prefix + topic).stream().map(info -> new TopicPartition(info.topic(), info.partition())).toList();
            consumer.assign(partitions);
            consumer.seekToBeginning(partitions);
            Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
            while (ends.entrySet().stream().anyMatch(end -> consumer.position(end.getKey()) < end.getValue())) {
                consumer.poll(Duration.ofMillis(100)).forEach(record -> numbers.add(Integer.valueOf(record.value().replaceAll(".*\"n\":(\\d+).*", "$1"))));
            }
        }
        return numbers;
    }

    private static Integer[] numbers(IntPredicate which) {
        return IntStream.rangeClosed(1, EVENTS).filter(which).boxed().toArray(Integer[]::new);
    }

    private List<String> drain() {
        return new Drain(store, engine, line -> { }).run();
    }

    private void booksBalance() {
        store.ledgers().forEach((consumer, books) -> {
            assertThat(books.received()).as("%s: %s", consumer, books).isEqualTo(books.delivered() + books.deadLetters() + books.deleted() + books.expired() + books.lost() + books.waiting());
            assertThat(books.waiting() + books.deadLetters()).as("%s: %s", consumer, books).isZero();
        });
    }

    @Test
    void eachDestinationGetsWhatItLacks() {
        // one is at 10 and has had 12 and 15, one is at 4, and one replays 3 to 6 and has had 4
        sql("INSERT INTO cursor(log, consumer, position, start, ends_at) VALUES ('events', 'ahead', 10, 0, NULL), ('events', 'behind', 4, 0, NULL), ('events', 'span', 2, 2, 6)",
                "INSERT INTO settled VALUES ('events', 'ahead', 12), ('events', 'ahead', 15), ('events', 'span', 4)",
                "INSERT INTO tally VALUES ('ahead', 'delivered', 12), ('behind', 'delivered', 4), ('span', 'delivered', 1)");
        drain();
        assertThat(in("events")).containsExactlyInAnyOrder(numbers(n -> n > 10 && n != 12 && n != 15));
        assertThat(in("retry-ahead")).isEmpty();
        assertThat(in("retry-behind")).containsExactlyInAnyOrder(numbers(n -> n > 4 && n <= 10 || n == 12 || n == 15));
        assertThat(in("retry-span")).containsExactlyInAnyOrder(3, 5, 6);
        booksBalance();
        assertThat(engine.deadLetters().handled()).isEmpty();
        assertThat(engine.deadLetters().opening("behind")).isEqualTo(new KafkaEngine.Opening(8, 0));
        assertThat(engine.deadLetters().opening("span")).isEqualTo(new KafkaEngine.Opening(3, 0));
        // nothing is left, and nothing comes twice
        assertThat(drain()).isEmpty();
        assertThat(in("events")).hasSize(EVENTS - 12);
    }

    @Test
    void theEventsOfAUserKeepTheirOrder() {
        sql("INSERT INTO cursor(log, consumer, position, start) VALUES ('events', 'spotify', 0, 0)");
        drain();
        List<Integer> moved = in("events");
        for (int user = 0; user < 5; user++) {
            int of = user;
            assertThat(moved.stream().filter(number -> number % 5 == of)).containsExactly(numbers(n -> n % 5 == of));
        }
    }

    @Test
    void eventsThatNobodyTookYetAreThereForWhoeverComes() {
        drain();
        assertThat(in("events")).containsExactlyInAnyOrder(numbers(n -> true));
        assertThat(drain()).isEmpty();
    }

    @Test
    void whatIsDamagedIsCountedAsLost() {
        sql("INSERT INTO cursor(log, consumer, position, start) VALUES ('events', 'spotify', 0, 0)", "DELETE FROM log_events");
        assertThat(drain()).containsExactly(EVENTS + " events cannot be read and are counted as lost in the spool");
        Ledger books = store.ledgers().get("spotify");
        assertThat(books.lost()).isEqualTo(EVENTS);
        booksBalance();
    }

    @Test
    void retriesGoToTheRetriesAndAreCounted() {
        store.append(store.log("retry-spotify"), List.of(event(1), event(2), event(3))).join();
        sql("INSERT INTO cursor(log, consumer, position, start) VALUES ('events', 'spotify', 40, 0), ('retry-spotify', 'spotify', 1, 0)",
                "INSERT INTO tally VALUES ('spotify', 'delivered', 38), ('spotify', 'set_aside', 3)");
        drain();
        assertThat(in("retry-spotify")).containsExactlyInAnyOrder(2, 3);
        assertThat(in("events")).isEmpty();
        assertThat(engine.deadLetters().handled()).isEmpty();
        assertThat(engine.deadLetters().opening("spotify")).isEqualTo(new KafkaEngine.Opening(2, 0));
        booksBalance();
    }
}

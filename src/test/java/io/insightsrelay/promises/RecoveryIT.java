package io.insightsrelay.promises;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import io.insightsrelay.testing.Installation;
import io.insightsrelay.testing.TestServer;
import io.insightsrelay.testing.Tools;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** recovery-completes, and upgrade-keeps-data. */
class RecoveryIT {

    private static final int EVENTS = 5_000;

    @TempDir
    Path folder;
    private Installation installation;
    private Path database;
    private Path wal;

    @BeforeEach
    void prepare() {
        installation = new Installation(folder);
        database = installation.relay.dataDir().resolve("spool.db");
        wal = installation.relay.dataDir().resolve("spool.db-wal");
    }

    @AfterEach
    void close() {
        installation.close();
    }

    /** Leaves events in the spool of a relay that was killed. */
    private void killWithEventsWaiting() {
        installation.faults(number -> TestServer.status(503));
        installation.start();
        installation.post(EVENTS);
        installation.relay.kill();
        installation.faults(number -> null);
    }

    private static void checkpoint(Path database) throws Exception {
        try (Connection connection = DriverManager.getConnection("jdbc:sqlite:" + database); Statement statement = connection.createStatement()) {
            statement.execute("PRAGMA wal_checkpoint(TRUNCATE)");
        }
    }

    @Test
    void aTornWriteAheadLogCostsOnlyWhatWasTornOff() throws Exception {
        killWithEventsWaiting();
        long size = Files.size(wal);
        assertThat(size).isGreaterThan(100_000);
        try (RandomAccessFile file = new RandomAccessFile(wal.toFile(), "rw")) {
            file.setLength(size - 6_000);
            byte[] noise = new byte[3_000];
            new Random(1).nextBytes(noise);
            file.seek(size - 9_000);
            file.write(noise);
        }
        installation.start();
        installation.awaitDrained(Duration.ofSeconds(60));
        // what a disk forgets nobody can bring back; the rest arrives, once, and the relay goes on
        assertThat(installation.delivered()).isBetween(EVENTS - 1_000, EVENTS);
        int delivered = installation.delivered();
        installation.post(10);
        await().until(() -> installation.delivered() == delivered + 10);
    }

    @Test
    void aMissingWriteAheadLogCostsOnlyWhatWasInIt() throws Exception {
        killWithEventsWaiting();
        checkpoint(database);
        installation.faults(number -> TestServer.status(503));
        installation.start();
        installation.post(10);
        installation.relay.kill();
        Files.delete(wal);
        installation.faults(number -> null);
        installation.start();
        installation.awaitDrained(Duration.ofSeconds(60));
        assertThat(installation.delivered()).isBetween(EVENTS, EVENTS + 10);
        int delivered = installation.delivered();
        installation.post(10);
        await().until(() -> installation.delivered() == delivered + 10);
    }

    @Test
    void aFolderThatCannotBeWrittenIsRefusedWithAMessage() throws Exception {
        Path disk = Files.createDirectory(folder.resolve("disk"));
        try (AutoCloseable mounted = Tools.tmpfs(disk, "10m")) {
            assertThat(Tools.run("mount", "-o", "remount,ro", disk.toString())).isZero();
            installation.relay.with("RELAY_DATA_DIR", disk.resolve("data"));
            installation.relay.launch(installation.arguments());
            assertThat(installation.relay.awaitExit()).isEqualTo(1);
            assertThat(installation.relay.log()).contains("cannot be used", "Read-only file system", "RELAY_DATA_DIR").doesNotContain("\tat ");
        }
    }

    @Test
    void aDamagedPageIsSurvivedAndTheRestIsSalvaged() throws Exception {
        killWithEventsWaiting();
        checkpoint(database);
        byte[] content = Files.readAllBytes(database);
        int damaged = 0;
        Random random = new Random(7);
        try (RandomAccessFile file = new RandomAccessFile(database.toFile(), "rw")) {
            // three pages of events, somewhere in the middle
            for (int page = content.length / 4096 / 2; damaged < 3; page++) {
                if (content[page * 4096] == 0x0D) {
                    byte[] noise = new byte[4096];
                    random.nextBytes(noise);
                    file.seek(page * 4096L);
                    file.write(noise);
                    damaged++;
                }
            }
        }
        installation.start();
        assertThat(installation.relay.log()).contains("THE SPOOL IS DAMAGED", "Salvaged from the damaged spool", "is kept as");
        try (Stream<Path> files = Files.list(installation.relay.dataDir())) {
            assertThat(files.map(path -> path.getFileName().toString())).anyMatch(name -> name.matches("spool\\.db\\.damaged-\\d{8}T\\d{6}Z"));
        }
        installation.awaitDrained(Duration.ofSeconds(60));
        JsonNode books = installation.books();
        assertThat(books.path("lost").asInt()).isBetween(1, 300);
        assertThat(installation.delivered()).isEqualTo(EVENTS - books.path("lost").asInt());
        assertThat(installation.relay.manage("GET", "/actuator/prometheus").body()).contains("relay_events_lost_total{destination=\"spotify\"} " + books.path("lost").asInt() + ".0");
        System.out.printf("damage: 3 of %d pages overwritten, %d of %d events delivered, %d counted as lost%n", content.length / 4096, installation.delivered(), EVENTS, books.path("lost").asInt());
        // the new file is sound
        installation.relay.kill();
        int length = installation.relay.log().length();
        installation.start();
        assertThat(installation.relay.log().substring(length)).doesNotContain("DAMAGED");
    }

    @Test
    void aFileThatIsNoDatabaseAnyMoreIsSetAsideAndARescueThatWasCutOffIsTakenUp() throws Exception {
        killWithEventsWaiting();
        checkpoint(database);
        try (RandomAccessFile file = new RandomAccessFile(database.toFile(), "rw")) {
            file.write(new byte[4096]);
        }
        Files.writeString(installation.relay.dataDir().resolve("spool.db.building"), "the rest of an attempt that was killed");
        installation.start();
        installation.awaitDrained(Duration.ofSeconds(60));
        assertThat(installation.delivered()).isEqualTo(EVENTS);
        assertThat(installation.check()).isZero();
    }

    @Test
    void damageThatShowsWhileItRunsEndsItAndTheNextStartMendsIt() throws Exception {
        killWithEventsWaiting();
        checkpoint(database);
        // slow enough that the damage comes before the batch that meets it
        installation.faults(number -> TestServer.status(503));
        installation.start();
        byte[] content = Files.readAllBytes(database);
        try (RandomAccessFile file = new RandomAccessFile(database.toFile(), "rw")) {
            for (int page = content.length / 4096 / 2; page < content.length / 4096; page++) {
                if (content[page * 4096] == 0x0D || content[page * 4096] == 0x05) {
                    file.seek(page * 4096L);
                    file.write(new byte[] {0x55, 0x55, 0x55, 0x55, 0x55, 0x55});
                }
            }
        }
        installation.faults(number -> null);
        assertThat(installation.relay.awaitExit()).isEqualTo(74);
        assertThat(installation.relay.log()).contains("THE SPOOL IS DAMAGED. The relay ends with exit code 74");
        installation.start();
        installation.awaitDrained(Duration.ofSeconds(60));
        assertThat(installation.relay.log()).contains("Salvaged from the damaged spool");
        // nothing tells any more how long the log was whose end is gone
        assertThat(installation.delivered()).isBetween(1, EVENTS - 1);
        assertThat(installation.books().path("delivered").asInt()).isEqualTo(installation.delivered());
    }

    @Test
    void aClockThatJumpsBackHoldsNothingUp() throws Exception {
        Tools.require("faketime");
        installation.faults(number -> number % 100 == 0 ? TestServer.status(503) : null);
        installation.relay.below("faketime", "-f", "+3h").with("DONT_FAKE_MONOTONIC", "1");
        installation.start();
        installation.post(1_000);
        await().atMost(Duration.ofSeconds(30)).until(() -> installation.delivered() >= 990);
        installation.relay.kill();
        installation.relay.below();
        installation.faults(number -> null);
        installation.start();
        installation.post(1_000);
        // events and retries from the future wait for nothing
        installation.awaitDrained(Duration.ofSeconds(30));
        assertThat(installation.check()).isLessThan(500);
        assertThat(installation.delivered() + installation.dead().size()).isEqualTo(2_000);
    }

    @Test
    void aNewerSchemaIsRefusedAndAnOlderOneKeepsItsData() throws Exception {
        killWithEventsWaiting();
        try (Connection connection = DriverManager.getConnection("jdbc:sqlite:" + database); Statement statement = connection.createStatement()) {
            int version;
            try (ResultSet row = statement.executeQuery("PRAGMA user_version")) {
                version = row.getInt(1);
            }
            statement.execute("PRAGMA user_version = " + (version + 1));
            installation.relay.launch(installation.arguments());
            assertThat(installation.relay.awaitExit()).isEqualTo(1);
            assertThat(installation.relay.log()).contains("its schema has version " + (version + 1), "start the newer relay").doesNotContain("\tat ");
            // the folder as version 1 left it
            for (String sql : List.of("ALTER TABLE cursor DROP COLUMN ends_at", "ALTER TABLE cursor DROP COLUMN start", "DROP TABLE settled", "DROP TABLE tally", "DROP INDEX dead_letter_destination", "PRAGMA user_version = 1")) {
                statement.execute(sql);
            }
        }
        installation.start();
        installation.awaitDrained(Duration.ofSeconds(60));
        assertThat(installation.delivered()).isEqualTo(EVENTS);
        assertThat(installation.check()).isZero();
    }

    @Test
    void aSecondRelayOnTheFolderIsRefused() throws IOException {
        installation.start();
        Path other = Files.createDirectory(folder.resolve("other"));
        try (Installation second = new Installation(other)) {
            second.relay.with("RELAY_DATA_DIR", installation.relay.dataDir());
            second.relay.launch(second.arguments());
            assertThat(second.relay.awaitExit()).isEqualTo(1);
            assertThat(second.relay.log()).contains("in use by another relay", "RELAY_DATA_DIR").doesNotContain("\tat ");
        }
        installation.post(10);
        installation.awaitDrained(Duration.ofSeconds(20));
    }
}

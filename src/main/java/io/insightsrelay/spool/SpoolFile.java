package io.insightsrelay.spool;

import java.io.IOException;
import java.lang.module.ModuleDescriptor.Version;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import org.sqlite.SQLiteConfig;
import org.sqlite.SQLiteJDBCLoader;

/**
 * The database file in the data folder, which one process at a time has: {@code spool.db}, with {@code relay.lock} beside it.
 * Its schema carries a version ({@code PRAGMA user_version}); an older one is brought up to date, a newer one refused.
 */
final class SpoolFile implements AutoCloseable {

    /** What makes version n+1 of version n. What stands here once was shipped stays as it is. */
    private static final List<List<String>> MIGRATIONS = List.of(
            List.of("CREATE TABLE cursor(log TEXT, consumer TEXT, position INTEGER NOT NULL, PRIMARY KEY(log, consumer)) WITHOUT ROWID", """
                    CREATE TABLE dead_letter(id TEXT, destination TEXT, reason TEXT NOT NULL, status INTEGER, attempts INTEGER NOT NULL,
                        received_at INTEGER NOT NULL, died_at INTEGER NOT NULL, replay_requested_at INTEGER, payload BLOB NOT NULL,
                        PRIMARY KEY(id, destination))""",
                    "CREATE INDEX dead_letter_replay ON dead_letter(replay_requested_at) WHERE replay_requested_at IS NOT NULL"),
            // counts begin: what is there already is their opening
            List.of("ALTER TABLE cursor ADD COLUMN start INTEGER NOT NULL DEFAULT 0",
                    "UPDATE cursor SET start = position",
                    "CREATE TABLE settled(log TEXT, consumer TEXT, position INTEGER, PRIMARY KEY(log, consumer, position)) WITHOUT ROWID",
                    "CREATE TABLE tally(consumer TEXT, outcome TEXT, events INTEGER NOT NULL, PRIMARY KEY(consumer, outcome)) WITHOUT ROWID",
                    "CREATE INDEX dead_letter_destination ON dead_letter(destination, died_at)",
                    "INSERT INTO tally SELECT destination, 'opening', count(*) FROM dead_letter GROUP BY destination"),
            // a row may hold several events from here on, see SpoolBlock; those that are there stay as they are
            List.of(),
            // the position of the last event that a consumer takes, where it has an end
            List.of("ALTER TABLE cursor ADD COLUMN ends_at INTEGER"),
            // the order of the columns tells a row that was salvaged from one of a log
            List.of("CREATE TABLE IF NOT EXISTS seen(number INTEGER PRIMARY KEY, ids BLOB NOT NULL, stored_at INTEGER NOT NULL)"));

    private static final String LOCK = "relay.lock";
    /** SQLite before that may damage the file when a checkpoint and a commit meet (sqlite.org/wal.html#walresetbug). */
    private static final Version OLDEST_DRIVER = Version.parse("3.51.3");

    private final Path folder;
    private final Path database;
    private final FileChannel lock;
    private final SpoolRescue rescue;

    /**
     * Takes the folder, which is created with mode 0700 if it is missing, and creates or updates the database.
     *
     * @throws SpoolException if the folder cannot be used, another process has it, a newer version wrote it, or the driver is too old
     */
    SpoolFile(Path folder) {
        checkVersion();
        this.folder = folder;
        this.database = folder.resolve("spool.db");
        this.lock = lock(folder);
        this.rescue = new SpoolRescue(database);
        try {
            rescue.finish();
            if (rescue.isDamaged()) {
                rescue.rescue();
            }
            updateSchema(database);
        } catch (SQLException | IOException e) {
            close();
            throw new SpoolException("The spool in " + folder.toAbsolutePath() + " cannot be opened: " + e.getMessage(), e);
        }
    }

    /** Has the next start look the file over, whatever its size. */
    void suspect() {
        rescue.suspect();
    }

    /** Whether a process has the spool in {@code folder} open now. */
    static boolean isInUse(Path folder) {
        try (FileChannel channel = FileChannel.open(folder.resolve(LOCK), StandardOpenOption.WRITE); FileLock lock = channel.tryLock()) {
            return lock == null;
        } catch (OverlappingFileLockException e) {
            return true;
        } catch (NoSuchFileException e) {
            return false;
        } catch (IOException e) {
            throw new SpoolException("The data folder " + folder.toAbsolutePath() + " cannot be used: " + e, e);
        }
    }

    /** An application that has the relay as a dependency may bring another version of the driver: Spring Boot manages one. */
    private static void checkVersion() {
        if (Version.parse(SQLiteJDBCLoader.getVersion()).compareTo(OLDEST_DRIVER) < 0) {
            throw new SpoolException("org.xerial:sqlite-jdbc is " + SQLiteJDBCLoader.getVersion() + "; it has to be " + OLDEST_DRIVER
                    + " or newer, for SQLite before that may damage the spool; docs/embedding.md says how to have the relay's version");
        }
    }

    /** A connection on which a commit returns after the fsync. */
    Connection connect() throws SQLException {
        SQLiteConfig config = new SQLiteConfig();
        config.setJournalMode(SQLiteConfig.JournalMode.WAL);
        config.setSynchronous(SQLiteConfig.SynchronousMode.FULL);
        config.setBusyTimeout(10_000);
        // nobody asks for them, and each insert would be followed by a query
        config.setGetGeneratedKeys(false);
        // the log is copied by SpoolUpkeep, not by whoever happens to commit
        config.setPragma(SQLiteConfig.Pragma.WAL_AUTOCHECKPOINT, "0");
        return config.createConnection("jdbc:sqlite:" + database);
    }

    /** Creates the database, or brings it up to date. */
    static void updateSchema(Path database) throws SQLException, IOException {
        SQLiteConfig config = new SQLiteConfig();
        try (Connection connection = config.createConnection("jdbc:sqlite:" + database); Statement statement = connection.createStatement()) {
            int version;
            try (ResultSet row = statement.executeQuery("PRAGMA user_version")) {
                row.next();
                version = row.getInt(1);
            }
            if (version > MIGRATIONS.size()) {
                throw new SQLException("its schema has version " + version + ", this relay knows up to " + MIGRATIONS.size()
                        + "; start the newer relay that wrote it");
            }
            if (version == MIGRATIONS.size()) {
                return;
            }
            Files.setPosixFilePermissions(database, PosixFilePermissions.fromString("rw-------"));
            // before the first table and before WAL mode, or it has no effect
            statement.execute("PRAGMA auto_vacuum = INCREMENTAL");
            connection.setAutoCommit(false);
            for (List<String> step : MIGRATIONS.subList(version, MIGRATIONS.size())) {
                for (String sql : step) {
                    statement.execute(sql);
                }
            }
            if (version == 1) {
                countRetries(statement);
            }
            statement.execute("PRAGMA user_version = " + MIGRATIONS.size());
            connection.commit();
        }
    }

    /** What waits for a retry was received before counts began, and each log of retries is a table of its own. */
    private static void countRetries(Statement statement) throws SQLException {
        List<String> consumers = new ArrayList<>();
        try (ResultSet rows = statement.executeQuery("SELECT consumer FROM cursor WHERE log = 'retry-' || consumer")) {
            while (rows.next()) {
                consumers.add(rows.getString(1));
            }
        }
        for (String consumer : consumers) {
            statement.execute("""
                    INSERT INTO tally SELECT '%1$s', 'opening', count(*) FROM "log_retry-%1$s"
                    WHERE position > (SELECT position FROM cursor WHERE log = 'retry-%1$s' AND consumer = '%1$s')
                    ON CONFLICT DO UPDATE SET events = events + excluded.events""".formatted(consumer));
        }
    }

    private static FileChannel lock(Path folder) {
        try {
            if (Files.notExists(folder)) {
                Files.createDirectories(folder.toAbsolutePath().getParent());
                Files.createDirectory(folder, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
            }
            FileChannel channel = FileChannel.open(folder.resolve(LOCK), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
            FileLock lock;
            try {
                lock = channel.tryLock();
            } catch (OverlappingFileLockException e) {
                lock = null;
            }
            if (lock == null) {
                channel.close();
                throw new SpoolException("The data folder " + folder.toAbsolutePath()
                        + " is in use by another relay; stop it, or give this one a folder of its own (RELAY_DATA_DIR)");
            }
            return channel;
        } catch (IOException e) {
            throw new SpoolException("The data folder " + folder.toAbsolutePath() + " cannot be used: " + e
                    + "; it has to be a folder that the relay may write to (RELAY_DATA_DIR)", e);
        }
    }

    /** Lets another process take the folder. */
    @Override
    public void close() {
        try {
            lock.close();
        } catch (IOException e) {
            throw new SpoolException("The lock of " + folder.toAbsolutePath() + " cannot be released: " + e, e);
        }
    }
}

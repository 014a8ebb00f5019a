import java.nio.ByteBuffer;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.Statement;

/** {@link Floor}, but that the bytes become one row of a SQLite database in WAL mode, which is synced at each commit as the relay's is. */
public final class SqliteFloor extends Floor {

    private Connection connection;
    private PreparedStatement insert;

    public SqliteFloor() throws Exception {
    }

    @Override
    void open(String path) throws Exception {
        connection = DriverManager.getConnection("jdbc:sqlite:" + path + ".db");
        try (Statement statement = connection.createStatement()) {
            statement.execute("PRAGMA journal_mode = WAL");
            statement.execute("PRAGMA synchronous = FULL");
            statement.execute("CREATE TABLE IF NOT EXISTS floor (position INTEGER PRIMARY KEY, payload BLOB)");
        }
        insert = connection.prepareStatement("INSERT INTO floor (payload) VALUES (?)");
    }

    @Override
    void store(ByteBuffer bytes) throws Exception {
        byte[] row = new byte[bytes.remaining()];
        bytes.get(row);
        insert.setBytes(1, row);
        insert.executeUpdate();
    }
}

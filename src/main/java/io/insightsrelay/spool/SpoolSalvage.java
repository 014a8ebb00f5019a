package io.insightsrelay.spool;

import java.io.Closeable;
import java.io.IOException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;

/**
 * Reads what can still be read of a damaged database file, page by page and without SQLite, as {@code .recover} of the sqlite3
 * shell does (the JDBC driver does not carry that). Which table a page belongs to is what the pointer map says, which a file with
 * auto_vacuum has; where it is damaged too the row comes without the name of its table. Format:
 * <a href="https://sqlite.org/fileformat2.html">sqlite.org/fileformat2.html</a>.
 */
final class SpoolSalvage implements Closeable {

    /**
     * A row.
     *
     * @param table  empty where it cannot be told any more
     * @param rowid  of a rowid table; its INTEGER PRIMARY KEY, where the record holds null
     * @param values Long, Double, String, byte[] or null
     */
    record Row(String table, long rowid, List<Object> values) {
    }

    private static final int MAGIC = 'S' << 24 | 'Q' << 16 | 'L' << 8 | 'i';
    private static final int DEFAULT_PAGE_SIZE = 4096;
    // what SQLite allows by default
    private static final int MOST_BYTES = 1_000_000_000;
    private static final int MOST_COLUMNS = 2_000;
    private static final int ROOT = 1;
    private static final int FREE = 2;
    private static final int BTREE = 5;
    private static final int SCHEMA_ROOT = 1;
    private static final int NO_ROOT = 0;

    private final FileChannel database;
    private final FileChannel wal;
    // all of it is used: the byte that says how much is reserved is always 0 here, and so is not trusted
    private final int pageSize;
    private final long pages;
    // the latest committed frame of each page; its offset in the write-ahead log
    private final Map<Long, Long> frames = new HashMap<>();
    private final Map<Long, String> tables = new HashMap<>();
    private final Set<Long> indexes = new HashSet<>();

    private SpoolSalvage(Path file, Path walFile) throws IOException {
        database = FileChannel.open(file, StandardOpenOption.READ);
        wal = Files.exists(walFile) ? FileChannel.open(walFile, StandardOpenOption.READ) : null;
        ByteBuffer header = read(database, 0, 100);
        int stated = Short.toUnsignedInt(header.getShort(16));
        int size = stated == 1 ? 65_536 : stated;
        pageSize = size >= 512 && Integer.bitCount(size) == 1 && header.getInt(0) == MAGIC ? size : DEFAULT_PAGE_SIZE;
        long committed = readFrames();
        // a file that a commit has shortened still holds what was behind its end
        pages = committed > 0 ? committed : database.size() / pageSize;
    }

    /** Hands out every row that can be read; gives the number of pages that cannot, as far as it is known that they should. */
    static int read(Path file, Path walFile, Consumer<Row> rows) throws IOException {
        try (SpoolSalvage salvage = new SpoolSalvage(file, walFile)) {
            return salvage.run(rows);
        }
    }

    private int run(Consumer<Row> rows) throws IOException {
        int unreadable = 0;
        for (long number = 1; number <= pages; number++) {
            if (root(number) == SCHEMA_ROOT) {
                unreadable += readPage(number, "sqlite_schema", true, row -> {
                    List<Object> values = row.values;
                    if (values.size() == 5 && values.get(1) instanceof String name && values.get(3) instanceof Long root) {
                        // views and triggers have no root
                        if ("table".equals(values.get(0)) && root > SCHEMA_ROOT) {
                            tables.put(root, name);
                        } else if ("index".equals(values.get(0)) && root > SCHEMA_ROOT) {
                            indexes.add(root);
                        }
                    }
                }) ? 0 : 1;
            }
        }
        for (long number = 2; number <= pages; number++) {
            long root = root(number);
            if (isPointerMap(number) || root < NO_ROOT || root == SCHEMA_ROOT || indexes.contains(root)) {
                continue;
            }
            unreadable += readPage(number, tables.getOrDefault(root, ""), root != NO_ROOT, rows) ? 0 : 1;
        }
        return unreadable;
    }

    // --- which table

    private boolean isPointerMap(long number) {
        return number >= 2 && pointerMapOf(number) == number;
    }

    private long pointerMapOf(long number) {
        long entries = pageSize / 5 + 1;
        long page = (number - 2) / entries * entries + 2;
        return page == 0x40000000L / pageSize + 1 ? page + 1 : page;
    }

    /** The root of the tree that a page belongs to; 0 where that cannot be told, less where the page holds no rows. */
    private long root(long number) throws IOException {
        long page = number;
        for (int depth = 0; depth < 64; depth++) {
            if (page == SCHEMA_ROOT || tables.containsKey(page) || indexes.contains(page)) {
                return page;
            }
            long map = pointerMapOf(page);
            int at = (int) (5 * (page - map - 1));
            ByteBuffer content = page(map);
            if (page == map || at < 0 || at + 5 > content.limit()) {
                return NO_ROOT;
            }
            int type = content.get(at);
            long parent = Integer.toUnsignedLong(content.getInt(at + 1));
            // only an entry that is right in itself is believed: noise that reads as "free" would hide rows
            boolean parentless = type == ROOT || type == FREE;
            if (type < ROOT || type > BTREE || (parentless ? parent != 0 : parent < 1 || parent > pages)) {
                return NO_ROOT;
            }
            if (type != BTREE) {
                return type == ROOT ? page : -1;
            }
            page = parent;
        }
        return NO_ROOT;
    }

    // --- pages, cells and records

    /** False if the page, or a cell of it, makes no sense; what of it makes sense is handed out. */
    private boolean readPage(long number, String table, boolean expected, Consumer<Row> rows) throws IOException {
        ByteBuffer page = page(number);
        int start = number == 1 ? 100 : 0;
        if (page.limit() < start + 8) {
            return false;
        }
        int kind = page.get(start);
        boolean rowids = kind == 0x0D;
        boolean interior = kind == 0x02;
        if (!rowids && kind != 0x0A && !interior) {
            // an interior page of a rowid table holds no rows; anything else is damage where a page of a table should be
            return kind == 0x05 || !expected;
        }
        int stated = Short.toUnsignedInt(page.getShort(start + 3));
        int pointers = start + (interior ? 12 : 8);
        int cells = Math.min(stated, (page.limit() - pointers) / 2);
        boolean sound = cells == stated;
        for (int i = 0; i < cells; i++) {
            Row row;
            try {
                page.position(Short.toUnsignedInt(page.getShort(pointers + 2 * i)) + (interior ? 4 : 0));
                long size = varint(page);
                long rowid = rowids ? varint(page) : 0;
                row = new Row(table, rowid, record(payload(page, size, rowids)));
            } catch (IllegalArgumentException | BufferUnderflowException e) {
                sound = false;
                continue;
            }
            rows.accept(row);
        }
        return sound;
    }

    private ByteBuffer payload(ByteBuffer page, long size, boolean rowids) throws IOException {
        if (size < 1 || size > Math.min(MOST_BYTES, database.size() + (wal == null ? 0 : wal.size()))) {
            throw new IllegalArgumentException("size");
        }
        int most = rowids ? pageSize - 35 : (pageSize - 12) * 64 / 255 - 23;
        int least = (pageSize - 12) * 32 / 255 - 23;
        int fitting = (int) (least + (size - least) % (pageSize - 4));
        int local = size <= most ? (int) size : fitting <= most ? fitting : least;
        byte[] head = new byte[local];
        page.get(head);
        if (size == local) {
            return ByteBuffer.wrap(head);
        }
        // the whole chain has to be there before there is memory for what it is said to hold
        long next = Integer.toUnsignedLong(page.getInt());
        Set<Long> chain = new LinkedHashSet<>();
        for (long left = size - local; left > 0; left -= pageSize - 4) {
            if (!chain.add(next)) {
                throw new IllegalArgumentException("loop");
            }
            next = Integer.toUnsignedLong(page(next).getInt());
        }
        if (next != 0) {
            throw new IllegalArgumentException("chain");
        }
        ByteBuffer whole = ByteBuffer.allocate((int) size).put(head);
        for (long number : chain) {
            whole.put(page(number).slice(4, Math.min(pageSize - 4, whole.remaining())));
        }
        return whole.flip();
    }

    private static List<Object> record(ByteBuffer payload) {
        long body = varint(payload);
        List<Long> types = new ArrayList<>();
        while (payload.position() < body && types.size() < MOST_COLUMNS) {
            types.add(varint(payload));
        }
        if (payload.position() != body) {
            throw new IllegalArgumentException("header");
        }
        List<Object> values = new ArrayList<>(types.size());
        for (long type : types) {
            values.add(value(payload, type));
        }
        if (payload.hasRemaining()) {
            throw new IllegalArgumentException("length");
        }
        return values;
    }

    private static Object value(ByteBuffer payload, long type) {
        if (type < 0 || (type - 12) / 2 > payload.remaining()) {
            throw new IllegalArgumentException("type");
        }
        if (type >= 12) {
            byte[] bytes = new byte[(int) ((type - 12) / 2)];
            payload.get(bytes);
            return type % 2 == 0 ? bytes : new String(bytes, StandardCharsets.UTF_8);
        }
        return switch ((int) type) {
            case 0 -> null;
            case 8 -> 0L;
            case 9 -> 1L;
            case 7 -> payload.getDouble();
            case 1, 2, 3, 4 -> integer(payload, (int) type);
            case 5 -> integer(payload, 6);
            case 6 -> integer(payload, 8);
            default -> throw new IllegalArgumentException("type");
        };
    }

    private static Long integer(ByteBuffer payload, int bytes) {
        long value = payload.get();
        for (int i = 1; i < bytes; i++) {
            value = value << 8 | Byte.toUnsignedLong(payload.get());
        }
        return value;
    }

    private static long varint(ByteBuffer from) {
        long value = 0;
        for (int i = 0; i < 8; i++) {
            byte next = from.get();
            value = value << 7 | next & 0x7F;
            if (next >= 0) {
                return value;
            }
        }
        return value << 8 | Byte.toUnsignedLong(from.get());
    }

    // --- the file and its write-ahead log

    private ByteBuffer page(long number) throws IOException {
        if (number < 1 || number > Math.max(pages, 1)) {
            throw new IllegalArgumentException("page");
        }
        Long frame = frames.get(number);
        return frame == null ? read(database, (number - 1) * pageSize, pageSize) : read(wal, frame, pageSize);
    }

    private static ByteBuffer read(FileChannel file, long position, int length) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocate(length);
        while (buffer.hasRemaining() && file.read(buffer, position + buffer.position()) > 0) {
            continue;
        }
        // what is cut off reads as zeros
        return buffer.clear();
    }

    /** Up to the last commit whose checksums are right; gives the pages that the file has after it, 0 where there is none. */
    private long readFrames() throws IOException {
        if (wal == null || wal.size() < 32) {
            return 0;
        }
        ByteBuffer header = read(wal, 0, 32);
        int magic = header.getInt(0);
        if ((magic & ~1) != 0x377f0682 || header.getInt(8) != pageSize) {
            return 0;
        }
        ByteOrder order = (magic & 1) == 1 ? ByteOrder.BIG_ENDIAN : ByteOrder.LITTLE_ENDIAN;
        int[] sum = new int[2];
        checksum(sum, header, 0, 24, order);
        if (sum[0] != header.getInt(24) || sum[1] != header.getInt(28)) {
            return 0;
        }
        long committed = 0;
        Map<Long, Long> open = new HashMap<>();
        for (long at = 32; at + 24 + pageSize <= wal.size(); at += 24 + pageSize) {
            ByteBuffer frame = read(wal, at, 24 + pageSize);
            checksum(sum, frame, 0, 8, order);
            checksum(sum, frame, 24, pageSize, order);
            boolean current = frame.getInt(8) == header.getInt(16) && frame.getInt(12) == header.getInt(20);
            if (!current || sum[0] != frame.getInt(16) || sum[1] != frame.getInt(20)) {
                return committed;
            }
            open.put(Integer.toUnsignedLong(frame.getInt(0)), at + 24);
            if (frame.getInt(4) != 0) {
                frames.putAll(open);
                open.clear();
                committed = Integer.toUnsignedLong(frame.getInt(4));
            }
        }
        return committed;
    }

    private static void checksum(int[] sum, ByteBuffer bytes, int from, int length, ByteOrder order) {
        ByteBuffer words = bytes.duplicate().order(order);
        for (int i = from; i < from + length; i += 8) {
            sum[0] += words.getInt(i) + sum[1];
            sum[1] += words.getInt(i + 4) + sum[0];
        }
    }

    @Override
    public void close() throws IOException {
        database.close();
        if (wal != null) {
            wal.close();
        }
    }
}

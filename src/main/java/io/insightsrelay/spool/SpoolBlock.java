package io.insightsrelay.spool;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.zip.CRC32C;
import org.springframework.lang.Nullable;

/**
 * Several events in one row, because a row costs more than an event. A block is the byte 1, the CRC-32C of the rest (4 bytes, the
 * highest first), and for each event its length as a varint (7 bits a byte, the lowest first) and its bytes. The position of the
 * row is that of its last event. A row that begins with anything else is one event, as version 2 of the schema wrote them.
 */
final class SpoolBlock {

    /** A block takes no event with which it would be longer: it has to fit on a page, so that a damaged page takes only its own events with it. */
    private static final int LONGEST = 4000;

    private static final byte FORMAT = 1;
    private static final int HEADER = 5;
    private static final int LONGEST_VARINT = 5;

    private byte[] bytes = new byte[2 * LONGEST];
    private int length = HEADER;
    private int count;

    /** Adds an event. */
    void add(byte[] event) {
        int needed = length + LONGEST_VARINT + event.length;
        if (needed > bytes.length) {
            bytes = Arrays.copyOf(bytes, Math.max(needed, 2 * bytes.length));
        }
        int left = event.length;
        while (left > 0x7F) {
            bytes[length++] = (byte) (left | 0x80);
            left >>>= 7;
        }
        bytes[length++] = (byte) left;
        System.arraycopy(event, 0, bytes, length, event.length);
        length += event.length;
        count++;
    }

    int count() {
        return count;
    }

    /** Whether the event still fits in; always in an empty block. */
    boolean hasRoomFor(byte[] event) {
        return count == 0 || length + LONGEST_VARINT + event.length <= LONGEST;
    }

    /** The row's payload; the block is empty afterwards. */
    byte[] take() {
        bytes[0] = FORMAT;
        int crc = crc(bytes, length);
        for (int i = 0; i < 4; i++) {
            bytes[1 + i] = (byte) (crc >>> 24 - 8 * i);
        }
        byte[] payload = Arrays.copyOf(bytes, length);
        clear();
        return payload;
    }

    void clear() {
        length = HEADER;
        count = 0;
        if (bytes.length > 8 * LONGEST) {
            bytes = new byte[2 * LONGEST];
        }
    }

    /**
     * The events of a row, in their order. A row that is damaged counts as one event, which nobody can read: that it comes out as
     * a dead letter tells of it, and what is missing before it is counted as lost.
     */
    static List<byte[]> events(byte[] payload) {
        List<byte[]> events = unpack(payload);
        return events == null ? List.of(payload) : events;
    }

    @Nullable
    private static List<byte[]> unpack(byte[] payload) {
        if (payload.length <= HEADER || payload[0] != FORMAT) {
            return null;
        }
        int crc = 0;
        for (int i = 0; i < 4; i++) {
            crc = crc << 8 | payload[1 + i] & 0xFF;
        }
        if (crc != crc(payload, payload.length)) {
            return null;
        }
        List<byte[]> events = new ArrayList<>();
        for (int at = HEADER; at < payload.length; ) {
            int size = 0;
            for (int shift = 0; ; shift += 7) {
                byte next = payload[at++];
                size |= (next & 0x7F) << shift;
                if (next >= 0) {
                    break;
                }
            }
            events.add(Arrays.copyOfRange(payload, at, at + size));
            at += size;
        }
        return events;
    }

    private static int crc(byte[] bytes, int length) {
        CRC32C crc = new CRC32C();
        crc.update(bytes, HEADER, length - HEADER);
        return (int) crc.getValue();
    }
}

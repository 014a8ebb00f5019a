package io.insightsrelay.kafka;

import java.util.Base64;
import java.util.BitSet;
import java.util.Collection;
import java.util.HashSet;
import java.util.NavigableSet;
import java.util.Set;
import java.util.TreeSet;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.lang.Nullable;

/**
 * How far a group is in a partition: every event below {@link #position()} has an outcome, and so have single ones beyond it. Committed as
 * one offset, whose metadata holds those single ones and the counts of outcomes: so whoever gets the partition next goes on
 * where the last one was, to the event, and what has been counted is never counted twice. Thread-safe.
 *
 * <p>The metadata: {@code r1 <first offset> <delivered> <set aside> <dead> [<bits, base64url, of settled offsets from the position on>]}.
 */
final class PartitionProgress {

    private static final Logger LOG = LoggerFactory.getLogger(PartitionProgress.class);
    private static final String VERSION = "r1";
    /** Brokers take 4096 characters (offset.metadata.max.bytes). */
    private static final int MOST_BITS = 22_000;

    private final long start;
    private long position;
    private long delivered;
    private long setAside;
    private long dead;
    private final NavigableSet<Long> settled = new TreeSet<>();
    /** Handed out or about to be, without an outcome. */
    private final NavigableSet<Long> open = new TreeSet<>();
    /** Up to here it was fetched. */
    private long highest;

    private PartitionProgress(long start, long position) {
        this.start = start;
        this.position = position;
        this.highest = position - 1;
    }

    /**
     * What was committed.
     *
     * @param committed null where the group is new to the partition: it begins with {@code first}
     */
    static PartitionProgress read(@Nullable OffsetAndMetadata committed, long first) {
        if (committed == null) {
            return new PartitionProgress(first, first);
        }
        String[] parts = committed.metadata().split(" ");
        if (parts.length < 5 || !parts[0].equals(VERSION)) {
            // set by somebody's tool: counting begins there
            return new PartitionProgress(committed.offset(), committed.offset());
        }
        try {
            PartitionProgress progress = new PartitionProgress(Long.parseLong(parts[1]), committed.offset());
            progress.delivered = Long.parseLong(parts[2]);
            progress.setAside = Long.parseLong(parts[3]);
            progress.dead = Long.parseLong(parts[4]);
            if (parts.length > 5) {
                BitSet.valueOf(Base64.getUrlDecoder().decode(parts[5])).stream().forEach(bit -> progress.settled.add(committed.offset() + bit));
            }
            return progress;
        } catch (IllegalArgumentException e) {
            LOG.warn("The metadata of a committed offset cannot be read, so counting begins there: {}", committed);
            return new PartitionProgress(committed.offset(), committed.offset());
        }
    }

    /** Takes note of a record that was fetched; false if it has its outcome or is being handed out already. */
    synchronized boolean take(long offset) {
        highest = Math.max(highest, offset);
        return offset >= position && !settled.contains(offset) && open.add(offset);
    }

    /** Forgets what has no outcome: it is fetched again. */
    synchronized void rewind() {
        open.clear();
        highest = position - 1;
    }

    /** What has to be committed so that these outcomes hold; changes nothing. */
    synchronized OffsetAndMetadata after(Outcomes outcomes) {
        Set<Long> beyond = new HashSet<>(settled);
        outcomes.all().forEach(beyond::add);
        long next = open.stream().filter(offset -> !beyond.contains(offset)).findFirst().orElse(highest + 1);
        BitSet bits = new BitSet();
        beyond.stream().filter(offset -> offset >= next && offset - next < MOST_BITS).forEach(offset -> bits.set((int) (offset - next)));
        String metadata = VERSION + " " + start + " " + (delivered + outcomes.delivered().size()) + " " + (setAside + outcomes.setAside().size())
                + " " + (dead + outcomes.dead().size());
        return new OffsetAndMetadata(next, bits.isEmpty() ? metadata : metadata + " " + Base64.getUrlEncoder().withoutPadding().encodeToString(bits.toByteArray()));
    }

    /** Takes over outcomes that are committed. */
    synchronized void settle(Outcomes outcomes) {
        outcomes.all().forEach(offset -> {
            open.remove(offset);
            settled.add(offset);
        });
        position = open.isEmpty() ? highest + 1 : open.first();
        settled.headSet(position).clear();
        delivered += outcomes.delivered().size();
        setAside += outcomes.setAside().size();
        dead += outcomes.dead().size();
    }

    /** Offsets by what became of their events. */
    record Outcomes(Collection<Long> delivered, Collection<Long> setAside, Collection<Long> dead) {

        Collection<Long> all() {
            Collection<Long> all = new HashSet<>(delivered);
            all.addAll(setAside);
            all.addAll(dead);
            return all;
        }
    }

    /** The offset at which the group began. */
    long start() {
        return start;
    }

    synchronized long position() {
        return position;
    }

    /** How many beyond the position have their outcome. */
    synchronized long settledBeyond() {
        return settled.size();
    }

    synchronized long delivered() {
        return delivered;
    }

    synchronized long setAside() {
        return setAside;
    }

    synchronized long dead() {
        return dead;
    }
}

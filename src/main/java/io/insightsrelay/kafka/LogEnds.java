package io.insightsrelay.kafka;

import io.insightsrelay.spool.SpoolException;
import java.time.Duration;
import java.util.Collection;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.ListOffsetsResult.ListOffsetsResultInfo;
import org.apache.kafka.clients.producer.Callback;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.lang.Nullable;

/**
 * Where partitions end. A broker that hung and is back takes itself for the leader it was until it has heard better, and answers without what others
 * took meanwhile: events that wait would not be counted. So an answer that falls short of what this relay has written, or comes from
 * an earlier leader than one before, is asked for again. Thread-safe.
 */
final class LogEnds implements Callback {

    private static final Logger LOG = LoggerFactory.getLogger(LogEnds.class);
    private static final long PAUSE_NANOS = Duration.ofMillis(50).toNanos();

    private final Function<Collection<TopicPartition>, Map<TopicPartition, ListOffsetsResultInfo>> brokers;
    private final Duration patience;
    /** The least that the end can be. */
    private final ConcurrentMap<TopicPartition, Long> written = new ConcurrentHashMap<>();
    private final ConcurrentMap<TopicPartition, Integer> leaderEpochs = new ConcurrentHashMap<>();

    /**
     * @param brokers  asks the leaders, as those take themselves to be; the epoch in an answer is the leader's
     * @param patience after it an answer is believed: a topic that was deleted and made anew begins anew
     */
    LogEnds(Function<Collection<TopicPartition>, Map<TopicPartition, ListOffsetsResultInfo>> brokers, Duration patience) {
        this.brokers = brokers;
        this.patience = patience;
    }

    /** For producers with acks=all: what is acknowledged to them is before the end from then on. */
    @Override
    public void onCompletion(RecordMetadata metadata, @Nullable Exception failure) {
        if (failure == null) {
            written.merge(new TopicPartition(metadata.topic(), metadata.partition()), metadata.offset() + 1, Math::max);
        }
    }

    /** The offset after the last record of each, at the call. @throws SpoolException if the brokers do not answer */
    Map<TopicPartition, Long> of(Collection<TopicPartition> partitions) {
        for (long until = System.nanoTime() + patience.toNanos();;) {
            // what is acknowledged after the question need not be in the answer
            Map<TopicPartition, Long> least = Map.copyOf(written);
            Map<TopicPartition, ListOffsetsResultInfo> ends = brokers.apply(partitions);
            Set<TopicPartition> stale = new HashSet<>();
            ends.forEach((partition, end) -> {
                int epoch = end.leaderEpoch().orElse(0);
                if (leaderEpochs.merge(partition, epoch, Math::max) > epoch || least.getOrDefault(partition, 0L) > end.offset()) {
                    stale.add(partition);
                }
            });
            if (!stale.isEmpty() && System.nanoTime() - until > 0) {
                LOG.warn("The partitions {} end before what they had. Was a topic deleted and made anew, or an unclean leader elected?", stale);
                stale.forEach(partition -> {
                    written.remove(partition);
                    leaderEpochs.remove(partition);
                });
                stale.clear();
            }
            if (stale.isEmpty()) {
                return ends.entrySet().stream().collect(Collectors.toMap(Map.Entry::getKey, end -> end.getValue().offset()));
            }
            LockSupport.parkNanos(PAUSE_NANOS);
        }
    }
}

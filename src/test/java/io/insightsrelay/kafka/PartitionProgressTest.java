package io.insightsrelay.kafka;

import static org.assertj.core.api.Assertions.assertThat;

import io.insightsrelay.kafka.PartitionProgress.Outcomes;
import java.util.List;
import java.util.stream.LongStream;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.junit.jupiter.api.Test;

class PartitionProgressTest {

    private static Outcomes delivered(long... offsets) {
        return new Outcomes(LongStream.of(offsets).boxed().toList(), List.of(), List.of());
    }

    private static void take(PartitionProgress progress, long from, long to) {
        LongStream.rangeClosed(from, to).forEach(offset -> assertThat(progress.take(offset)).isTrue());
    }

    private static OffsetAndMetadata settle(PartitionProgress progress, Outcomes outcomes) {
        OffsetAndMetadata committed = progress.after(outcomes);
        progress.settle(outcomes);
        assertThat(committed.offset()).isEqualTo(progress.position());
        return committed;
    }

    @Test
    void thePositionPassesWhatHasItsOutcomeAndNothingElse() {
        PartitionProgress progress = PartitionProgress.read(null, 100);
        take(progress, 100, 109);
        settle(progress, delivered(101, 105));
        assertThat(progress.position()).isEqualTo(100);
        assertThat(progress.settledBeyond()).isEqualTo(2);
        settle(progress, new Outcomes(List.of(), List.of(100L), List.of(102L)));
        assertThat(progress.position()).isEqualTo(103);
        assertThat(progress.settledBeyond()).isEqualTo(1);
        settle(progress, delivered(103, 104, 106, 107, 108, 109));
        assertThat(progress.position()).isEqualTo(110);
        assertThat(progress.settledBeyond()).isZero();
    }

    @Test
    void whoeverReadsTheCommittedOffsetGoesOnWhereItWas() {
        PartitionProgress progress = PartitionProgress.read(null, 7);
        take(progress, 7, 506);
        OffsetAndMetadata committed = settle(progress, new Outcomes(LongStream.range(8, 500).boxed().toList(), List.of(503L), List.of(505L)));
        assertThat(committed.metadata()).hasSizeLessThan(200);
        PartitionProgress next = PartitionProgress.read(committed, 0);
        assertThat(next.start()).isEqualTo(7);
        assertThat(next.delivered()).isEqualTo(492);
        assertThat(next.setAside()).isEqualTo(1);
        assertThat(next.dead()).isEqualTo(1);
        assertThat(LongStream.rangeClosed(7, 506).filter(next::take).boxed()).containsExactly(7L, 500L, 501L, 502L, 504L, 506L);
        settle(next, delivered(7, 500, 501, 502, 504, 506));
        assertThat(next.position()).isEqualTo(507);
    }

    @Test
    void whatIsFetchedAgainDoesNotPassWhatIsNotFetchedYet() {
        PartitionProgress progress = PartitionProgress.read(null, 0);
        take(progress, 0, 9);
        settle(progress, delivered(5, 6));
        progress.rewind();
        take(progress, 0, 0);
        settle(progress, delivered(0));
        assertThat(progress.position()).isEqualTo(1);
        take(progress, 1, 4);
        assertThat(progress.take(5)).isFalse();
        settle(progress, delivered(1, 2, 3, 4));
        assertThat(progress.take(6)).isFalse();
        take(progress, 7, 7);
        settle(progress, delivered(7));
        assertThat(progress.position()).isEqualTo(8);
    }

    @Test
    void offsetsOfTransactionsThatAreNoEventsAreNoGap() {
        PartitionProgress progress = PartitionProgress.read(null, 0);
        List.of(0L, 2L, 4L).forEach(progress::take);
        settle(progress, delivered(0, 2));
        assertThat(progress.position()).isEqualTo(4);
        settle(progress, delivered(4));
        assertThat(progress.position()).isEqualTo(5);
    }

    @Test
    void thousandsThatAreSettledBehindOneThatIsNotFitIntoTheMetadata() {
        PartitionProgress progress = PartitionProgress.read(null, 0);
        take(progress, 0, 100_000);
        OffsetAndMetadata committed = progress.after(delivered(LongStream.rangeClosed(1, 100_000).toArray()));
        assertThat(committed.offset()).isZero();
        assertThat(committed.metadata()).hasSizeLessThanOrEqualTo(4_096);
    }

    @Test
    void anOffsetThatAToolSetBeginsTheCountingAnew() {
        PartitionProgress progress = PartitionProgress.read(new OffsetAndMetadata(42, ""), 0);
        assertThat(progress.position()).isEqualTo(42);
        assertThat(progress.start()).isEqualTo(42);
        assertThat(PartitionProgress.read(new OffsetAndMetadata(42, "r1 a b c d"), 0).start()).isEqualTo(42);
    }
}

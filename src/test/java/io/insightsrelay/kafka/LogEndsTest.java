package io.insightsrelay.kafka;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import org.apache.kafka.clients.admin.ListOffsetsResult.ListOffsetsResultInfo;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.TimeoutException;
import org.junit.jupiter.api.Test;

class LogEndsTest {

    private static final TopicPartition PARTITION = new TopicPartition("events", 1);

    private final Queue<ListOffsetsResultInfo> answers = new ArrayDeque<>();

    private LogEnds patient(Duration patience) {
        // the last answer is given for ever
        return new LogEnds(partitions -> Map.of(PARTITION, answers.size() > 1 ? answers.remove() : answers.element()), patience);
    }

    private void answer(long offset, Integer leaderEpoch) {
        answers.add(new ListOffsetsResultInfo(offset, -1, Optional.ofNullable(leaderEpoch)));
    }

    private static long end(LogEnds ends) {
        return ends.of(List.of(PARTITION)).get(PARTITION);
    }

    private static void written(LogEnds ends, long offset) {
        ends.onCompletion(new RecordMetadata(PARTITION, offset, 0, -1, 0, 0), null);
    }

    @Test
    void asksAgainWhereAnEndFallsShortOfWhatThisRelayHasWritten() {
        LogEnds ends = patient(Duration.ofMinutes(1));
        written(ends, 100);
        written(ends, 99);
        answer(0, 1);
        answer(100, 1);
        answer(101, 2);
        assertThat(end(ends)).isEqualTo(101);
    }

    @Test
    void takesAnAnswerThatLacksOnlyWhatCameAfterTheQuestion() {
        LogEnds[] ends = new LogEnds[1];
        ends[0] = new LogEnds(partitions -> {
            long end = answers.size();
            answer(end, 1);
            written(ends[0], end);
            return Map.of(PARTITION, new ListOffsetsResultInfo(end, -1, Optional.of(1)));
        }, Duration.ofMinutes(1));
        assertThat(end(ends[0])).isZero();
        assertThat(end(ends[0])).isEqualTo(1);
        assertThat(answers).hasSize(2);
    }

    @Test
    void asksAgainWhereALeaderAnswersThatOneHasComeAfter() {
        LogEnds ends = patient(Duration.ofMinutes(1));
        answer(100, 2);
        assertThat(end(ends)).isEqualTo(100);
        answers.clear();
        answer(120, 1);
        answer(150, 2);
        assertThat(end(ends)).isEqualTo(150);
    }

    @Test
    void believesInTheEndThatATopicBeginsAnew() {
        LogEnds ends = patient(Duration.ofMillis(1));
        written(ends, 100);
        answer(101, 7);
        assertThat(end(ends)).isEqualTo(101);
        answers.clear();
        answer(3, 0);
        assertThat(end(ends)).isEqualTo(3);
        answers.clear();
        answer(4, 0);
        assertThat(end(ends)).isEqualTo(4);
    }

    @Test
    void whatFailedIsNotWrittenAndOldBrokersTellNoEpoch() {
        LogEnds ends = patient(Duration.ofMinutes(1));
        ends.onCompletion(new RecordMetadata(PARTITION, -1, -1, -1, -1, -1), new TimeoutException("late"));
        answer(0, null);
        assertThat(end(ends)).isZero();
    }
}

package io.insightsrelay.spool;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.RejectedExecutionException;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class TurnTest {

    private final Queue<Runnable> eventLoop = new ArrayDeque<>();
    private final List<List<Integer>> handedOn = new ArrayList<>();
    private final Turn<Integer> turn = new Turn<>(eventLoop::add, handedOn::add);

    private void runWhatIsDue() {
        for (Runnable task = eventLoop.poll(); task != null; task = eventLoop.poll()) {
            task.run();
        }
    }

    @Test
    void whatComesInOneTurnIsHandedOnTogetherAndInOrder() {
        turn.add(1);
        turn.add(2);
        assertThat(handedOn).isEmpty();
        assertThat(eventLoop).hasSize(1);
        runWhatIsDue();
        turn.add(3);
        runWhatIsDue();
        assertThat(handedOn).containsExactly(List.of(1, 2), List.of(3));
    }

    @Test
    void manyAreNotHeldBackUntilTheEndOfTheTurn() {
        List<Integer> many = IntStream.range(0, 100).boxed().toList();
        many.forEach(turn::add);
        assertThat(handedOn).hasSizeGreaterThan(1);
        runWhatIsDue();
        assertThat(handedOn.stream().flatMap(List::stream)).containsExactlyElementsOf(many);
    }

    @Test
    void anEndThatComesEarlierLeavesNothingForTheOneThatIsDue() {
        turn.add(1);
        turn.end();
        runWhatIsDue();
        assertThat(handedOn).containsExactly(List.of(1));
    }

    @Test
    void anExecutorThatIsClosedHoldsNothingBack() {
        Turn<Integer> closed = new Turn<>(task -> {
            throw new RejectedExecutionException();
        }, handedOn::add);
        closed.add(1);
        closed.add(2);
        assertThat(handedOn).containsExactly(List.of(1), List.of(2));
    }
}

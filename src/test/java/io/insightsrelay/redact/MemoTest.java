package io.insightsrelay.redact;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class MemoTest {

    private final AtomicInteger computed = new AtomicInteger();
    private final Memo<Integer, String> memo = new Memo<>(4, key -> {
        computed.incrementAndGet();
        return "of " + key;
    });

    @Test
    void computesWhatComesAgainOnce() {
        assertThat(memo.get(7)).isEqualTo("of 7");
        assertThat(memo.get(7)).isEqualTo("of 7");
        assertThat(computed).hasValue(1);
    }

    @Test
    void givesTheRightOneWhereverItsPlaceWasTaken() {
        for (int i = 0; i < 1_000; i++) {
            assertThat(memo.get(i)).isEqualTo("of " + i);
            assertThat(memo.get(i)).isEqualTo("of " + i);
        }
        assertThat(computed).hasValue(1_000);
        assertThat(memo.get(0)).isEqualTo("of 0");
        assertThat(computed).hasValue(1_001);
    }
}

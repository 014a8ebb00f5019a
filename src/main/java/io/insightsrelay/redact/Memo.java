package io.insightsrelay.redact;

import java.util.function.Function;

/**
 * Results that are wanted again soon, in a table of fixed size in which a new one takes the place of an older one. What it holds is found in some
 * 30 ns: a cache that decides well what to keep ({@code bench/pipeline.sh} with Caffeine) spent more on that than redaction takes, a quarter of the delivery and
 * 15 % of a core beside it. Thread-safe without locks: an entry is immutable, and one that is overwritten is only computed again.
 */
final class Memo<K, V> {

    private record Entry<K, V>(K key, V value) {
    }

    private final Entry<K, V>[] entries;
    private final Function<K, V> compute;

    /**
     * Takes the function, which has to give the same for equal keys.
     *
     * @param bits the table has two to the power of these places
     */
    @SuppressWarnings("unchecked")
    Memo(int bits, Function<K, V> compute) {
        this.entries = new Entry[1 << bits];
        this.compute = compute;
    }

    V get(K key) {
        int hash = key.hashCode() * 0x9E3779B9;
        int place = (hash ^ hash >>> 16) & entries.length - 1;
        Entry<K, V> first = entries[place];
        if (first != null && first.key.equals(key)) {
            return first.value;
        }
        Entry<K, V> second = entries[place ^ 1];
        if (second != null && second.key.equals(key)) {
            return second.value;
        }
        V value = compute.apply(key);
        // the older of the two goes
        entries[place ^ 1] = first;
        entries[place] = new Entry<>(key, value);
        return value;
    }
}

package io.insightsrelay.config;

import java.util.Map;
import java.util.function.BiConsumer;
import java.util.function.Function;
import java.util.function.Supplier;
import org.springframework.lang.Nullable;

/** Something that is made of settings, exchanged when those that it was made of change. Thread-safe. */
final class Derived<T> implements Supplier<T> {

    /** With the sections that the maker asked for. */
    private record Made<T>(T value, Map<Class<?>, Object> of) {
    }

    private final Function<Settings, T> make;
    private final BiConsumer<T, T> replaced;
    private volatile Made<T> made;

    Derived(Function<Settings, T> make, BiConsumer<T, T> replaced, Settings settings) {
        this.make = make;
        this.replaced = replaced;
        this.made = make(settings);
    }

    private Made<T> make(Settings settings) {
        Settings asked = new Settings(settings);
        T value = make.apply(asked);
        return new Made<>(value, asked.read());
    }

    @Override
    public T get() {
        return made.value;
    }

    /** How to go to what these settings make, and how to go back; null where nothing differs. */
    @Nullable
    Runnable[] exchange(Settings settings) {
        Made<T> before = made;
        Made<T> after = make(settings);
        return before.of.equals(after.of) ? null : new Runnable[] {() -> set(before, after), () -> set(after, before)};
    }

    private void set(Made<T> before, Made<T> after) {
        made = after;
        replaced.accept(before.value, after.value);
    }
}

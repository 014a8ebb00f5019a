package io.insightsrelay.config;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import org.springframework.beans.factory.BeanFactory;
import org.springframework.boot.context.properties.source.ConfigurationPropertySources;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.core.env.EnumerablePropertySource;
import org.springframework.core.env.MapPropertySource;
import org.springframework.core.env.MutablePropertySources;
import org.springframework.core.env.PropertySource;
import org.springframework.core.env.StandardEnvironment;
import org.springframework.lang.Nullable;

/**
 * What the relay makes of its settings, and makes anew when they change while it runs. A bean that is to follow an edit asks what {@link #derive}
 * gave it each time it works; what takes a restart is bound once, as Spring Boot does. Thread-safe.
 */
public final class LiveSettings {

    private final ConfigurableEnvironment running;
    private final SettingsFiles files;
    private final List<Derived<?>> derived = new CopyOnWriteArrayList<>();
    private final Map<String, String> atStart = new HashMap<>();
    private volatile Settings current;
    private volatile Set<String> waiting = Set.of();
    private List<PropertySource<?>> others;

    LiveSettings(ConfigurableEnvironment environment, SettingsFiles files, BeanFactory beans) {
        running = environment;
        this.files = files;
        // what runs shows another one once there was an edit
        ConfigurableEnvironment start = new StandardEnvironment() {
            @Override
            protected void customizePropertySources(MutablePropertySources sources) {
                environment.getPropertySources().stream().filter(source -> !ConfigurationPropertySources.isAttachedConfigurationPropertySource(source)).forEach(sources::addLast);
            }
        };
        ConfigurationPropertySources.attach(start);
        current = new Settings(start, beans::getBean);
    }

    /**
     * Something that is made of settings, as it is now. Made once here, and again after each edit that changes a section that it was made of.
     *
     * @param make throws if the settings make no sense, which rejects the edit; has no effect besides
     */
    public <T> Supplier<T> derive(Function<Settings, T> make) {
        return derive(make, (before, after) -> { });
    }

    /** @param replaced told what was and what is, right after it has been exchanged */
    public <T> Supplier<T> derive(Function<Settings, T> make, BiConsumer<T, T> replaced) {
        Derived<T> fresh = new Derived<>(make, replaced, current);
        derived.add(fresh);
        return fresh;
    }

    /**
     * The same for what comes and goes with an edit of the routes, and so must not be remembered here: made when it is first asked for, and again when it
     * is asked for after an edit, whatever that changed.
     */
    public <T> Supplier<T> follow(Function<Settings, T> make) {
        return new Supplier<>() {

            private record Made<T>(Settings of, T it) {
            }

            @Nullable
            private volatile Made<T> made;

            @Override
            public T get() {
                Settings now = current;
                Made<T> known = made;
                if (known == null || known.of != now) {
                    known = new Made<>(now, make.apply(now));
                    made = known;
                }
                return known.it;
            }
        };
    }

    /** A section that is asked for as it is now. */
    public <T> Supplier<T> section(Class<T> section) {
        return derive(settings -> settings.get(section));
    }

    /** The settings that the relay goes by now. */
    public Settings current() {
        return current;
    }

    /** The keys that were edited and take effect at the next start, in the order of their names. */
    public Set<String> waiting() {
        return waiting;
    }

    /**
     * Compares what the files hold now with what the relay goes by. Changes nothing yet.
     *
     * @param fresh    from {@link SettingsFiles#load()}; not to be used for anything else
     * @param problems is told what cannot be made of these settings
     */
    public synchronized Change change(ConfigurableEnvironment fresh, Consumer<RuntimeException> problems) {
        if (others == null) {
            ConfigurableEnvironment start = current.environment();
            others = start.getPropertySources().stream().filter(source -> !fresh.getPropertySources().contains(source.getName())).<PropertySource<?>>map(source -> source).toList();
            names(start).stream().filter(RestartKeys::contains).forEach(key -> atStart.put(key, value(start, key)));
        }
        // ports that were opened and the like win over files, as they do in what runs
        others.forEach(fresh.getPropertySources()::addFirst);
        ConfigurationPropertySources.attach(fresh);
        Set<String> names = names(fresh);
        names.addAll(names(current.environment()));
        names.addAll(atStart.keySet());
        Set<String> atOnce = new TreeSet<>();
        Set<String> later = new TreeSet<>();
        for (String key : names) {
            boolean restart = RestartKeys.contains(key);
            String before = restart ? atStart.get(key) : value(current.environment(), key);
            if (!Objects.equals(before, value(fresh, key))) {
                (restart ? later : atOnce).add(key.replaceFirst("\\[.*", ""));
            }
        }
        if (later.contains("relay.sandbox")) {
            // another relay altogether
            later.addAll(atOnce);
            return new Change(current, Set.of(), later, List.of());
        }
        Map<String, Object> kept = new HashMap<>(atStart);
        kept.keySet().removeIf(key -> !later.contains(key.replaceFirst("\\[.*", "")));
        fresh.getPropertySources().addFirst(new MapPropertySource("untilRestart", kept));
        ConfigurationPropertySources.attach(fresh);
        Settings next = new Settings(fresh);
        List<Runnable[]> exchanges = new ArrayList<>();
        for (Derived<?> one : atOnce.isEmpty() ? List.<Derived<?>>of() : derived) {
            try {
                Runnable[] exchange = one.exchange(next);
                if (exchange != null) {
                    exchanges.add(exchange);
                }
            } catch (RuntimeException e) {
                problems.accept(e);
            }
        }
        return new Change(atOnce.isEmpty() ? current : next, atOnce, later, exchanges);
    }

    private Set<String> names(ConfigurableEnvironment environment) {
        Set<String> names = new TreeSet<>();
        for (PropertySource<?> source : environment.getPropertySources()) {
            if (source instanceof EnumerablePropertySource<?> enumerable && !files.isGiven(source)) {
                names.addAll(List.of(enumerable.getPropertyNames()));
            }
        }
        return names;
    }

    @Nullable
    private static String value(ConfigurableEnvironment environment, String key) {
        try {
            Object value = environment.getProperty(key, Object.class);
            return value == null ? null : value.toString();
        } catch (IllegalArgumentException e) {
            // a placeholder that leads nowhere is the trouble of whoever uses it
            return e.getMessage();
        }
    }

    /** An edit that can be made. */
    public final class Change {

        private final Settings before = current;
        private final Settings after;
        private final Set<String> atOnce;
        private final Set<String> later;
        private final List<Runnable[]> exchanges;

        Change(Settings after, Set<String> atOnce, Set<String> later, List<Runnable[]> exchanges) {
            this.after = after;
            this.atOnce = atOnce;
            this.later = later;
            this.exchanges = exchanges;
        }

        /** What the relay would go by. */
        public ConfigurableEnvironment environment() {
            return after.environment();
        }

        /** The keys that take effect. */
        public Set<String> atOnce() {
            return atOnce;
        }

        /** The keys that would take a restart. */
        public Set<String> later() {
            return later;
        }

        /** Whether a key, or one that its value refers to as Camel does, has another value than before. */
        public boolean concerns(String key) {
            return after != before && !resolved(before.environment(), key, 0).equals(resolved(after.environment(), key, 0));
        }

        private static String resolved(ConfigurableEnvironment environment, String key, int depth) {
            String value = String.valueOf(value(environment, key));
            return depth > 9 || !value.contains("{{") ? value
                    : Placeholders.PLACEHOLDER.matcher(value).replaceAll(found -> Matcher.quoteReplacement(resolved(environment, found.group(1), depth + 1)));
        }

        /** Has it take effect. */
        public void apply() {
            go(after, 0);
        }

        /** Goes back to what was before. */
        public void undo() {
            go(before, 1);
        }

        /** Remembers what waits for a restart. */
        public void done() {
            waiting = later;
        }

        private void go(Settings to, int direction) {
            if (after != before) {
                show(to.environment());
                current = to;
                exchanges.forEach(exchange -> exchange[direction].run());
            }
        }
    }

    /** Whoever asks the running environment, Camel's properties component first of all, gets the answer from this one, from one moment to the next. */
    private void show(ConfigurableEnvironment environment) {
        MutablePropertySources sources = running.getPropertySources();
        if (sources.get(Shown.NAME) instanceof Shown shown) {
            shown.show(environment);
            return;
        }
        sources.addFirst(new Shown(environment));
        ConfigurationPropertySources.attach(running);
        // a line that is deleted from a file must not be found in what the file held at the start
        List<String> stale = sources.stream().filter(source -> !(source instanceof Shown) && !files.isGiven(source) && !others.contains(source)).map(PropertySource::getName)
                .filter(current.environment().getPropertySources()::contains).toList();
        stale.forEach(sources::remove);
    }
}

package io.insightsrelay.config;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Function;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.Bindable;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.core.annotation.MergedAnnotations;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.lang.Nullable;

/** The settings at one moment: the sections of application.yaml as the types that they are bound to. Thread-safe. */
public final class Settings {

    private final ConfigurableEnvironment environment;
    private final Function<Class<?>, Object> sections;
    @Nullable
    private final Settings shared;
    private final Map<Class<?>, Object> read = new LinkedHashMap<>();

    /** Of the environment, with each section bound as it is asked for. */
    Settings(ConfigurableEnvironment environment) {
        this(environment, section -> Binder.get(environment).bindOrCreate(prefix(section), Bindable.of(section)));
    }

    Settings(ConfigurableEnvironment environment, Function<Class<?>, Object> sections) {
        this.environment = environment;
        this.sections = sections;
        this.shared = null;
    }

    /** The same, which remembers by itself what was asked for. */
    Settings(Settings shared) {
        this.environment = shared.environment;
        this.sections = shared.sections;
        this.shared = shared;
    }

    /** The key below which a type annotated with {@link ConfigurationProperties} stands. */
    public static String prefix(Class<?> section) {
        return MergedAnnotations.from(section).get(ConfigurationProperties.class).getString("prefix");
    }

    /** A section, such as {@code RedactProperties}. */
    public <T> T get(Class<T> section) {
        return get(section, from -> section.cast(sections.apply(section)));
    }

    /**
     * What is not bound by Spring.
     *
     * @param type   of the outcome, of which there is one
     * @param reader makes it; always the same for one type
     */
    public synchronized <T> T get(Class<T> type, Function<ConfigurableEnvironment, T> reader) {
        Object known = read.get(type);
        if (known == null) {
            known = shared == null ? reader.apply(environment) : shared.get(type, reader);
            read.put(type, known);
        }
        return type.cast(known);
    }

    /** Where they were read from. */
    public ConfigurableEnvironment environment() {
        return environment;
    }

    /** What was asked for until now. */
    synchronized Map<Class<?>, Object> read() {
        return new LinkedHashMap<>(read);
    }
}

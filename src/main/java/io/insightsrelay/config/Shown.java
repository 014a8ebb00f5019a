package io.insightsrelay.config;

import java.util.Objects;
import java.util.stream.Stream;
import org.springframework.boot.context.properties.source.ConfigurationPropertySources;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.core.env.EnumerablePropertySource;
import org.springframework.core.env.MutablePropertySources;
import org.springframework.core.env.PropertySource;
import org.springframework.lang.Nullable;

/** What an environment says, as one source of another, and from one moment to the next what another environment says. Thread-safe. */
final class Shown extends EnumerablePropertySource<Object> {

    static final String NAME = "settings";
    private volatile MutablePropertySources sources;

    Shown(ConfigurableEnvironment environment) {
        super(NAME, NAME);
        show(environment);
    }

    void show(ConfigurableEnvironment environment) {
        sources = environment.getPropertySources();
    }

    private Stream<PropertySource<?>> sources() {
        return sources.stream().filter(source -> !ConfigurationPropertySources.isAttachedConfigurationPropertySource(source));
    }

    @Override
    public String[] getPropertyNames() {
        return sources().filter(EnumerablePropertySource.class::isInstance).flatMap(source -> Stream.of(((EnumerablePropertySource<?>) source).getPropertyNames()))
                .distinct().toArray(String[]::new);
    }

    @Override
    @Nullable
    public Object getProperty(String name) {
        return sources().map(source -> source.getProperty(name)).filter(Objects::nonNull).findFirst().orElse(null);
    }
}

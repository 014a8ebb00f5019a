package io.insightsrelay.config;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.springframework.boot.DefaultPropertiesPropertySource;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.env.EnvironmentPostProcessor;
import org.springframework.boot.env.YamlPropertySourceLoader;
import org.springframework.core.Ordered;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.core.env.EnumerablePropertySource;
import org.springframework.core.env.MapPropertySource;
import org.springframework.core.env.MutablePropertySources;
import org.springframework.core.env.PropertySource;
import org.springframework.core.io.ClassPathResource;

/**
 * The defaults of every setting: application.yaml as it was packaged, as default properties, which all other property sources win against. It lies beside this class
 * and not at the root of the class path, where an application that the relay is part of has its own. Such an
 * application gets the relay's sections only; how its server, its logging and its Camel run is for it to say.
 */
public final class PackagedDefaults implements EnvironmentPostProcessor, Ordered {

    private static final List<String> OF_THE_PROGRAM = List.of("server.", "management.", "camel.", "logging.", "spring.");

    /** After the application's own files are read, before those that ask for settings of the relay. */
    @Override
    public int getOrder() {
        return Ordered.LOWEST_PRECEDENCE - 2;
    }

    @Override
    public void postProcessEnvironment(ConfigurableEnvironment environment, SpringApplication application) {
        boolean program = isProgram(application);
        Map<String, Object> defaults = new LinkedHashMap<>();
        try {
            for (PropertySource<?> packaged : new YamlPropertySourceLoader().load("packaged", new ClassPathResource("application.yaml", PackagedDefaults.class))) {
                for (String name : ((EnumerablePropertySource<?>) packaged).getPropertyNames()) {
                    if (program || OF_THE_PROGRAM.stream().noneMatch(name::startsWith)) {
                        defaults.put(name, packaged.getProperty(name));
                    }
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException("The packaged application.yaml cannot be read", e);
        }
        MutablePropertySources sources = environment.getPropertySources();
        if (sources.get(DefaultPropertiesPropertySource.NAME) instanceof MapPropertySource ofTheApplication) {
            defaults.putAll(ofTheApplication.getSource());
            sources.replace(DefaultPropertiesPropertySource.NAME, new DefaultPropertiesPropertySource(defaults));
        } else {
            sources.addLast(new DefaultPropertiesPropertySource(defaults));
        }
    }

    /** Whether this is the relay as a program, or one of its commands; otherwise it is part of another application. */
    static boolean isProgram(SpringApplication application) {
        return application.getAllSources().stream().anyMatch(source -> source instanceof Class<?> type && type.getName().startsWith("io.insightsrelay."));
    }
}

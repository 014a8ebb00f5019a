package io.insightsrelay.config;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Supplier;
import org.springframework.boot.ConfigurableBootstrapContext;
import org.springframework.boot.DefaultBootstrapContext;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.context.properties.source.ConfigurationPropertySources;
import org.springframework.boot.env.ConfigTreePropertySource;
import org.springframework.boot.env.EnvironmentPostProcessor;
import org.springframework.boot.env.EnvironmentPostProcessorsFactory;
import org.springframework.core.Ordered;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.core.env.MutablePropertySources;
import org.springframework.core.env.PropertySource;
import org.springframework.core.env.SimpleCommandLinePropertySource;
import org.springframework.core.env.StandardEnvironment;
import org.springframework.core.io.DefaultResourceLoader;
import org.springframework.core.io.Resource;

/**
 * Reads the settings anew, the way Spring Boot does at the start: what was there before any file (command line, system properties,
 * environment) is remembered, and everything that Spring Boot and the relay add to it is added to it again. So files are found where the
 * start found them, and what wins over a file still does. A bean, {@code insightsRelaySettingsFiles}, of a context that a {@link SpringApplication}
 * started. Thread-safe.
 */
public final class SettingsFiles implements EnvironmentPostProcessor, Ordered {

    private final List<PropertySource<?>> given = new ArrayList<>();
    private final Set<File> asked = new LinkedHashSet<>();
    private final Set<Path> trees = new LinkedHashSet<>();
    private final Set<Class<?>> sources = new LinkedHashSet<>();
    private String[] profiles = {};
    private SpringApplication reader;

    /** Called by Spring Boot. */
    public SettingsFiles(ConfigurableBootstrapContext bootstrap) {
        bootstrap.addCloseListener(event -> event.getApplicationContext().getBeanFactory().registerSingleton("insightsRelaySettingsFiles", this));
    }

    private SettingsFiles(MutablePropertySources sources) {
        sources.forEach(given::add);
    }

    /** Those that a program would read that is started with these arguments. */
    public static SettingsFiles of(Class<?> program, String... arguments) {
        MutablePropertySources sources = new StandardEnvironment().getPropertySources();
        sources.addFirst(new SimpleCommandLinePropertySource(arguments));
        SettingsFiles files = new SettingsFiles(sources);
        files.sources.add(program);
        return files;
    }

    /** Before Spring Boot adds anything. */
    @Override
    public int getOrder() {
        return Ordered.HIGHEST_PRECEDENCE;
    }

    @Override
    public void postProcessEnvironment(ConfigurableEnvironment environment, SpringApplication application) {
        environment.getPropertySources().stream().filter(source -> !ConfigurationPropertySources.isAttachedConfigurationPropertySource(source)).forEach(given::add);
        // what the program is decides about defaults
        application.getAllSources().stream().filter(Class.class::isInstance).forEach(source -> sources.add((Class<?>) source));
        profiles = application.getAdditionalProfiles().toArray(String[]::new);
    }

    /** Whether the source stands for no file: the command line, the environment and the like. */
    boolean isGiven(PropertySource<?> source) {
        return given.stream().anyMatch(known -> known.getName().equals(source.getName())) || ConfigurationPropertySources.isAttachedConfigurationPropertySource(source);
    }

    /**
     * An environment of its own with what the files hold now.
     *
     * @throws RuntimeException as at the start, if a file cannot be read or names another that is not there
     */
    public synchronized ConfigurableEnvironment load() {
        ConfigurableEnvironment environment = new StandardEnvironment() {
            @Override
            protected void customizePropertySources(MutablePropertySources sources) {
                given.forEach(sources::addLast);
            }
        };
        ConfigurationPropertySources.attach(environment);
        if (reader == null) {
            reader = new SpringApplication(new Watch(), sources.toArray(Class<?>[]::new));
            reader.setAdditionalProfiles(profiles);
        }
        List<EnvironmentPostProcessor> processors = EnvironmentPostProcessorsFactory.fromSpringFactories(getClass().getClassLoader())
                .getEnvironmentPostProcessors(Supplier::get, new DefaultBootstrapContext());
        processors.forEach(processor -> processor.postProcessEnvironment(environment, reader));
        environment.getPropertySources().stream().filter(ConfigTreePropertySource.class::isInstance).forEach(tree -> trees.add((Path) tree.getSource()));
        return environment;
    }

    /**
     * What stands now wherever the last readings looked, files that do not exist included: by path, to be compared with an earlier look.
     *
     * @throws IOException if something cannot be read, or vanished meanwhile
     */
    public synchronized Map<String, String> look() throws IOException {
        if (asked.isEmpty()) {
            try {
                load();
            } catch (RuntimeException e) {
                // whoever reads the settings is told what is wrong with them; here it matters where they are looked for
            }
        }
        Map<String, String> found = new TreeMap<>();
        for (File file : asked) {
            if (file.isFile()) {
                found.put(file.getPath(), Files.readString(file.toPath(), StandardCharsets.ISO_8859_1));
            } else if (file.isDirectory()) {
                // as in config/*/
                String[] folders = file.list((parent, name) -> new File(parent, name).isDirectory());
                Arrays.sort(folders == null ? new String[0] : folders);
                found.put(file.getPath(), Arrays.toString(folders));
            }
        }
        for (Path tree : trees) {
            if (Files.isDirectory(tree)) {
                ConfigTreePropertySource source = new ConfigTreePropertySource("look", tree);
                for (String name : source.getPropertyNames()) {
                    found.put(tree + "/" + name, String.valueOf(source.getProperty(name)));
                }
            }
        }
        return found;
    }

    /** The YAML files among those that were looked for and are there. */
    public synchronized List<Path> yaml() {
        return asked.stream().filter(file -> file.isFile() && file.getName().matches(".*\\.ya?ml")).map(File::toPath).toList();
    }

    /** Remembers which files Spring Boot looks for. */
    private final class Watch extends DefaultResourceLoader {
        @Override
        public Resource getResource(String location) {
            Resource resource = super.getResource(location);
            if (resource.isFile() && location.startsWith("file:")) {
                try {
                    asked.add(resource.getFile());
                } catch (IOException e) {
                    throw new IllegalArgumentException(location + " is no file", e);
                }
            }
            return resource;
        }
    }
}

package io.insightsrelay.config;

import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import org.springframework.boot.context.properties.bind.Bindable;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.logging.LogLevel;
import org.springframework.boot.logging.LoggerGroup;
import org.springframework.boot.logging.LoggerGroups;
import org.springframework.boot.logging.LoggingSystem;
import org.springframework.context.annotation.Lazy;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.lang.Nullable;

/** Has an edit of {@code logging.level} take effect, which Spring Boot reads at the start only. */
@Lazy(false)
final class LogLevels {

    private record Levels(Map<String, LogLevel> byLogger) {

        static Levels read(ConfigurableEnvironment environment) {
            return new Levels(Binder.get(environment).bind("logging.level", Bindable.mapOf(String.class, LogLevel.class)).orElse(Map.of()));
        }
    }

    private final LoggingSystem system;
    private final LoggerGroups groups;

    LogLevels(LiveSettings settings, LoggingSystem system, LoggerGroups groups) {
        this.system = system;
        this.groups = groups;
        settings.derive(now -> now.get(Levels.class, Levels::read), this::change);
    }

    private void change(Levels before, Levels after) {
        Map<String, LogLevel> was = new TreeMap<>(before.byLogger);
        TreeSet<String> names = new TreeSet<>(was.keySet());
        names.addAll(after.byLogger.keySet());
        names.stream().filter(name -> was.get(name) != after.byLogger.get(name)).forEach(name -> set(name, after.byLogger.get(name)));
    }

    /** @param level null for that of the logger above */
    private void set(String name, @Nullable LogLevel level) {
        LoggerGroup group = groups.get(name);
        if (group != null && group.hasMembers()) {
            group.configureLogLevel(level, system::setLogLevel);
        } else {
            boolean root = name.equalsIgnoreCase(LoggingSystem.ROOT_LOGGER_NAME);
            system.setLogLevel(root ? LoggingSystem.ROOT_LOGGER_NAME : name, root && level == null ? LogLevel.INFO : level);
        }
    }
}

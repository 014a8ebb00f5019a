package io.insightsrelay.routes;

import io.insightsrelay.config.Settings;
import io.insightsrelay.config.SettingsSection;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.BindException;
import org.springframework.boot.context.properties.bind.Bindable;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.bind.validation.BindValidationException;
import org.springframework.boot.context.properties.bind.validation.ValidationBindHandler;
import org.springframework.boot.env.YamlPropertySourceLoader;
import org.springframework.boot.origin.Origin;
import org.springframework.boot.origin.PropertySourceOrigin;
import org.springframework.boot.origin.TextResourceOrigin;
import org.springframework.context.ApplicationContext;
import org.springframework.core.NestedExceptionUtils;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.core.io.FileSystemResource;
import org.springframework.core.io.Resource;
import org.springframework.lang.Nullable;
import org.springframework.util.unit.DataSize;
import org.springframework.validation.FieldError;
import org.springframework.validation.ObjectError;
import org.yaml.snakeyaml.error.Mark;
import org.yaml.snakeyaml.error.MarkedYAMLException;
import org.yaml.snakeyaml.error.YAMLException;

/** Finds what is wrong with the settings, and says it the way it is said of routes: file, line, and what would be right. Thread-safe. */
class SettingsCheck {

    /** What most settings stand in, where it is not known which file is meant. */
    private static final String FILE = "application.yaml";
    private static final Pattern SECRET = Pattern.compile(".*(token|secret|password|salt)", Pattern.CASE_INSENSITIVE);

    private final ApplicationContext context;

    SettingsCheck(ApplicationContext context) {
        this.context = context;
    }

    /** Binds every section that is bound at the start, to no effect. */
    List<RouteProblem> check(ConfigurableEnvironment environment) {
        List<RouteProblem> problems = new ArrayList<>();
        for (String name : context.getBeanNamesForAnnotation(ConfigurationProperties.class)) {
            Class<?> type = context.getType(name);
            // those of Camel need its converters, and take a restart anyway
            if (type != null && type.getName().matches("(io\\.insightsrelay|org\\.springframework\\.boot)\\..*") && context.findAnnotationOnBean(name, ConfigurationProperties.class) != null) {
                try {
                    Binder.get(environment).bindOrCreate(Settings.prefix(type), Bindable.of(type), new ValidationBindHandler(SettingsSection.CONSTRAINTS));
                } catch (BindException e) {
                    problems.addAll(problems(e, List.of()));
                }
            }
        }
        return problems;
    }

    /**
     * What an exception means that came of reading or using settings.
     *
     * @param files the YAML files that were read, of which it may name none
     */
    static List<RouteProblem> problems(Throwable thrown, List<Path> files) {
        for (Throwable cause = thrown; cause != null; cause = cause.getCause()) {
            if (cause instanceof YAMLException unreadable) {
                return List.of(unreadable(unreadable, files));
            }
            if (cause instanceof BindValidationException invalid) {
                return invalid.getValidationErrors().getAllErrors().stream().map(error -> invalid(invalid, error)).toList();
            }
            if (cause instanceof BindException unbound && NestedExceptionUtils.getRootCause(unbound) instanceof RuntimeException root && !hasCause(unbound, BindValidationException.class)) {
                return List.of(unbound(unbound, root));
            }
        }
        return List.of(new RouteProblem(FILE, null, null, message(thrown)));
    }

    private static boolean hasCause(Throwable thrown, Class<?> type) {
        for (Throwable cause = thrown; cause != null; cause = cause.getCause()) {
            if (type.isInstance(cause)) {
                return true;
            }
        }
        return false;
    }

    private static String message(Throwable thrown) {
        Throwable root = NestedExceptionUtils.getMostSpecificCause(thrown);
        return root.getMessage() == null ? root.getClass().getSimpleName() : root.getMessage();
    }

    private static RouteProblem unreadable(YAMLException thrown, List<Path> files) {
        // the exception does not say which file it was
        String file = files.stream().filter(path -> !isReadable(path)).map(Path::toString).findFirst().orElse(FILE);
        if (thrown instanceof MarkedYAMLException marked) {
            Mark mark = marked.getProblemMark() == null ? marked.getContextMark() : marked.getProblemMark();
            return new RouteProblem(file, mark == null ? null : mark.getLine() + 1, mark == null ? null : mark.getColumn() + 1,
                    "this is no YAML: " + (marked.getContext() == null ? "" : marked.getContext() + ", ") + marked.getProblem());
        }
        return new RouteProblem(file, null, null, "this is no YAML: " + thrown.getMessage());
    }

    private static boolean isReadable(Path path) {
        try {
            new YamlPropertySourceLoader().load("check", new FileSystemResource(path));
            return true;
        } catch (IOException | RuntimeException e) {
            return false;
        }
    }

    private static RouteProblem invalid(BindValidationException thrown, ObjectError error) {
        String section = key(thrown.getValidationErrors().getName().toString());
        if (!(error instanceof FieldError field)) {
            return new RouteProblem(FILE, null, null, section + ": " + error.getDefaultMessage());
        }
        String key = section + "." + field.getField();
        return at(Origin.from(error), key + (SECRET.matcher(key).matches() ? "" : " is " + field.getRejectedValue()) + ": " + field.getDefaultMessage());
    }

    private static RouteProblem unbound(BindException thrown, RuntimeException root) {
        String key = key(thrown.getName().toString());
        Origin origin = thrown.getProperty() == null ? null : thrown.getProperty().getOrigin();
        Class<?> type = thrown.getTarget().getType().resolve(Object.class);
        if (thrown.getProperty() == null) {
            // a check of the section itself, which names the key
            return at(null, message(root));
        }
        return at(origin, key + (SECRET.matcher(key).matches() ? "" : " is '" + thrown.getProperty().getValue() + "'") + "; it has to be " + expected(type));
    }

    private static String expected(Class<?> type) {
        if (type == Duration.class) {
            return "a duration such as 500ms, 30s or 7d";
        }
        if (type == DataSize.class) {
            return "a size such as 256KB or 10GB";
        }
        if (type == boolean.class || type == Boolean.class) {
            return "true or false";
        }
        if (type.isEnum()) {
            return "one of " + String.join(", ", Arrays.stream(type.getEnumConstants()).map(constant -> constant.toString().toLowerCase(Locale.ROOT)).toList());
        }
        return type.isPrimitive() || Number.class.isAssignableFrom(type) ? "a whole number that is not too large" : "a " + type.getSimpleName();
    }

    /** As it stands in application.yaml. */
    private static String key(String name) {
        return Pattern.compile("-([a-z])").matcher(name).replaceAll(found -> found.group(1).toUpperCase(Locale.ROOT));
    }

    private static RouteProblem at(@Nullable Origin found, String message) {
        Origin origin = found instanceof PropertySourceOrigin wrapped ? wrapped.getOrigin() : found;
        if (origin instanceof TextResourceOrigin text && text.getLocation() != null) {
            return new RouteProblem(name(text.getResource()), text.getLocation().getLine() + 1, text.getLocation().getColumn() + 1, message);
        }
        return new RouteProblem(origin == null ? FILE : origin.toString(), null, null, message);
    }

    private static String name(@Nullable Resource resource) {
        try {
            return resource == null || !resource.isFile() ? FILE : resource.getFile().getPath();
        } catch (IOException e) {
            return FILE;
        }
    }
}

package io.insightsrelay.routes;

import io.insightsrelay.config.LiveSettings;
import io.insightsrelay.config.RelayProperties;
import io.insightsrelay.config.SettingsFiles;
import io.insightsrelay.routes.RouteFile.Item;
import io.micrometer.core.instrument.MeterRegistry;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Pattern;
import org.apache.camel.CamelContext;
import org.apache.camel.Route;
import org.apache.camel.model.Model;
import org.apache.camel.model.RouteDefinition;
import org.apache.camel.support.PluginHelper;
import org.apache.camel.support.ResourceHelper;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.context.SmartLifecycle;
import org.springframework.context.annotation.Lazy;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.lang.Nullable;

/**
 * Loads the routes folder, and has an edit of it or of the settings take effect while the relay runs: once the files have not changed from one look
 * to the next they are checked, and if nothing is wrong the routes that differ, or whose settings do, are replaced. Otherwise everything stays as it is, and the edit is told as
 * rejected until the next one. The files are read and compared, so it does not matter how they were written, on which file
 * system, or behind which symbolic link. Routes of the application that come from elsewhere are none of its business. Thread-safe.
 */
@Lazy(false)
public class RouteReload implements SmartLifecycle {

    /**
     * An edit that did not take effect.
     *
     * @param at       when
     * @param problems why not, at least one
     */
    public record Rejected(Instant at, List<RouteProblem> problems) {
    }

    private static final Logger LOG = LoggerFactory.getLogger(RouteReload.class);
    private static final Pattern ROUTE = Pattern.compile("(?m)^- route:");

    /** What the files hold at one moment. */
    private record Look(Map<Path, String> routes, Map<String, String> settings) {
    }

    private final RouteFolder folder;
    private final RouteCheck check;
    private final RouteSwap swap;
    private final SettingsFiles settingsFiles;
    private final SettingsCheck settingsCheck;
    private final LiveSettings settings;
    private final MeterRegistry metrics;
    private final long intervalNanos;
    private final Map<String, Instant> replacedAt = new LinkedHashMap<>();
    private Map<Path, String> running;
    // not injected: Spring would start it before this, and so before the application's routes are added
    private volatile CamelContext context;
    private volatile Instant startedAt;
    private volatile Rejected rejected;
    private volatile Thread thread;

    RouteReload(RouteFolder folder, RouteCheck check, RouteSwap swap, SettingsFiles settingsFiles, SettingsCheck settingsCheck, LiveSettings settings, RelayProperties relay,
            MeterRegistry metrics) throws IOException {
        this.folder = folder;
        this.check = check;
        this.swap = swap;
        this.settingsFiles = settingsFiles;
        this.settingsCheck = settingsCheck;
        this.settings = settings;
        this.metrics = metrics;
        this.intervalNanos = relay.reloadInterval().toNanos();
        running = folder.read();
        if (running.entrySet().stream().anyMatch(file -> !RouteFile.isKamelet(file.getKey()) && file.getValue().contains("beans:"))) {
            refuse(check.takenNames(parse(running)));
        }
        for (String result : List.of("accepted", "rejected")) {
            metrics.counter("relay.routes.reloads", "result", result);
        }
    }

    private static void refuse(List<RouteProblem> problems) {
        if (!problems.isEmpty()) {
            throw new IllegalArgumentException(String.join(System.lineSeparator(), problems.stream().map(RouteProblem::toString).toList()));
        }
    }

    /**
     * Adds the routes to the Camel context, which has those of the application already.
     *
     * @throws IllegalStateException    if a file cannot be read as routes, is loaded already, or has a route with the id of one that is there
     * @throws IllegalArgumentException if two of the files' routes have the same id, of which Camel would take the later
     */
    void load(CamelContext camel) {
        context = camel;
        Model model = camel.getCamelContextExtension().getContextPlugin(Model.class);
        List<RouteDefinition> others = List.copyOf(model.getRouteDefinitions());
        others.stream().filter(other -> folder.holds(other.getResource())).findFirst().ifPresent(other -> {
            throw new IllegalStateException("camel.main.routesIncludePattern includes " + other.getResource().getLocation() + ", which is loaded without that; leave it out there");
        });
        try {
            // where no route uses a kamelet, none is read
            boolean kamelets = running.entrySet().stream().anyMatch(file -> !RouteFile.isKamelet(file.getKey()) && file.getValue().contains("kamelet:"));
            PluginHelper.getRoutesLoader(camel).loadRoutes(running.entrySet().stream().filter(file -> kamelets || !RouteFile.isKamelet(file.getKey()))
                    .map(file -> ResourceHelper.fromBytes("file:" + file.getKey(), file.getValue().getBytes(StandardCharsets.UTF_8))).toList());
        } catch (Exception e) {
            throw e instanceof RuntimeException known ? known : new IllegalStateException("The routes cannot be loaded: " + e.getMessage(), e);
        }
        long written = running.values().stream().mapToLong(text -> ROUTE.matcher(text).results().count()).sum();
        if (written != model.getRouteDefinitions().stream().filter(route -> folder.holds(route.getResource())).count()) {
            refuse(check.duplicates(parse(running)));
        }
        // Camel takes a route out for another of its id
        others.stream().filter(other -> !model.getRouteDefinitions().contains(other)).findFirst().ifPresent(other -> {
            throw new IllegalStateException("The application has a route " + other.getRouteId() + ", and so has the routes folder; ids have to be unique");
        });
    }

    /** Whether a route is one of the folder's; all others are the application's own. */
    public boolean owns(Route route) {
        return folder.holds(route.getSourceResource());
    }

    /** The edit that was rejected last, if none was accepted since; null if all is well. */
    @Nullable
    public Rejected rejected() {
        return rejected;
    }

    /** When the running version of a route was loaded; null before the start. */
    @Nullable
    public synchronized Instant loadedAt(String route) {
        return replacedAt.getOrDefault(route, startedAt);
    }

    @Override
    public void start() {
        startedAt = Instant.now();
        if (intervalNanos > 0) {
            Thread watching = new Thread(this::run, "routes-reload");
            watching.setDaemon(true);
            thread = watching;
            watching.start();
        }
    }

    @Override
    public void stop() {
        Thread watching = thread;
        thread = null;
        if (watching != null) {
            LockSupport.unpark(watching);
            try {
                // an edit that is under way is finished or put back before the routes stop
                watching.join(TimeUnit.SECONDS.toMillis(30));
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }

    @Override
    public boolean isRunning() {
        return thread != null;
    }

    private void run() {
        Look before = null;
        Look judged = null;
        String trouble = null;
        while (thread == Thread.currentThread()) {
            LockSupport.parkNanos(intervalNanos);
            CamelContext camel = context;
            if (camel == null || !camel.isStarted()) {
                // what runs is not yet, or no more, there to be edited
                continue;
            }
            try {
                Look now = new Look(folder.read(), settingsFiles.look());
                trouble = null;
                if (!now.equals(judged) && now.equals(before) && thread == Thread.currentThread()) {
                    // the settings were read by Spring Boot at the start, and are compared with that the first time
                    apply(now, judged == null);
                    judged = now;
                }
                before = now;
            } catch (IOException e) {
                // an editor or a mount at work, perhaps
                if (!String.valueOf(e.getMessage()).equals(trouble)) {
                    trouble = String.valueOf(e.getMessage());
                    LOG.warn("The routes folder or a file of settings cannot be read, what runs stays: {}", trouble);
                }
            } catch (RuntimeException | StackOverflowError e) {
                LOG.error("An edit could not be handled, what runs stays", e);
            }
        }
    }

    private void apply(Look now, boolean first) {
        List<RouteProblem> problems = new ArrayList<>();
        LiveSettings.Change change = change(problems);
        if (first && change != null && now.routes.equals(running) && change.atOnce().isEmpty() && change.later().equals(settings.waiting())) {
            // what runs was read by Camel; to check it would take the schema of all routes into memory, beside the start
            change.done();
            return;
        }
        List<String> replaced = List.of();
        if (change != null) {
            List<Route> others = context.getRoutes().stream().filter(route -> !owns(route)).toList();
            RouteCheck.Result result = check.check(now.routes, others, change.environment());
            problems.addAll(result.problems());
            if (problems.isEmpty()) {
                try {
                    replaced = swap.replace(items(parse(running)), items(result.files()), change);
                } catch (RouteSwap.Failed e) {
                    problems.add(new RouteProblem("routes", null, null, e.getMessage()));
                }
            }
        }
        if (!problems.isEmpty()) {
            rejected = new Rejected(Instant.now(), problems);
            metrics.counter("relay.routes.reloads", "result", "rejected").increment();
            LOG.warn("An edit is rejected, the running routes and settings stay as they are:{}{}", System.lineSeparator(),
                    String.join(System.lineSeparator(), problems.stream().map(problem -> "  " + problem).toList()));
            return;
        }
        change.done();
        rejected = null;
        Instant time = Instant.now();
        List<String> fresh = replaced;
        synchronized (this) {
            fresh.forEach(id -> replacedAt.put(id, time));
        }
        running = now.routes;
        metrics.counter("relay.routes.reloads", "result", "accepted").increment();
        LOG.info("An edit has taken effect. Routes: {}. Settings: {}", replaced.isEmpty() ? "none differs" : String.join(", ", replaced),
                change.atOnce().isEmpty() ? "none differs" : String.join(", ", change.atOnce()));
        if (!change.later().isEmpty()) {
            LOG.warn("These settings were edited and take effect at the next restart: {}", String.join(", ", change.later()));
        }
    }

    /** What the files of settings would change; null if they cannot be read. */
    @Nullable
    private LiveSettings.Change change(List<RouteProblem> problems) {
        try {
            ConfigurableEnvironment environment = settingsFiles.load();
            problems.addAll(settingsCheck.check(environment));
            return problems.isEmpty() ? settings.change(environment, problem -> problems.addAll(SettingsCheck.problems(problem, List.of()))) : null;
        } catch (RuntimeException e) {
            problems.addAll(SettingsCheck.problems(e, settingsFiles.yaml()));
            return null;
        }
    }

    private static Map<String, Item> items(List<RouteFile> files) {
        Map<String, Item> items = new LinkedHashMap<>();
        files.forEach(file -> file.items().forEach(item -> items.put(item.kind() + " " + item.id(), item)));
        return items;
    }

    /** What runs has been read by Camel already. */
    private static List<RouteFile> parse(Map<Path, String> texts) {
        return texts.entrySet().stream().map(entry -> {
            try {
                return new RouteFile(entry.getKey(), entry.getValue());
            } catch (RouteFile.Unreadable e) {
                throw new IllegalStateException(e.getMessage(), e);
            }
        }).toList();
    }
}

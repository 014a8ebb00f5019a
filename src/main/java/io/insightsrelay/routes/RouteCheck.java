package io.insightsrelay.routes;

import io.insightsrelay.routes.RouteFile.Item;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.apache.camel.CamelContext;
import org.apache.camel.Endpoint;
import org.apache.camel.FailedToCreateRouteException;
import org.apache.camel.Route;
import org.apache.camel.StartupSummaryLevel;
import org.apache.camel.VetoCamelContextStartException;
import org.apache.camel.component.kamelet.FailedToCreateKameletException;
import org.apache.camel.component.kamelet.KameletComponent;
import org.apache.camel.component.platform.http.PlatformHttpConstants;
import org.apache.camel.impl.DefaultCamelContext;
import org.apache.camel.model.BeanFactoryDefinition;
import org.apache.camel.model.Model;
import org.apache.camel.model.ProcessorDefinition;
import org.apache.camel.model.ProcessorDefinitionHelper;
import org.apache.camel.model.RouteDefinition;
import org.apache.camel.reifier.RouteReifier;
import org.apache.camel.spi.BeanRepository;
import org.apache.camel.spi.LifecycleStrategy;
import org.apache.camel.spi.PropertiesSource;
import org.apache.camel.support.DefaultRegistry;
import org.apache.camel.support.service.ServiceHelper;
import org.springframework.beans.factory.BeanFactory;
import org.springframework.core.env.Environment;
import org.springframework.lang.Nullable;

/**
 * Finds what is wrong with a set of route files without touching the running ones: each file against Camel's schema, the files against
 * each other, and every route built in a Camel context of its own that starts nothing. Thread-safe.
 */
class RouteCheck {

    private final CamelContext running;
    private final BeanFactory own;

    RouteCheck(CamelContext running, BeanFactory own) {
        this.running = running;
        this.own = own;
    }

    /** The files, or what is wrong with them. */
    record Result(List<RouteFile> files, List<RouteProblem> problems) {
    }

    /**
     * @param texts       what the files hold
     * @param others      routes that the application has besides, which the files may call
     * @param environment where the files get their settings from
     */
    Result check(Map<Path, String> texts, List<Route> others, Environment environment) {
        List<RouteFile> files = new ArrayList<>();
        List<RouteProblem> problems = new ArrayList<>();
        RouteSchema schema = new RouteSchema();
        texts.forEach((path, text) -> {
            try {
                RouteFile file = new RouteFile(path, text);
                List<RouteProblem> misfits = schema.check(file);
                problems.addAll(misfits);
                if (misfits.isEmpty()) {
                    files.add(file);
                }
            } catch (RouteFile.Unreadable e) {
                problems.add(e.problem());
            }
        });
        // a file that is not there to be looked at may hold what the others miss
        boolean complete = problems.isEmpty();
        duplicates(files, others, problems);
        problems.addAll(takenNames(files));
        if (complete) {
            Set<String> consumed = new HashSet<>();
            others.forEach(other -> consumed.add(from(other)));
            files.forEach(file -> file.items().forEach(item -> consumed.add(item.from())));
            missingTargets(files, consumed, problems);
            problems.addAll(KameletCheck.check(files, consumed));
        }
        if (problems.isEmpty() || !complete) {
            build(files, environment, problems);
        }
        return new Result(files, problems);
    }

    /** Of files that are otherwise sound: what two of them define. */
    List<RouteProblem> duplicates(List<RouteFile> files) {
        List<RouteProblem> problems = new ArrayList<>();
        duplicates(files, List.of(), problems);
        return problems;
    }

    private static void duplicates(List<RouteFile> files, List<Route> others, List<RouteProblem> problems) {
        Map<String, String> seen = new HashMap<>();
        Map<String, String> consumers = new HashMap<>();
        others.forEach(other -> {
            seen.put("route " + other.getRouteId(), "the application that the relay is part of");
            consumers.put(from(other), other.getRouteId());
        });
        for (RouteFile file : files) {
            for (Item item : file.items()) {
                String before = seen.putIfAbsent(item.kind() + " " + item.id(), file.path().toString());
                if (before != null) {
                    problems.add(file.problemAt("/" + item.place() + "/" + item.kind() + "/id", "the " + item.kind() + " " + item.id() + " is also in " + before
                            + "; ids have to be unique"));
                }
                for (String bean : item.beans()) {
                    String defined = seen.putIfAbsent("bean " + bean, file.path().toString());
                    if (defined != null && before == null) {
                        problems.add(file.problemAt("/" + item.place() + "/beans", "the bean " + bean + " is also in " + defined + "; names have to be unique"));
                    }
                }
                String other = item.from() != null && item.from().startsWith("direct:") ? consumers.putIfAbsent(item.from(), item.id()) : null;
                if (other != null && before == null) {
                    problems.add(file.problemAt("/" + item.place() + "/route/from/uri", item.from() + " is consumed by the route " + other + " already"));
                }
            }
        }
    }

    /** The relay's own beans win against those of files, which would then be there and do nothing. */
    List<RouteProblem> takenNames(List<RouteFile> files) {
        List<RouteProblem> problems = new ArrayList<>();
        for (RouteFile file : files) {
            file.items().forEach(item -> item.beans().stream().filter(own::containsBean).forEach(bean -> problems.add(file.problemAt("/" + item.place() + "/beans",
                    "the relay has a bean " + bean + " of its own; give this one another name, and have the steps refer to that"))));
        }
        return problems;
    }

    /** As a file would say it. */
    private static String from(Route route) {
        return route.getEndpoint().getEndpointBaseUri().replaceFirst("://", ":");
    }

    private static void missingTargets(List<RouteFile> files, Set<String> consumed, List<RouteProblem> problems) {
        for (RouteFile file : files) {
            file.directTexts().forEach((pointer, called) -> {
                // what is put together while it runs cannot be known before
                if (!consumed.contains(called) && !called.contains("$") && !called.contains("{{")) {
                    problems.add(file.problemAt(pointer, "no route consumes from " + called));
                }
            });
        }
        RouteFile.CALLED_BY_BEANS.values().stream().distinct().filter(called -> !consumed.contains(called)).sorted()
                .forEach(called -> problems.add(new RouteProblem("routes", null, null, "no route consumes from " + called + ", which the relay itself calls")));
    }

    /** Every route as Camel would build it. Nothing of it is started, so nothing connects, listens or writes. */
    private void build(List<RouteFile> files, Environment environment, List<RouteProblem> problems) {
        try (DefaultCamelContext scratch = new DefaultCamelContext(false)) {
            scratch.disableJMX();
            scratch.setStartupSummaryLevel(StartupSummaryLevel.Off);
            scratch.getCamelContextExtension().setName("validate");
            scratch.getCamelContextExtension().setRegistry(new DefaultRegistry(new Beans(running)));
            // beans of files are made as the running context would make them
            scratch.setInjector(running.getInjector());
            scratch.getPropertiesComponent().addPropertiesSource(new PropertiesSource() {
                @Override
                public String getName() {
                    return "environment";
                }

                @Override
                public String getProperty(String name) {
                    return environment.getProperty(name);
                }
            });
            // the running one's makes beans of kamelets, which want others
            scratch.setInjector(running.getInjector());
            scratch.build();
            scratch.init();
            // configurations first, for the routes that name them
            List<Item> items = new ArrayList<>();
            Map<Item, RouteFile> fileOf = new HashMap<>();
            files.forEach(file -> file.items().forEach(item -> {
                items.add(item);
                fileOf.put(item, file);
            }));
            items.sort(Comparator.comparing(Item::isRoute));
            if (items.stream().anyMatch(Item::isKamelet)) {
                makeKameletsAtOnce(scratch);
            }
            Model model = scratch.getCamelContextExtension().getContextPlugin(Model.class);
            for (Item item : items) {
                try {
                    item.load(scratch);
                    RouteDefinition definition = item.isRoute() ? model.getRouteDefinition(item.id()) : null;
                    if (definition != null) {
                        Route route = new RouteReifier(scratch, definition).createRoute();
                        initEndpoints(scratch);
                        route.getEndpoint().createConsumer(exchange -> { });
                    }
                } catch (Exception | LinkageError e) {
                    problems.add(problem(fileOf.get(item), item, item.isRoute() ? model.getRouteDefinition(item.id()) : null, e));
                }
            }
        } catch (Exception e) {
            throw new IllegalStateException("The routes cannot be checked: " + e.getMessage(), e);
        }
    }

    /** With the route that uses them; else they wait until the context starts. */
    private static void makeKameletsAtOnce(CamelContext scratch) throws VetoCamelContextStartException {
        KameletComponent component = scratch.getComponent("kamelet", KameletComponent.class);
        // those that were checked, and no others
        component.setLocation(null);
        ServiceHelper.initService(component);
        for (LifecycleStrategy strategy : scratch.getLifecycleStrategies()) {
            strategy.onContextInitialized(scratch);
        }
    }

    /** Which makes the routes of kamelets, and those of kamelets that these use. */
    private static void initEndpoints(CamelContext scratch) {
        Set<Endpoint> seen = new HashSet<>();
        while (seen.addAll(scratch.getEndpoints())) {
            ServiceHelper.initService(List.copyOf(seen));
        }
    }

    private static RouteProblem problem(RouteFile file, Item item, @Nullable RouteDefinition definition, Throwable thrown) {
        Throwable root = thrown;
        String step = null;
        String kamelet = null;
        while (root.getCause() != null && root.getCause() != root) {
            String message = String.valueOf(root.getMessage());
            if (root instanceof FailedToCreateKameletException failed && kamelet == null) {
                kamelet = failed.getTemplateId();
            }
            int begin = message.indexOf(">>> ");
            int end = message.indexOf(" <<<", begin);
            if (root instanceof FailedToCreateRouteException && begin >= 0 && end > begin) {
                step = message.substring(begin + 4, end);
            }
            root = root.getCause();
        }
        String reason = root.getMessage() == null ? root.getClass().getSimpleName() : root.getMessage();
        Integer line = step == null || definition == null ? null : lineOf(step, definition);
        String message = "the " + item.kind() + " " + item.id() + " cannot be built" + (step == null ? "" : " at " + step) + ": " + reason;
        RouteProblem whole = file.problemAt("/" + item.place() + "/" + item.kind(), message);
        String use = kamelet == null ? null : file.useOf(kamelet, item);
        if (use != null) {
            return file.problemAt(use, "the " + item.kind() + " " + item.id() + " cannot be built at kamelet:" + kamelet + ": " + reason);
        }
        return line == null ? whole : new RouteProblem(whole.file(), line, null, message);
    }

    /** Camel names the step as it prints it. */
    @Nullable
    private static Integer lineOf(String step, RouteDefinition definition) {
        for (ProcessorDefinition<?> output : ProcessorDefinitionHelper.filterTypeInOutputs(definition.getOutputs(), ProcessorDefinition.class)) {
            if (output.getLineNumber() > 0 && output.toString().toLowerCase(Locale.ROOT).startsWith(step.toLowerCase(Locale.ROOT))) {
                return output.getLineNumber();
            }
        }
        return null;
    }

    /** The beans of the running context, but for those that files define, and those that would take the scratch context for theirs. */
    private record Beans(CamelContext running) implements BeanRepository {

        private boolean isShared(String name, Object bean) {
            List<BeanFactoryDefinition<?>> ofFiles = running.getCamelContextExtension().getContextPlugin(Model.class).getCustomBeans();
            return ofFiles.stream().noneMatch(definition -> definition.getName().equals(name)) && !(bean instanceof org.apache.camel.Component) && !(bean instanceof CamelContext) && !PlatformHttpConstants.PLATFORM_HTTP_ENGINE_NAME.equals(name);
        }

        @Override
        public Object lookupByName(String name) {
            Object bean = running.getRegistry().lookupByName(name);
            return isShared(name, bean) ? bean : null;
        }

        @Override
        public <T> T lookupByNameAndType(String name, Class<T> type) {
            T bean = running.getRegistry().lookupByNameAndType(name, type);
            return isShared(name, bean) ? bean : null;
        }

        @Override
        public <T> Map<String, T> findByTypeWithName(Class<T> type) {
            Map<String, T> beans = new HashMap<>(running.getRegistry().findByTypeWithName(type));
            beans.entrySet().removeIf(entry -> !isShared(entry.getKey(), entry.getValue()));
            return beans;
        }

        @Override
        public <T> Set<T> findByType(Class<T> type) {
            return new HashSet<>(findByTypeWithName(type).values());
        }
    }
}

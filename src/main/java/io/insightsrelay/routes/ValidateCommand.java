package io.insightsrelay.routes;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.insightsrelay.InsightsRelay;
import io.insightsrelay.config.SettingsFiles;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.springframework.boot.Banner;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.WebApplicationType;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.lang.Nullable;
import org.springframework.util.FileSystemUtils;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/**
 * {@code validate [folder]}: what a running relay would say of an edit. Reads the same settings as the relay; needs neither network nor the
 * data folder. Exit code 0 if all is well, 1 if something is wrong, 2 for wrong usage.
 */
@Command(name = "validate", description = "Checks a routes folder, prints every problem, and exits with 1 if there is one.", mixinStandardHelpOptions = true)
public final class ValidateCommand implements Callable<Integer> {

    /** Of the Spring context in which no route runs. */
    static final String PROFILE = "insights-relay-validate";
    private static final ObjectMapper MAPPER = new ObjectMapper();

    @Spec
    private CommandSpec spec;

    @Nullable
    @Parameters(paramLabel = "FOLDER", arity = "0..1", description = "The routes folder (default: relay.routesDir)")
    private Path folder;

    @Option(names = "--json", description = "Print JSON: {\"valid\",\"problems\":[{\"file\",\"line\",\"column\",\"message\"}]}")
    private boolean json;

    @Override
    public Integer call() throws IOException {
        if (folder != null && !Files.isDirectory(folder)) {
            spec.commandLine().getErr().println(folder + " is no folder");
            return 1;
        }
        Path scratch = Files.createTempDirectory("insights-relay-validate");
        String[] arguments = arguments(scratch);
        SettingsFiles settings = SettingsFiles.of(InsightsRelay.class, arguments);
        try {
            // what cannot be read at all Spring Boot would tell before it can be silenced
            settings.load();
            try (ConfigurableApplicationContext context = relay(arguments)) {
                return print(problems(context));
            }
        } catch (RuntimeException e) {
            return print(SettingsCheck.problems(e, settings.yaml()));
        } finally {
            FileSystemUtils.deleteRecursively(scratch);
        }
    }

    /** The relay with all its beans, but with no route, no port and a spool that is thrown away. */
    private static ConfigurableApplicationContext relay(String[] arguments) {
        SpringApplication application = new SpringApplication(InsightsRelay.class);
        application.setWebApplicationType(WebApplicationType.NONE);
        application.setBannerMode(Banner.Mode.OFF);
        application.setLogStartupInfo(false);
        application.setAdditionalProfiles(PROFILE);
        return application.run(arguments);
    }

    private String[] arguments(Path scratch) {
        List<String> arguments = new ArrayList<>(List.of("--logging.level.root=ERROR", "--logging.level.io.insightsrelay=ERROR", "--logging.level.org.springframework.boot=OFF",
                "--relay.dataDir=" + scratch.resolve("data"), "--relay.reloadInterval=0", "--relay.stopDelay=0s"));
        if (folder != null) {
            arguments.add("--relay.routesDir=" + folder);
        }
        return arguments.toArray(String[]::new);
    }

    private static List<RouteProblem> problems(ConfigurableApplicationContext context) {
        Map<Path, String> texts;
        try {
            texts = context.getBean(RouteFolder.class).read();
        } catch (IOException e) {
            return List.of(new RouteProblem("routes", null, null, e.getMessage()));
        }
        return context.getBean(RouteCheck.class).check(texts, List.of(), context.getEnvironment()).problems();
    }

    private int print(List<RouteProblem> problems) throws IOException {
        PrintWriter out = spec.commandLine().getOut();
        if (json) {
            out.println(MAPPER.writerWithDefaultPrettyPrinter().writeValueAsString(Map.of("valid", problems.isEmpty(), "problems", problems)));
        } else {
            problems.forEach(out::println);
            out.println(problems.isEmpty() ? "The settings and the routes are in order." : problems.size() + (problems.size() == 1 ? " problem" : " problems"));
        }
        out.flush();
        return problems.isEmpty() ? 0 : 1;
    }
}

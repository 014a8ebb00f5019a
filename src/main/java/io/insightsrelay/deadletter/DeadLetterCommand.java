package io.insightsrelay.deadletter;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.datatype.jsr310.JavaTimeModule;
import io.insightsrelay.config.CommandSettings;
import io.insightsrelay.config.RelayProperties;
import io.insightsrelay.spool.SpoolException;
import io.insightsrelay.spool.SpoolProperties;
import java.io.PrintWriter;
import java.net.URI;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.function.Consumer;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.ComponentScan;
import org.springframework.context.annotation.FilterType;
import org.springframework.core.env.Environment;
import org.springframework.http.HttpMethod;
import org.springframework.lang.Nullable;
import org.springframework.web.client.ResourceAccessException;
import org.springframework.web.client.RestClient;
import org.springframework.web.client.RestClientResponseException;
import org.springframework.web.server.ResponseStatusException;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/**
 * {@code dead-letters list|show|replay|delete}, whether a relay runs or not; see {@link DeadLetterAccess}. Reads the same
 * settings as the relay. Exit code 0 for done, 1 for a failure, 2 for wrong usage.
 * What concerns many is done in steps, each of which is durable: it says how far it is, and may be interrupted.
 */
@Command(name = "dead-letters", description = "Lists, shows, replays and deletes events that no destination took.",
        mixinStandardHelpOptions = true, synopsisSubcommandLabel = "COMMAND")
public final class DeadLetterCommand implements Runnable {

    @EnableConfigurationProperties({RelayProperties.class, SpoolProperties.class})
    @ComponentScan(basePackages = "io.insightsrelay", useDefaultFilters = false,
            includeFilters = @ComponentScan.Filter(type = FilterType.ASSIGNABLE_TYPE, classes = DeadLetterAccess.class))
    static class Settings {
    }

    /** A call without HTTP, where the dead letters are at hand. */
    private interface Offline {
        Object call(DeadLetterController controller);
    }

    /** The dead letters, or where {@code offline} is null the relay that runs and has them. */
    private record Access(@Nullable DeadLetterController offline, boolean running, Environment environment) {

        JsonNode call(String method, String path, Offline call) {
            if (offline != null) {
                return MAPPER.valueToTree(call.call(offline));
            }
            String host = environment.getProperty("server.address", "127.0.0.1");
            String url = "http://" + (host.equals("0.0.0.0") || host.equals("::") ? "127.0.0.1" : host) + ":" + environment.getProperty("server.port") + "/management/dead-letters" + path;
            String token = environment.getProperty("relay.management-token", "");
            return RestClient.create().method(HttpMethod.valueOf(method)).uri(URI.create(url))
                    .headers(headers -> {
                        if (!token.isEmpty()) {
                            headers.setBearerAuth(token);
                        }
                    }).retrieve().body(JsonNode.class);
        }
    }

    private static final int STEP = 1_000;
    private static final long PROGRESS_MILLIS = 1_000;

    private static final ObjectMapper MAPPER = JsonMapper.builder().addModule(new JavaTimeModule())
            .disable(SerializationFeature.WRITE_DATES_AS_TIMESTAMPS).enable(SerializationFeature.INDENT_OUTPUT).build();

    @Spec
    private CommandSpec spec;

    /** Without a subcommand there is nothing to do but to say so. */
    @Override
    public void run() {
        throw new CommandLine.ParameterException(spec.commandLine(), "Say what to do: list, show, replay or delete");
    }

    @Command(name = "list", description = "Lists dead letters, the oldest first.", mixinStandardHelpOptions = true)
    int list(@Option(names = "--destination", description = "Only of this destination") String destination,
             @Option(names = "--after", description = "Go on after this event id") String after,
             @Option(names = "--limit", defaultValue = "100", description = "Most entries, 1 to 1000 (default 100)") int limit,
             @Option(names = "--json", description = "Print JSON") boolean json) {
        return answer("GET", "?limit=" + limit + query("destination", destination) + query("after", after),
                controller -> controller.list(destination, after, limit), json ? this::print : this::printTable);
    }

    @Command(name = "show", description = "Shows one, with the event and its history, as JSON.", mixinStandardHelpOptions = true)
    int show(@Parameters(paramLabel = "ID", description = "Event id") String id,
             @Option(names = "--destination", description = "Of this destination") String destination) {
        return answer("GET", "/" + encoded(id) + first(query("destination", destination)), controller -> controller.show(id, destination), this::print);
    }

    @Command(name = "replay", description = {"Sends dead letters to their destination again, at the rate of deadLetters.replayRate.",
            "With --all it shows the progress until all are out; interrupting that does not end the replay, --stop does."}, mixinStandardHelpOptions = true)
    int replay(@Parameters(paramLabel = "ID", arity = "0..1", description = "Event id") String id,
               @Option(names = "--all", description = "All of them, or all of --destination") boolean all,
               @Option(names = "--stop", description = "Keep those that have not gone out yet") boolean stop,
               @Option(names = "--destination", description = "Only of this destination") String destination) {
        String query = query("destination", destination);
        if (stop) {
            return answer("DELETE", "/replay" + first(query), controller -> controller.withdraw(destination), this::print);
        }
        if (oneOrAll(id, all)) {
            return answer("POST", "/" + encoded(id) + "/replay" + first(query), controller -> controller.replay(id, destination), this::print);
        }
        return run(access -> {
            print(inSteps(access, "POST", "/replay?limit=" + STEP + query, controller -> controller.replayAll(destination, STEP), "replaying"));
            if (access.running()) {
                follow(access);
            }
        });
    }

    @Command(name = "delete", description = "Deletes dead letters for good.", mixinStandardHelpOptions = true)
    int delete(@Parameters(paramLabel = "ID", arity = "0..1", description = "Event id") String id,
               @Option(names = "--all", description = "All of them, or all of --destination") boolean all,
               @Option(names = "--destination", description = "Only of this destination") String destination) {
        String query = query("destination", destination);
        return oneOrAll(id, all) ? answer("DELETE", "/" + encoded(id) + first(query), controller -> controller.delete(id, destination), this::print)
                : run(access -> print(inSteps(access, "DELETE", "?all=true&limit=" + STEP + query,
                        controller -> controller.deleteAll(destination, true, STEP), "deleted")));
    }

    private JsonNode inSteps(Access access, String method, String path, Offline offline, String counted) {
        int total = 0;
        int latest = STEP;
        while (latest == STEP) {
            latest = access.call(method, path, offline).path(counted).asInt();
            total += latest;
            progress(counted + " " + total);
        }
        return MAPPER.createObjectNode().put(counted, total);
    }

    private void follow(Access access) {
        long before = -1;
        while (before != 0) {
            long left = access.call("GET", "?limit=1", controller -> controller.list(null, null, 1)).path("replaying").asLong();
            if (left != before) {
                progress(left + " wait to go out");
            }
            before = left;
            try {
                Thread.sleep(left == 0 ? 0 : PROGRESS_MILLIS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return;
            }
        }
    }

    private void progress(String text) {
        spec.commandLine().getErr().println(text);
        spec.commandLine().getErr().flush();
    }

    private boolean oneOrAll(@Nullable String id, boolean all) {
        if ((id == null) == !all) {
            throw new CommandLine.ParameterException(spec.commandLine(), "Give either the id of one event, or --all");
        }
        return id != null;
    }

    private int answer(String method, String path, Offline offline, Consumer<JsonNode> printer) {
        return run(access -> printer.accept(access.call(method, path, offline)));
    }

    private int run(Consumer<Access> work) {
        try (ConfigurableApplicationContext context = CommandSettings.read(Settings.class)) {
            try (DeadLetterAccess.Opened opened = context.getBean(DeadLetterAccess.class).open()) {
                DeadLetterController controller = opened.store() == null ? null : new DeadLetterController(opened.store());
                work.accept(new Access(controller, opened.running(), context.getEnvironment()));
            }
            return 0;
        } catch (RestClientResponseException e) {
            JsonNode error = e.getResponseBodyAs(JsonNode.class);
            return fail(error == null ? e.getMessage() : error.path("error").path("message").asText(e.getMessage()));
        } catch (ResourceAccessException e) {
            return fail("A relay has the data folder, but its management port does not answer (RELAY_MANAGEMENT_HOST, RELAY_MANAGEMENT_PORT): " + e.getMessage());
        } catch (ResponseStatusException e) {
            return fail(e.getReason());
        } catch (SpoolException e) {
            return fail(e.getMessage());
        }
    }

    private int fail(@Nullable String message) {
        spec.commandLine().getErr().println(message);
        return 1;
    }

    private void print(JsonNode answer) {
        out().println(answer.toPrettyString());
        out().flush();
    }

    private void printTable(JsonNode answer) {
        for (JsonNode letter : answer.path("deadLetters")) {
            out().printf("%s  %s  %s  %d attempts  %s%s%n", letter.path("id").asText(), letter.path("died").asText(), letter.path("destination").asText(),
                    letter.path("attempts").asInt(), letter.path("reason").asText(), letter.path("replayRequested").asBoolean() ? "  (waits for its replay)" : "");
        }
        out().println(answer.path("total").asLong() + " dead letters" + (answer.has("after") ? "; go on with --after " + answer.path("after").asText() : ""));
        out().flush();
    }

    private PrintWriter out() {
        return spec.commandLine().getOut();
    }

    private static String query(String name, @Nullable String value) {
        return value == null ? "" : "&" + name + "=" + encoded(value);
    }

    private static String encoded(String value) {
        return URLEncoder.encode(value, StandardCharsets.UTF_8);
    }

    private static String first(String query) {
        return query.isEmpty() ? "" : "?" + query.substring(1);
    }
}

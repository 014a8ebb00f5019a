package io.insightsrelay.testing;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What strace saw of a relay: the requests that it read, the pages that it wrote to the write-ahead log, the syncs of that log
 * and the answers that it wrote, in their order. An acknowledgement is too early unless a sync began after the event was
 * written and ended before the acknowledgement was.
 */
public final class SyscallTrace {

    /** The numbers of events that were acknowledged too early, and how much was looked at. */
    public record Result(int acknowledgements, int syncs, List<Integer> tooEarly) {
    }

    private static final Pattern EVENT = Pattern.compile("subject\\\\\":\\\\\"e(\\d+)\\\\\"");
    private static final Pattern CALL = Pattern.compile("^(\\d+) +(?:<\\.\\.\\. )?(\\w+)(.*)$");

    private final Path output;

    /** Writes to {@code output}. */
    public SyscallTrace(Path output) {
        this.output = output;
    }

    /** What the relay has to run below. */
    public String[] command() {
        return new String[] {"strace", "-f", "-qq", "-yy", "-e", "trace=read,write,writev,pwrite64,fsync,fdatasync", "-e", "signal=none", "-s", "5000", "-o", output.toString()};
    }

    /** Reads the trace of a relay that has ended. */
    public Result read(int port) throws IOException {
        Map<String, StringBuilder> read = new HashMap<>();
        Map<Integer, Integer> written = new HashMap<>();
        Map<String, Integer> begun = new HashMap<>();
        Map<String, String> unfinished = new HashMap<>();
        List<Integer> tooEarly = new ArrayList<>();
        int durable = -1;
        int syncs = 0;
        int acknowledgements = 0;
        int line = 0;
        try (BufferedReader lines = Files.newBufferedReader(output, StandardCharsets.ISO_8859_1)) {
            for (String text = lines.readLine(); text != null; text = lines.readLine()) {
                line++;
                Matcher call = CALL.matcher(text);
                if (!call.matches()) {
                    continue;
                }
                String thread = call.group(1);
                String name = call.group(2);
                String rest = call.group(3);
                boolean resumed = rest.startsWith(" resumed");
                // where a call is interrupted by another thread's its arguments stand in the first half, what was read in the second
                String arguments = resumed ? unfinished.getOrDefault(thread, "") + rest : rest;
                boolean complete = !rest.endsWith("<unfinished ...>");
                if (!complete) {
                    unfinished.put(thread, rest);
                }
                if (name.endsWith("sync") && arguments.contains("spool.db-wal")) {
                    if (!resumed) {
                        begun.put(thread, line);
                    }
                    if (complete) {
                        durable = Math.max(durable, begun.get(thread));
                        syncs++;
                    }
                } else if (name.equals("pwrite64") && complete && arguments.contains("spool.db-wal")) {
                    for (Matcher event = EVENT.matcher(arguments); event.find(); ) {
                        written.putIfAbsent(Integer.parseInt(event.group(1)), line);
                    }
                } else if (arguments.contains(":" + port + "->")) {
                    String connection = arguments.substring(arguments.indexOf("->"), arguments.indexOf('>', arguments.indexOf("->") + 2));
                    if (name.equals("read") && complete) {
                        int quote = arguments.indexOf('"');
                        if (quote >= 0) {
                            read.computeIfAbsent(connection, key -> new StringBuilder()).append(arguments, quote + 1, arguments.lastIndexOf('"'));
                        }
                    } else if (name.startsWith("write") && !resumed && arguments.contains("HTTP/1.1 202")) {
                        acknowledgements++;
                        StringBuilder request = read.remove(connection);
                        for (Matcher event = EVENT.matcher(request); event.find(); ) {
                            int number = Integer.parseInt(event.group(1));
                            if (written.getOrDefault(number, Integer.MAX_VALUE) >= durable) {
                                tooEarly.add(number);
                            }
                        }
                    }
                }
            }
        }
        return new Result(acknowledgements, syncs, tooEarly);
    }
}

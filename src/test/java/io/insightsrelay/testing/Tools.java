package io.insightsrelay.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** What some tests need beyond a JDK. Where it is missing they are skipped, unless {@code -Dtools.required} says that it has to be there. */
public final class Tools {

    private Tools() {
    }

    /** Skips the test where the command is missing. */
    public static void require(String command) {
        need(run("sh", "-c", "command -v " + command) == 0, command + " is not installed");
    }

    /** Mounts a tmpfs of that size, or skips the test. The handle unmounts it. */
    public static AutoCloseable tmpfs(Path folder, String size) {
        need(run("mount", "-t", "tmpfs", "-o", "size=" + size, "tmpfs", folder.toString()) == 0, "a tmpfs cannot be mounted");
        return () -> assertThat(run("umount", "-l", folder.toString())).isZero();
    }

    /** Runs a command and gives its exit code; -1 where there is no such command. */
    public static int run(String... command) {
        try {
            Path output = Files.createTempFile("tool", ".log");
            Process process = new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(output.toFile()).start();
            int code = process.waitFor();
            if (code != 0) {
                System.out.println(String.join(" ", command) + ": " + Files.readString(output, StandardCharsets.UTF_8));
            }
            Files.delete(output);
            return code;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        } catch (IOException e) {
            if (e.getMessage().startsWith("Cannot run program")) {
                return -1;
            }
            throw new UncheckedIOException(e);
        }
    }

    /** Passes over the test where something is not there that it needs, or fails it where {@code tools.required}. */
    public static void need(boolean there, String message) {
        if (Boolean.getBoolean("tools.required")) {
            assertThat(there).as(message).isTrue();
        }
        assumeTrue(there, message);
    }
}

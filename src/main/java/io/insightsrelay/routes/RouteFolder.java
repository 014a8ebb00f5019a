package io.insightsrelay.routes;

import io.insightsrelay.config.RelayProperties;
import java.io.IOException;
import java.nio.charset.MalformedInputException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.camel.spi.Resource;
import org.springframework.lang.Nullable;

/**
 * The files of the routes folder itself, of the engine's folder in it and, in sandbox mode, of the sandbox's; and the kamelets that their routes may
 * use. Thread-safe.
 */
class RouteFolder {

    private final List<Path> folders = new ArrayList<>();
    private final Path kamelets;

    RouteFolder(RelayProperties relay) {
        kamelets = relay.routesDir().resolve("kamelets");
        folders.add(relay.routesDir());
        folders.add(relay.routesDir().resolve("engine").resolve(relay.engine()));
        if (relay.sandbox()) {
            folders.add(relay.routesDir().resolve("sandbox"));
        }
    }

    /**
     * What the files hold now.
     *
     * @throws IOException if one cannot be read, or vanished meanwhile
     */
    Map<Path, String> read() throws IOException {
        Map<Path, String> texts = new TreeMap<>();
        for (Path folder : folders) {
            try {
                read(folder, "*.camel.yaml", texts);
            } catch (NoSuchFileException | NotDirectoryException e) {
                throw new IOException("there is no folder " + folder, e);
            }
        }
        // a folder without is in order
        if (Files.isDirectory(kamelets)) {
            read(kamelets, "*" + RouteFile.KAMELET, texts);
        }
        return texts;
    }

    /** Whether this is a file of the folder, which need not be there any more. */
    boolean holds(@Nullable Resource resource) {
        if (resource == null || !resource.getLocation().startsWith("file:")) {
            return false;
        }
        Path parent = Path.of(resource.getLocation().substring("file:".length())).getParent();
        return folders.contains(parent) || kamelets.equals(parent);
    }

    private static void read(Path folder, String glob, Map<Path, String> texts) throws IOException {
        try (DirectoryStream<Path> files = Files.newDirectoryStream(folder, glob)) {
            for (Path file : files) {
                texts.put(file, text(file));
            }
        }
    }

    private static String text(Path file) throws IOException {
        try {
            return Files.readString(file, StandardCharsets.UTF_8);
        } catch (MalformedInputException e) {
            throw new IOException(file + " is not UTF-8", e);
        }
    }
}

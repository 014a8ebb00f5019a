package io.insightsrelay.routes;

import org.springframework.lang.Nullable;

/**
 * Something that is wrong with a file of the routes folder.
 *
 * @param file    its path, as the routes folder is given
 * @param line    from 1; null where the whole file is meant
 * @param column  from 1; null where the whole line is meant
 * @param message what is wrong and what would be right
 */
public record RouteProblem(String file, @Nullable Integer line, @Nullable Integer column, String message) {

    @Override
    public String toString() {
        return file + (line == null ? "" : ":" + line) + (column == null ? "" : ":" + column) + ": " + message;
    }
}

package io.insightsrelay.attacks;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;

/** What was tried, what had to come of it, and what did. Printed whole before anything fails. */
final class AttackTable {

    private record Row(String attack, String expected, String seen, boolean held) {
    }

    private final String title;
    private final List<Row> rows = new ArrayList<>();

    AttackTable(String title) {
        this.title = title;
    }

    /** The very thing has to be seen. */
    void row(String attack, Object expected, Object seen) {
        row(attack, expected.toString(), seen.toString(), expected.toString().equals(seen.toString()));
    }

    /** Where what has to be seen cannot be said in a word. */
    void row(String attack, String expected, String seen, boolean held) {
        rows.add(new Row(attack, expected, seen, held));
    }

    /** Prints the table, and fails if any attack did not come out as it has to. */
    void check() {
        StringBuilder table = new StringBuilder("| " + title + " | expected | seen |\n|---|---|---|\n");
        rows.forEach(row -> table.append("| ").append(row.attack).append(" | ").append(row.expected).append(" | ").append(row.seen)
                .append(row.held ? "" : "  <-- NOT HELD").append(" |\n"));
        System.out.print(table);
        assertThat(rows).isNotEmpty();
        assertThat(rows.stream().filter(row -> !row.held).toList()).isEmpty();
    }
}

package dev.glimpse.explain;

import java.util.List;

/**
 * Which words attend to which.
 *
 * @param rows the words that attend
 * @param columns those that are attended to
 * @param weights row by row, at least 0
 */
public record WordMap(String title, List<String> rows, List<String> columns, float[] weights) {
    public WordMap {
        rows = List.copyOf(rows);
        columns = List.copyOf(columns);
        if (rows.isEmpty() || columns.isEmpty() || weights.length != (long) rows.size() * columns.size()) {
            throw new IllegalArgumentException(rows.size() + " words by " + columns.size() + " do not fit "
                    + weights.length + " weights");
        }
    }
}

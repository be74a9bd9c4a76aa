package dev.glimpse.app.report;

import java.util.List;
import java.util.stream.Collectors;

/** The parts that all pages are put together from. */
final class Parts {
    private Parts() {}

    /**
     * @param kicker a line above the title
     * @param lead HTML
     */
    static String header(String kicker, String title, String lead) {
        return """
                <header>
                <p class="kicker">%s</p>
                <h1>%s</h1>
                <p class="lead">%s</p>
                </header>
                """.formatted(Html.escape(kicker), Html.escape(title), lead);
    }

    /**
     * @param lead HTML below the title; may be empty
     * @param body HTML
     */
    static String section(String title, String lead, String body) {
        return "<section>\n<h2>%s</h2>\n%s%s</section>\n".formatted(Html.escape(title),
                lead.isEmpty() ? "" : "<p>" + lead + "</p>\n", body);
    }

    /** A figure in large letters, between what it is and where it comes from; all are HTML. */
    static String card(String label, String figure, String source) {
        return "<div class=\"card\"><p>%s</p><p class=\"figure\">%s</p><p>%s</p></div>\n".formatted(label, figure,
                source);
    }

    static String cards(List<String> cards) {
        return "<section class=\"cards\">\n%s</section>\n".formatted(String.join("", cards));
    }

    /**
     * A table that scrolls where it is too wide.
     *
     * @param head HTML of each column's title; the first column holds the rows' titles
     * @param rows HTML of each cell
     */
    static String table(List<String> head, List<List<String>> rows) {
        String titles = head.stream().map(title -> "<th>" + title + "</th>").collect(Collectors.joining());
        String body = rows.stream().map(Parts::row).collect(Collectors.joining());
        return """
                <div class="scroll">
                <table>
                <thead><tr>%s</tr></thead>
                <tbody>
                %s</tbody>
                </table>
                </div>
                """.formatted(titles, body);
    }

    private static String row(List<String> cells) {
        return "<tr><th scope=\"row\">%s</th>%s</tr>\n".formatted(cells.getFirst(), cells.stream().skip(1)
                .map(cell -> "<td>" + cell + "</td>").collect(Collectors.joining()));
    }

    /** What is shown at a click alone. */
    static String details(String title, String body) {
        return "<details>\n<summary>%s</summary>\n%s</details>\n".formatted(Html.escape(title), body);
    }

    /** A bar from 0 to 1 behind its figure. */
    static String share(double share) {
        if (!Double.isFinite(share)) {
            return Numbers.NONE;
        }
        return "<span class=\"share\" style=\"--share:%s%%\">%s</span>".formatted(
                Numbers.fixed(100 * Math.clamp(share, 0, 1), 1), Numbers.percent(share));
    }

    /** The colour of a series in front of its name. */
    static String dot(int series) {
        return "<span class=\"dot\" style=\"background:%s\"></span>".formatted(Svg.colour(series));
    }

    /** A table for a terminal, the first column to the left, the others to the right. */
    static String columns(List<List<String>> lines) {
        StringBuilder text = new StringBuilder();
        for (List<String> line : lines) {
            StringBuilder row = new StringBuilder();
            for (int i = 0; i < line.size(); i++) {
                int column = i;
                int width = lines.stream().mapToInt(each -> each.get(column).length()).max().orElseThrow();
                String space = " ".repeat(width - line.get(i).length());
                row.append(i == 0 ? line.get(i) + space : "  " + space + line.get(i));
            }
            text.append(row.toString().stripTrailing()).append('\n');
        }
        return text.toString();
    }
}

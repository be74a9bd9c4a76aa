package dev.glimpse.app;

import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/** The systems that attention came from, for people, machines and the documentation: each works here as a whole. */
final class SystemTable {
    /**
     * @param name the command
     * @param paper authors, venue and year
     * @param task what it does
     * @param page the documentation's page that tells more
     * @param figure the command that reproduces its figure
     */
    record Row(String name, String title, String paper, String task, String page, String figure) {}

    private static final List<Row> ROWS = List.of(
            new Row("saliency", "saliency-based attention", "Itti et al., TPAMI 1998",
                    "where a picture is looked at first", "docs/systems/saliency.md", "./glimpse saliency --search"),
            new Row("ram", "recurrent attention model", "Mnih et al., NeurIPS 2014", "digits, glimpse by glimpse",
                    "docs/systems/recurrent-attention.md",
                    "./glimpse train mnist --model ram --out RUN && ./glimpse glimpses RUN --test 6"),
            new Row("stn", "spatial transformer", "Jaderberg et al., NeurIPS 2015", "digits, turned upright first",
                    "docs/systems/spatial-transformer.md",
                    "./glimpse train mnist --model stn --out RUN && ./glimpse glimpses RUN --test 6"),
            new Row("seq2seq", "attention to align", "Bahdanau et al., ICLR 2015", "German to English",
                    "docs/systems/translation.md",
                    "./glimpse train multi30k --model seq2seq --out RUN && ./glimpse translate RUN --test multi30k"),
            new Row("transformer", "attention alone", "Vaswani et al., NeurIPS 2017", "German to English",
                    "docs/systems/translation.md",
                    "./glimpse train multi30k --model transformer --out RUN && ./glimpse translate RUN --test multi30k"),
            new Row("caption", "show, attend and tell", "Xu et al., ICML 2015", "captions of pictures, a look a word",
                    "docs/systems/captioning.md",
                    "./glimpse train generated --model caption --out RUN && ./glimpse caption RUN --test 6"),
            new Row("racnn", "recurrent attention CNN", "Fu et al., CVPR 2017", "what is told apart by a detail",
                    "docs/systems/racnn.md",
                    "./glimpse train generated --model racnn --out RUN && ./glimpse glimpses RUN --test 6"));

    private SystemTable() {}

    static List<Row> rows() {
        return ROWS;
    }

    static String text() {
        return lines("%-12s %-26s %-30s %-36s %5$s%n");
    }

    /** The table as it stands in docs/systems. */
    static String markdown() {
        return "| name | system | paper | task | its figure |\n|---|---|---|---|---|\n"
                + lines("| [`%1$s`](%6$s) | %2$s | %3$s | %4$s | `%5$s` |\n");
    }

    private static String lines(String format) {
        return ROWS.stream()
                .map(row -> String.format(Locale.ROOT, format, row.name(), row.title(), row.paper(), row.task(),
                        row.figure(), row.page().replaceFirst(".*/", "")))
                .collect(Collectors.joining());
    }
}

package dev.glimpse.app.report;

import java.util.Locale;

/**
 * Draws SVG. Ink is the colour of the text around the drawing, so it fits light and dark pages; series colours come
 * from the page's style sheet where it has them.
 */
final class Svg {
    /** Okabe and Ito's colours, which colour-blind readers can tell apart. */
    private static final String[] SERIES = {"#0072b2", "#d55e00", "#009e73", "#b8589a", "#a87900", "#56b4e9"};

    private final StringBuilder body = new StringBuilder();
    private final int width;
    private final int height;
    private final String description;

    Svg(int width, int height, String description) {
        this.width = width;
        this.height = height;
        this.description = description;
    }

    /** The colour of the series with this index, for a {@code style} attribute. */
    static String colour(int series) {
        int index = series % SERIES.length;
        return "var(--series-" + (index + 1) + "," + SERIES[index] + ")";
    }

    /** Tells series of the same colour apart: the first of each is drawn through. */
    static String dashes(int series) {
        return switch (series / SERIES.length) {
            case 0 -> "";
            case 1 -> ";stroke-dasharray:7 4";
            default -> ";stroke-dasharray:1.5 4";
        };
    }

    void line(double x1, double y1, double x2, double y2, String style) {
        add("<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" style=\"%s\"/>", x1, y1, x2, y2, style);
    }

    void rectangle(double x, double y, double w, double h, String style) {
        add("<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" style=\"%s\"/>", x, y, w, h, style);
    }

    /**
     * @param hint shown while the pointer rests on it
     */
    void rectangle(double x, double y, double w, double h, String style, String hint) {
        add("<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" style=\"%s\"><title>%s</title></rect>", x, y, w,
                h, style, Html.escape(hint));
    }

    /**
     * @param hint shown while the pointer rests on the line; may be empty
     */
    void path(CharSequence steps, String style, String hint) {
        if (!steps.isEmpty()) {
            add("<path d=\"%s\" style=\"fill:none;%s\"><title>%s</title></path>", steps, style, Html.escape(hint));
        }
    }

    /**
     * @param anchor {@code start}, {@code middle} or {@code end}
     */
    void text(double x, double y, String anchor, String style, String text) {
        add("<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\" style=\"%s\">%s</text>", x, y, anchor, style,
                Html.escape(text));
    }

    /**
     * Text that does not run from left to right.
     *
     * @param degrees clockwise, about the place where it is anchored
     */
    void turned(double x, double y, double degrees, String anchor, String style, String text) {
        add("<text transform=\"translate(%.1f %.1f) rotate(%.0f)\" text-anchor=\"%s\" style=\"%s\">%s</text>", x, y,
                degrees, anchor, style, Html.escape(text));
    }

    private void add(String format, Object... values) {
        body.append(String.format(Locale.ROOT, format, values)).append('\n');
    }

    @Override
    public String toString() {
        return """
                <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" role="img" \
                aria-label="%s" font-family="system-ui,-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif" \
                font-size="12" fill="currentColor" stroke-linecap="round" stroke-linejoin="round">
                %s</svg>
                """.formatted(width, height, width, height, Html.escape(description), body);
    }
}

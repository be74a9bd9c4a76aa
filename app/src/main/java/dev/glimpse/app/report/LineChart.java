package dev.glimpse.app.report;

import dev.glimpse.app.report.Axis.Tick;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.DoubleStream;

/**
 * Curves over epochs as an SVG that stands alone or in a page.
 *
 * <pre>
 * List&lt;Series&gt; losses = List.of(new Series("SE", List.of(seed1, seed2)), new Series("CBAM", List.of(seed1)));
 * String svg = new LineChart("Test loss", "Epoch", Axis.log(LineChart.values(losses)), losses).svg();
 * </pre>
 *
 * A series without a name is not in the legend. A series of several runs shows each as a thin line and their mean as a strong one. A value without a place on the
 * axis (not finite; on a log axis, not above zero) leaves a gap.
 */
public record LineChart(String title, String xLabel, Axis y, List<Series> series) {
    private static final int WIDTH = 560;
    private static final int HEIGHT = 330;
    private static final int LEFT = 52;
    private static final int RIGHT = 14;
    private static final int BOTTOM = 44;
    private static final int UNNAMED = 26;
    private static final int LONGEST_NAME = 40;
    private static final double LETTER = 7.2;
    private static final String GRID = "stroke:currentColor;stroke-opacity:.13";
    private static final String QUIET = "fill-opacity:.68;font-variant-numeric:tabular-nums";

    /**
     * Lines of one colour.
     *
     * @param runs one a training; the first value belongs to epoch 1
     */
    public record Series(String name, List<double[]> runs) {}

    /** All values of all runs, to fit an axis to. */
    public static DoubleStream values(List<Series> series) {
        return series.stream().flatMap(each -> each.runs.stream()).flatMapToDouble(Arrays::stream);
    }

    public String svg() {
        Svg svg = new Svg(WIDTH, HEIGHT, title);
        svg.text(0, 15, "start", "font-size:15px;font-weight:600", title);
        int top = legend(svg) + 18;
        Axis x = Axis.count(1, longest());
        grid(svg, x, top);
        for (int i = 0; i < series.size(); i++) {
            lines(svg, x, top, i);
        }
        return svg.toString();
    }

    /** Names under the title, in as many rows as they take; returns where the last row ends. */
    private int legend(Svg svg) {
        double left = 0;
        int y = 38;
        for (int i = 0; i < series.size(); i++) {
            String name = shorten(series.get(i).name);
            if (name.isEmpty()) {
                continue;
            }
            double room = 22 + LETTER * name.length();
            if (left > 0 && left + room > WIDTH) {
                left = 0;
                y += 18;
            }
            svg.line(left + 1, y - 4, left + 15, y - 4, "stroke-width:2.5;stroke:" + Svg.colour(i) + Svg.dashes(i));
            svg.text(left + 22, y, "start", "", name);
            left += room + 16;
        }
        return series.stream().allMatch(each -> each.name.isEmpty()) ? UNNAMED : y;
    }

    private static String shorten(String name) {
        return name.length() <= LONGEST_NAME ? name : name.substring(0, LONGEST_NAME - 1) + "…";
    }

    private int longest() {
        return series.stream().flatMap(each -> each.runs.stream()).mapToInt(run -> run.length).max().orElse(1);
    }

    private void grid(Svg svg, Axis x, int top) {
        for (Tick tick : y.ticks()) {
            double at = pixelY(tick.value(), top);
            svg.line(LEFT, at, WIDTH - RIGHT, at, GRID);
            svg.text(LEFT - 8, at + 4, "end", QUIET, tick.text());
        }
        for (Tick tick : x.ticks()) {
            double at = pixelX(x, tick.value());
            svg.line(at, HEIGHT - BOTTOM, at, HEIGHT - BOTTOM + 4, "stroke:currentColor;stroke-opacity:.4");
            svg.text(at, HEIGHT - BOTTOM + 18, "middle", QUIET, tick.text());
        }
        svg.line(LEFT, HEIGHT - BOTTOM, WIDTH - RIGHT, HEIGHT - BOTTOM, "stroke:currentColor;stroke-opacity:.4");
        svg.text((LEFT + WIDTH - RIGHT) / 2.0, HEIGHT - 6, "middle", QUIET, xLabel);
    }

    private void lines(Svg svg, Axis x, int top, int index) {
        Series drawn = series.get(index);
        String stroke = "stroke:" + Svg.colour(index) + Svg.dashes(index) + ";stroke-width:";
        if (drawn.runs.size() > 1) {
            for (double[] run : drawn.runs) {
                svg.path(steps(run, x, top), stroke + "1;stroke-opacity:.3", drawn.name);
            }
        }
        svg.path(steps(mean(drawn.runs), x, top), stroke + "2.2", drawn.name);
    }

    private String steps(double[] run, Axis x, int top) {
        StringBuilder steps = new StringBuilder();
        boolean down = false;
        for (int i = 0; i < run.length; i++) {
            double at = pixelY(run[i], top);
            if (Double.isFinite(at)) {
                // A line of no length lets the round cap show a value that stands alone.
                String step = down ? "L%.1f %.1f" : "M%.1f %.1fh0";
                steps.append(String.format(Locale.ROOT, step, pixelX(x, i + 1), at));
            }
            down = Double.isFinite(at);
        }
        return steps.toString();
    }

    /** The mean of the runs at each epoch, over those that came so far. */
    private static double[] mean(List<double[]> runs) {
        double[] mean = new double[runs.stream().mapToInt(run -> run.length).max().orElse(0)];
        for (int i = 0; i < mean.length; i++) {
            int epoch = i;
            mean[i] = runs.stream().filter(run -> run.length > epoch).mapToDouble(run -> run[epoch])
                    .filter(Double::isFinite).average().orElse(Double.NaN);
        }
        return mean;
    }

    private static double pixelX(Axis x, double value) {
        return LEFT + 6 + x.at(value) * (WIDTH - RIGHT - LEFT - 12);
    }

    private double pixelY(double value, int top) {
        return HEIGHT - BOTTOM - Math.clamp(y.at(value), 0, 1) * (HEIGHT - BOTTOM - top);
    }
}

package dev.glimpse.app.report;

import java.util.List;
import java.util.function.ToDoubleFunction;

/**
 * A measurement over several seeds.
 *
 * @param deviation the sample standard deviation; NaN for one seed
 */
public record Spread(double mean, double deviation) {
    /** Over runs, of what is measured in each. */
    public static <T> Spread of(List<T> runs, ToDoubleFunction<T> measure) {
        double[] values = runs.stream().mapToDouble(measure).toArray();
        double sum = 0;
        for (double value : values) {
            sum += value;
        }
        double mean = sum / values.length;
        double squares = 0;
        for (double value : values) {
            squares += (value - mean) * (value - mean);
        }
        return new Spread(mean, values.length > 1 ? Math.sqrt(squares / (values.length - 1)) : Double.NaN);
    }

    /** {@code 97.3 ± 0.4 %}. */
    public String percent() {
        return hasSpread() ? Numbers.fixed(100 * mean, 1) + " ± " + Numbers.percent(deviation) : Numbers.percent(mean);
    }

    /** HTML of {@code (1.43 ± 0.20)×10⁻²}. */
    String scientific() {
        if (!hasSpread()) {
            return Numbers.scientific(mean);
        }
        int exponent = Numbers.exponent(mean);
        double unit = Math.pow(10, exponent);
        return "(" + Numbers.fixed(mean / unit, 2) + " ± " + Numbers.fixed(deviation / unit, 2) + ")"
                + Numbers.powerOfTen(exponent);
    }

    private boolean hasSpread() {
        return Double.isFinite(mean) && Double.isFinite(deviation);
    }
}

package dev.glimpse.app.report;

import java.util.ArrayList;
import java.util.DoubleSummaryStatistics;
import java.util.List;
import java.util.function.DoubleFunction;
import java.util.stream.DoubleStream;

/**
 * Places values along one side of a chart. Charts that share an axis compare by eye.
 *
 * @param low the value at the start
 * @param high the value at the end, above {@code low}
 * @param log whether equal factors are equally far apart
 * @param leastStep ticks are no closer than this; on a log axis, in powers of ten
 * @param label writes a tick's value
 */
public record Axis(double low, double high, boolean log, double leastStep, DoubleFunction<String> label) {
    private static final int WANTED_TICKS = 5;

    /** A value with its text. */
    public record Tick(double value, String text) {}

    /** From one number to another, as whole numbers: epochs, steps. */
    public static Axis count(long from, long to) {
        return new Axis(from, Math.max(to, from + 1), false, 1, value -> Numbers.count(Math.round(value)));
    }

    /** Round numbers around the finite values. */
    public static Axis linear(DoubleStream values) {
        DoubleSummaryStatistics range = values.filter(Double::isFinite).summaryStatistics();
        if (range.getCount() == 0) {
            return linear(DoubleStream.of(0, 1));
        }
        double spread = range.getMax() - range.getMin();
        double step = step(spread > 0 ? spread : Math.max(Math.abs(range.getMax()) / 10, 1e-6));
        double low = Math.floor(range.getMin() / step + 1e-9) * step;
        double high = Math.max(Math.ceil(range.getMax() / step - 1e-9) * step, low + step);
        int decimals = Math.max(0, (int) Math.ceil(-Math.log10(step(high - low)) - 1e-9));
        return new Axis(low, high, false, 0, value -> Numbers.fixed(value, decimals));
    }

    /** Shares of 0 to 1, written as per cent. */
    public static Axis percent(DoubleStream values) {
        Axis axis = linear(values);
        int decimals = Math.max(0, (int) Math.ceil(-Math.log10(step(axis.high - axis.low)) - 2 - 1e-9));
        return new Axis(axis.low, axis.high, false, 0, value -> Numbers.fixed(100 * value, decimals) + "%");
    }

    /** Whole powers of ten around the finite values above zero; others have no place. */
    public static Axis log(DoubleStream values) {
        DoubleSummaryStatistics range = values.filter(value -> value > 0 && Double.isFinite(value)).summaryStatistics();
        if (range.getCount() == 0) {
            return log(DoubleStream.of(0.1, 1));
        }
        double low = Math.floor(Math.log10(range.getMin()) + 1e-9);
        double high = Math.max(Math.ceil(Math.log10(range.getMax()) - 1e-9), low + 1);
        return new Axis(Math.pow(10, low), Math.pow(10, high), true, 1,
                value -> "10" + Numbers.superscript((int) Math.round(Math.log10(value))));
    }

    /** How far along the axis a value lies: 0 to 1 between its ends, NaN for a value without a place. */
    public double at(double value) {
        if (!Double.isFinite(value) || log && value <= 0) {
            return Double.NaN;
        }
        return log ? Math.log(value / low) / Math.log(high / low) : (value - low) / (high - low);
    }

    /** A handful of round values, ends included where they are round. */
    public List<Tick> ticks() {
        double from = log ? Math.log10(low) : low;
        double to = log ? Math.log10(high) : high;
        double step = Math.max(leastStep, log ? Math.ceil((to - from) / (WANTED_TICKS + 2)) : step(to - from));
        List<Tick> ticks = new ArrayList<>();
        for (long i = (long) Math.ceil(from / step - 1e-9); i <= to / step + 1e-9; i++) {
            double value = log ? Math.pow(10, i * step) : i * step;
            ticks.add(new Tick(value, label.apply(value)));
        }
        return ticks;
    }

    /** 1, 2 or 5 times a power of ten that cuts a range into a handful of parts. */
    private static double step(double range) {
        double rough = range / WANTED_TICKS;
        double power = Math.pow(10, Math.floor(Math.log10(rough)));
        double times = rough / power;
        return power * (times < 1.5 ? 1 : times < 3.5 ? 2 : times < 7.5 ? 5 : 10);
    }
}

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
 * @param leastStep ticks are no closer than this; a log axis has rules of its own
 * @param label writes a tick's value
 */
public record Axis(double low, double high, boolean log, double leastStep, DoubleFunction<String> label) {
    private static final int WANTED_TICKS = 5;
    private static final int CLOSE_RUNGS = 6;

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

    /**
     * Powers of ten around the finite values above zero, or 1, 2 and 5 times those where the values are close; others
     * have no place.
     */
    public static Axis log(DoubleStream values) {
        DoubleSummaryStatistics range = values.filter(value -> value > 1e-300 && Double.isFinite(value))
                .summaryStatistics();
        if (range.getCount() == 0) {
            return log(DoubleStream.of(0.1, 1));
        }
        int low = 3 * (int) Math.floor(Math.log10(range.getMin())) + 3;
        while (rung(low) > range.getMin()) {
            low--;
        }
        int high = low + 1;
        while (rung(high) < range.getMax()) {
            high++;
        }
        boolean close = high - low <= CLOSE_RUNGS;
        if (!close) {
            low = 3 * Math.floorDiv(low, 3);
            high = 3 * Math.ceilDiv(high, 3);
        }
        boolean plain = close && low >= -9;
        return new Axis(rung(low), rung(high), true, 0, plain ? Numbers::plain : Axis::power);
    }

    /** How far along the axis a value lies: 0 to 1 between its ends, NaN for a value without a place. */
    public double at(double value) {
        if (!Double.isFinite(value) || log && value <= 0) {
            return Double.NaN;
        }
        return log
                ? (Math.log(value) - Math.log(low)) / (Math.log(high) - Math.log(low))
                : (value - low) / (high - low);
    }

    /** A handful of round values, ends included where they are round. */
    public List<Tick> ticks() {
        List<Tick> ticks = new ArrayList<>();
        double from = log ? Math.rint(3 * Math.log10(low)) : low;
        double to = log ? Math.rint(3 * Math.log10(high)) : high;
        double step = Math.max(leastStep, step(to - from));
        if (log) {
            step = to - from <= CLOSE_RUNGS ? 1 : 3 * Math.ceil((to - from) / 3 / (WANTED_TICKS + 2));
        }
        for (long i = (long) Math.ceil(from / step - 1e-9); i <= to / step + 1e-9; i++) {
            double value = log ? rung((int) (i * step)) : i * step;
            ticks.add(new Tick(value, label.apply(value)));
        }
        return ticks;
    }

    /** 1, 2 and 5 times each power of ten, counted from 1: three rungs are a factor of ten. */
    private static double rung(int index) {
        return Double.parseDouble("125".charAt(Math.floorMod(index, 3)) + "e" + Math.floorDiv(index, 3));
    }

    private static String power(double rung) {
        int exponent = Numbers.exponent(rung);
        long times = Math.round(rung / Math.pow(10, exponent));
        return (times == 1 ? "" : times + "×") + "10" + Numbers.superscript(exponent);
    }

    /** 1, 2 or 5 times a power of ten that cuts a range into a handful of parts. */
    private static double step(double range) {
        double rough = range / WANTED_TICKS;
        double power = Math.pow(10, Math.floor(Math.log10(rough)));
        double times = rough / power;
        return power * (times < 1.5 ? 1 : times < 3.5 ? 2 : times < 7.5 ? 5 : 10);
    }
}

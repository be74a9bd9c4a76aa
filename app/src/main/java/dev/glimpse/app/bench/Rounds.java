package dev.glimpse.app.bench;

import java.lang.management.CompilationMXBean;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;

/**
 * Times that may be compared: in each round every contender runs once, one after another, so that a slow moment of the
 * machine falls on all.
 */
final class Rounds {
    private static final int LEAST_WARM_UP = 3;
    private static final int LEAST = 5;
    private static final int MOST = 2_001;
    /** What part of the time goes to rounds that do not count, at least. */
    private static final double WARM_UP = 1.0 / 3;
    /** The JIT has compiled what there is when nothing has come from it for so many seconds. */
    private static final double QUIET = 0.5;

    /**
     * One of those that are compared. Tensors that its work makes are freed within the time that counts.
     *
     * @param ready what comes before it and is not timed
     */
    record Contender(String name, Runnable ready, Runnable work) {
        private double run() {
            ready.run();
            long start = System.nanoTime();
            try (PointerScope _ = new PointerScope()) {
                work.run();
            }
            return (System.nanoTime() - start) / 1e9;
        }
    }

    private final Map<String, List<Double>> seconds = new LinkedHashMap<>();

    /**
     * Runs rounds until the time is over, but a few at least.
     *
     * @param budget in seconds; it is exceeded while the JIT still compiles, but not by more than once again
     */
    static Rounds of(List<Contender> contenders, double budget) {
        warmUp(contenders, budget);
        Rounds rounds = new Rounds();
        long start = System.nanoTime();
        for (int i = 0; i < LEAST || i < MOST && since(start) < (1 - WARM_UP) * budget; i++) {
            contenders.forEach(contender -> rounds.add(contender.name, contender.run()));
        }
        return rounds;
    }

    private static void warmUp(List<Contender> contenders, double budget) {
        CompilationMXBean jit = ManagementFactory.getCompilationMXBean();
        long start = System.nanoTime();
        long compiled = start;
        long spent = jit.getTotalCompilationTime();
        for (int i = 0; i < LEAST_WARM_UP || since(start) < WARM_UP * budget
                || since(start) < budget && since(compiled) < QUIET; i++) {
            contenders.forEach(Contender::run);
            if (jit.getTotalCompilationTime() > spent) {
                spent = jit.getTotalCompilationTime();
                compiled = System.nanoTime();
            }
        }
    }

    void add(String contender, double time) {
        seconds.computeIfAbsent(contender, _ -> new ArrayList<>()).add(time);
    }

    private static double since(long start) {
        return (System.nanoTime() - start) / 1e9;
    }

    int count() {
        return seconds.values().iterator().next().size();
    }

    /** The median time in milliseconds. */
    double milliseconds(String contender) {
        return 1e3 * Statistics.median(seconds.get(contender));
    }

    /** The median over rounds of how many times as long one took as the other in the same round. */
    double ratio(String contender, String other) {
        List<Double> ratios = new ArrayList<>();
        for (int i = 0; i < count(); i++) {
            ratios.add(seconds.get(contender).get(i) / seconds.get(other).get(i));
        }
        return Statistics.median(ratios);
    }
}

package dev.glimpse.app.bench;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * How long a module takes composed of libtorch's operations, and fused, beside copying its input. Times are medians in
 * milliseconds; ratios are medians of the rounds' ratios.
 *
 * @param maxRelError the largest difference of the result and of each gradient, by the largest number in it; of a parameter of
 *        one number, by the largest of all parameters' gradients
 * @param errorOf where that is: result, input or a parameter's name; empty where there is no difference
 * @param composition the fastest
 * @param fusedRuns how many maps fused kernels gated in one pass; 0 where the module has none
 * @param chosen what runs where nothing is forced
 * @param unjudged gradients that are nothing but roundings, as of a bias under a softmax
 */
public record AttentionTimes(AttentionCase task, double composed, double fused, double copy, double composedOverFused,
        double fusedOverCopy, double maxRelError, String errorOf, Composition composition, long fusedRuns,
        String chosen,
        List<String> unjudged, int rounds) {

    Map<String, Object> measured() {
        Map<String, Object> map = task.asMap();
        map.put("composed_ms", composed);
        map.put("fused_ms", fused);
        map.put("copy_ms", copy);
        map.put("composed_over_fused", composedOverFused);
        map.put("fused_over_copy", fusedOverCopy);
        map.put("max_rel_error", maxRelError);
        map.put("error_of", errorOf);
        map.put("composed_by", composition.title);
        map.put("fused_runs", fusedRuns);
        map.put("auto", chosen);
        map.put("not_judged", unjudged);
        map.put("rounds", rounds);
        return map;
    }

    /** For machines. */
    public Map<String, Object> asMap() {
        Map<String, Object> map = new LinkedHashMap<>(measured());
        map.putAll(Machine.facts());
        return map;
    }

    /** For people: one line. */
    @Override
    public String toString() {
        return String.format(Locale.ROOT,
                "%s: composed %.3f ms (%s), fused %.3f ms, copy %.3f ms; composed/fused %.2f, fused/copy %.2f, "
                        + "error %.1e, %d rounds; %s",
                task, composed, composition.title, fused, copy, composedOverFused, fusedOverCopy, maxRelError, rounds,
                fusedRuns == 0 ? "no fused kernel ran" : "unforced, it runs " + chosen);
    }
}

package dev.glimpse.app.bench;

import dev.glimpse.app.bench.Rounds.Contender;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/** How fast a network trains in each precision and layout. */
public final class ModesBench {
    /** What libraries compute in where nothing else is said. */
    private static final String PLAIN = name(Dtype.FP32, Layout.NCHW);

    /** Median milliseconds of a step by mode, and the median of the rounds' ratios to float32, contiguous. */
    public record Times(String model, String attention, MapShape images, Map<String, Double> milliseconds,
            Map<String, Double> speedUps, int rounds) {
        /** For machines. */
        public Map<String, Object> asMap() {
            Map<String, Object> map = new LinkedHashMap<>();
            map.put("model", model);
            map.put("attention", attention);
            map.put("images", images.toString());
            map.put("step_ms", milliseconds);
            map.put("times_as_fast_as_fp32_nchw", speedUps);
            map.put("rounds", rounds);
            map.putAll(Machine.facts());
            return map;
        }

        @Override
        public String toString() {
            StringBuilder text =
                    new StringBuilder(String.format(Locale.ROOT, "%s with %s %s, a step of training, %d rounds",
                            model, attention, images, rounds));
            milliseconds.forEach((mode, time) -> text.append(String.format(Locale.ROOT,
                    "%n%s  %8.1f ms  %7.1f images/s  %.2f times %s", mode, time, 1e3 * images.batch() / time,
                    speedUps.get(mode), PLAIN)));
            return text.toString();
        }
    }

    private ModesBench() {}

    private static String name(Dtype dtype, Layout layout) {
        return dtype.word() + " " + layout.word();
    }

    /** Makes the network once a mode and times their steps in turns. */
    public static Times run(String model, String attention, MapShape images, double seconds) {
        images.requireMemory(model);
        Tensor input = torch.randn(images.sizes());
        List<Contender> contenders = new ArrayList<>();
        for (Dtype dtype : Dtype.values()) {
            for (Layout layout : Layout.values()) {
                contenders.add(NetworkBench.training(model, attention, input, images, dtype, layout,
                        name(dtype, layout)));
            }
        }
        Rounds rounds = Rounds.of(contenders, seconds);
        Map<String, Double> times = new LinkedHashMap<>();
        Map<String, Double> speedUps = new LinkedHashMap<>();
        contenders.forEach(contender -> {
            times.put(contender.name(), rounds.milliseconds(contender.name()));
            speedUps.put(contender.name(), rounds.ratio(PLAIN, contender.name()));
        });
        return new Times(model, attention, images, times, speedUps, rounds.count());
    }
}

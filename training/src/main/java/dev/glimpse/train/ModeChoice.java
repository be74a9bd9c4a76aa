package dev.glimpse.train;

import dev.glimpse.Layer;
import dev.glimpse.io.AtomicFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * The mode in which this machine trains a network fastest: measured by a few training steps of that very network, and
 * remembered in a file.
 *
 * @param milliseconds the best step of each mode that was measured; the mode is then the first of the fastest
 * @param remembered whether it was measured before
 */
public record ModeChoice(Mode mode, Map<Mode, Double> milliseconds, boolean remembered) {
    /** What a mode must gain to be preferred to a simpler one: less is noise, and the simpler is more exact. */
    private static final double WORTH = 0.97;
    private static final int ROUNDS = 3;
    /** About so many pixels are enough for a step to be typical. */
    private static final long PIXELS = 1L << 20;
    private static final int LEAST_IMAGES = 8;
    private static final JsonMapper JSON = new JsonMapper();

    /**
     * Chooses among modes, the simpler first.
     *
     * @param network makes one with any weights, inside of a scope that frees it
     * @param size side of the images
     * @param key all that the answer depends on, in words
     * @param file remembers answers; a file that cannot be read or written is passed over
     */
    public static ModeChoice of(List<Mode> candidates, Supplier<Layer> network, int size, int batch, String key,
            Path file) {
        if (candidates.size() == 1) {
            return new ModeChoice(candidates.getFirst(), Map.of(), true);
        }
        String entry = key + ", among " + candidates;
        ObjectNode known = read(file);
        Mode before = candidates.stream().filter(mode -> mode.toString().equals(known.path(entry).asString("")))
                .findFirst().orElse(null);
        if (before != null) {
            return new ModeChoice(before, Map.of(), true);
        }
        Map<Mode, Double> times = measure(candidates, network, size, batch);
        Mode fastest = candidates.getFirst();
        for (Mode mode : candidates) {
            if (times.get(mode) < WORTH * times.get(fastest)) {
                fastest = mode;
            }
        }
        known.put(entry, fastest.toString());
        try {
            AtomicFiles.write(file, JSON.writerWithDefaultPrettyPrinter().writeValueAsString(known) + "\n");
        } catch (IOException _) {
            // It is measured again next time.
        }
        return new ModeChoice(fastest, times, false);
    }

    private static ObjectNode read(Path file) {
        try {
            return JSON.readTree(Files.readString(file)) instanceof ObjectNode known ? known : JSON.createObjectNode();
        } catch (IOException | JacksonException _) {
            return JSON.createObjectNode();
        }
    }

    /** In turns, so that a machine that is busy for a while is so for all. */
    private static Map<Mode, Double> measure(List<Mode> modes, Supplier<Layer> network, int size, int batch) {
        int images = (int) Math.min(batch, Math.max(LEAST_IMAGES, PIXELS / ((long) size * size)));
        Map<Mode, Double> best = new LinkedHashMap<>();
        try (PointerScope _ = new PointerScope()) {
            Tensor input = torch.randn(images, 3, size, size);
            List<Trial> trials = new ArrayList<>();
            modes.forEach(mode -> {
                best.put(mode, Double.POSITIVE_INFINITY);
                trials.add(new Trial(mode, network.get()));
            });
            for (int round = 0; round <= ROUNDS; round++) {
                for (Trial trial : trials) {
                    double milliseconds = trial.step(input);
                    if (round > 0) { // the first step allocates
                        best.merge(trial.mode, milliseconds, Math::min);
                    }
                }
            }
        }
        return best;
    }

    /** A network in training, whatever for. */
    private static final class Trial {
        private final Mode mode;
        private final Layer network;
        private final Optimizer optimizer;

        Trial(Mode mode, Layer network) {
            this.mode = mode;
            this.network = network;
            network.train(true);
            mode.prepare(network);
            optimizer = new Optimizer(network, OptimizerSettings.of(OptimizerSettings.Rule.ADAMW, 1e-6, 0));
        }

        /** @return its milliseconds; infinity where the network cannot compute so */
        double step(Tensor images) {
            long start = System.nanoTime();
            try (PointerScope _ = new PointerScope()) {
                optimizer.zeroGrad();
                Tensor loss = mode.forward(network, images).square().mean();
                loss.backward();
                optimizer.step(1e-6);
                return Double.isFinite(loss.item_double()) ? (System.nanoTime() - start) / 1e6
                        : Double.POSITIVE_INFINITY;
            } catch (RuntimeException _) {
                return Double.POSITIVE_INFINITY;
            }
        }
    }
}

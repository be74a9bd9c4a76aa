package dev.glimpse.app.demo;

import dev.glimpse.Layer;
import dev.glimpse.attention.Attentions;
import dev.glimpse.data.WhitePatch;
import dev.glimpse.explain.GradCam;
import dev.glimpse.explain.HeatMap;
import dev.glimpse.explain.NetworkMaps;
import dev.glimpse.io.StateDict;
import dev.glimpse.model.WhitePatchNet;
import dev.glimpse.nn.Scopes;
import dev.glimpse.nn.Tensors;
import dev.glimpse.train.Recipe;
import dev.glimpse.train.WhitePatchResult;
import dev.glimpse.train.WhitePatchResult.Epoch;
import dev.glimpse.train.WhitePatchResult.Example;
import dev.glimpse.train.WhitePatchResult.Pointing;
import dev.glimpse.train.WhitePatchResult.Run;
import dev.glimpse.train.WhitePatchTrainer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/** The white-patch experiment: trains the four networks alike, and measures whether their maps find the patch. */
public final class WhitePatchExperiment {
    private static final String GRAD_CAM = "Grad-CAM";
    private static final int EXAMPLES_WITH_PATCH = 4;
    private static final int EXAMPLES_WITHOUT = 2;
    private static final int MAPPED_AT_ONCE = 20;

    /** The four networks of the article, with the losses it reports. */
    public enum Network {
        CNN("cnn", "plain CNN", null, 1.1167e-3, 0.05412),
        MHA("mha", "multi-head attention", "mha2d", 9.81e-6, 0.04209),
        CONV1D_MHA("conv1d-mha", "1x1-convolution multi-head attention", "conv1d-mha", 2.547e-4, 0.01428),
        CBAM("cbam", "CBAM", "cbam", 2.787e-5, 0.02805);

        private final String name;
        private final String title;
        private final String attention;
        private final double articleTrainLoss;
        private final double articleTestLoss;

        Network(String name, String title, String attention, double articleTrainLoss, double articleTestLoss) {
            this.name = name;
            this.title = title;
            this.attention = attention;
            this.articleTrainLoss = articleTrainLoss;
            this.articleTestLoss = articleTestLoss;
        }

        /** As in the table and the report. */
        public String title() {
            return title;
        }

        /** Builds it with initial weights. */
        public WhitePatchNet build() {
            return new WhitePatchNet(Optional.ofNullable(attention).map(Attentions::slot));
        }
    }

    /** Hears how the experiment goes. */
    public interface Listener {
        /** A training begins. */
        void begins(Network network, long seed);

        /** So many more images were trained on. */
        void trained(long images);

        /** An epoch of the training under way has ended. */
        void ended(int epoch, Epoch result);
    }

    private final WhitePatch.Split training;
    private final WhitePatch.Split test;
    private final Recipe recipe;

    /** @param recipe its seed is the first of the seeds */
    public WhitePatchExperiment(WhitePatch.Split training, WhitePatch.Split test, Recipe recipe) {
        this.training = training;
        this.test = test;
        this.recipe = recipe;
    }

    /**
     * Trains each network once a seed; the images are the same for all.
     *
     * @param images where the pictures came from, in words
     */
    public WhitePatchResult run(String images, List<Network> networks, List<Long> seeds, Listener listener) {
        List<WhitePatchResult.Network> results = new ArrayList<>();
        for (Network kind : networks) {
            List<Run> runs = new ArrayList<>();
            List<Example> examples = List.of();
            long parameters = 0;
            for (long seed : seeds) {
                listener.begins(kind, seed);
                torch.manual_seed(seed);
                WhitePatchNet network = kind.build();
                parameters = StateDict.parameterCount(network);
                long start = System.nanoTime();
                int[] epoch = {0};
                List<Epoch> epochs = new WhitePatchTrainer(training, test, recipe.withSeed(seed)).train(network,
                        listener::trained, result -> listener.ended(++epoch[0], result));
                double seconds = (System.nanoTime() - start) / 1e9;
                runs.add(new Run(seed, seconds, epochs, pointing(network)));
                if (examples.isEmpty()) {
                    examples = examples(network);
                }
            }
            results.add(new WhitePatchResult.Network(kind.name, kind.title, parameters, kind.articleTrainLoss,
                    kind.articleTestLoss, runs, examples));
        }
        return new WhitePatchResult(new WhitePatchResult.Setup(images, WhitePatch.SIZE, WhitePatch.PATCH,
                training.size(), test.size(), recipe.epochs(), recipe.batch(), recipe.optimizer().learningRate(),
                recipe.schedule().kind(),
                seeds), results);
    }

    private List<Pointing> pointing(WhitePatchNet network) {
        int[] with = IntStream.range(0, test.size()).filter(i -> test.hasPatch(i)).toArray();
        Map<String, double[]> sums = new LinkedHashMap<>();
        for (int from = 0; from < with.length; from += MAPPED_AT_ONCE) {
            int[] some = Arrays.copyOfRange(with, from, Math.min(with.length, from + MAPPED_AT_ONCE));
            maps(network, some).forEach((name, maps) -> {
                double[] sum = sums.computeIfAbsent(name, _ -> new double[2]);
                for (int i = 0; i < some.length; i++) {
                    HeatMap.Box patch = new HeatMap.Box(test.patchX(some[i]), test.patchY(some[i]), WhitePatch.PATCH,
                            WhitePatch.PATCH);
                    sum[0] += maps.get(i).peaksIn(patch, WhitePatch.SIZE, WhitePatch.SIZE) ? 1 : 0;
                    sum[1] += maps.get(i).massIn(patch, WhitePatch.SIZE, WhitePatch.SIZE);
                }
            });
        }
        double chance = Math.pow((double) WhitePatch.PATCH / WhitePatch.SIZE, 2);
        List<Pointing> pointing = new ArrayList<>();
        sums.forEach(
                (name, sum) -> pointing.add(new Pointing(name, sum[0] / with.length, sum[1] / with.length, chance)));
        return pointing;
    }

    private List<Example> examples(WhitePatchNet network) {
        int[] with = IntStream.range(0, test.size()).filter(i -> test.hasPatch(i)).limit(EXAMPLES_WITH_PATCH).toArray();
        int[] without = IntStream.range(0, test.size()).filter(i -> !test.hasPatch(i)).limit(EXAMPLES_WITHOUT)
                .toArray();
        int[] shown = IntStream.concat(Arrays.stream(with), Arrays.stream(without)).toArray();
        List<Example> examples = new ArrayList<>();
        try (PointerScope _ = new PointerScope()) {
            Tensor scores = Scopes.noGrad(() -> network.forward(test.batch(shown)));
            float[] probabilities = Tensors.toFloats(scores.sigmoid());
            Map<String, List<HeatMap>> maps = maps(network, shown);
            String name = maps.keySet().iterator().next(); // its own attention where it has one
            for (int i = 0; i < shown.length; i++) {
                HeatMap map = maps.get(name).get(i);
                examples.add(new Example(test.image(shown[i]), test.patchX(shown[i]), test.patchY(shown[i]),
                        probabilities[i], name, map.values(), map.width(), map.height()));
            }
        }
        return examples;
    }

    /** The network's own attention, where it has any, then Grad-CAM. */
    private Map<String, List<HeatMap>> maps(WhitePatchNet network, int[] indices) {
        Map<String, List<HeatMap>> named = new LinkedHashMap<>();
        try (PointerScope _ = new PointerScope()) {
            Tensor images = test.batch(indices);
            NetworkMaps.of(network, images).forEach((path, maps) -> named.put(title(path), maps));
            named.put(GRAD_CAM, GradCam.maps(network, images, new int[indices.length]));
        }
        return named;
    }

    private static String title(String path) {
        return path.startsWith("cbam") ? "spatial gate" : "attention received";
    }
}

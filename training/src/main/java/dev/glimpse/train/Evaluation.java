package dev.glimpse.train;

import dev.glimpse.Layer;
import dev.glimpse.data.Batch;
import dev.glimpse.data.Batches;
import dev.glimpse.data.Loader;
import dev.glimpse.data.TestTimeAugmentation;
import dev.glimpse.nn.Scopes;
import dev.glimpse.nn.Tensors;
import dev.glimpse.train.metric.MultiLabelScore;
import dev.glimpse.train.metric.MultiLabelTally;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/** Measures a network on all of a loader's images, in eval mode and without gradients. */
public final class Evaluation {
    /** Hears what a network said of some images. */
    @FunctionalInterface
    public interface Listener {
        /**
         * @param indices of the images in their data set
         * @param output the network's, in float32; freed after the call
         * @param target what the loader gave along; freed after the call
         */
        void hear(int[] indices, Tensor output, Tensor target);
    }

    private Evaluation() {}

    /** @param stop asked after each batch; once true, the rest is left out */
    static Tally of(Layer network, Batches images, Task task, Mode mode, BooleanSupplier stop) {
        Tally tally = task.tally();
        each(network, images, stop, batch -> {
            Task.Outcome outcome = task.test(network, mode, batch.images(), batch.labels());
            tally.add(outcome.output(), batch.labels(), outcome.loss().item().toDouble());
        });
        return tally;
    }

    /**
     * Loss and accuracy of a classifier, class by class.
     *
     * @param images at the size that {@code looks} asks for
     * @param mode the run's, for the numbers that its own tests gave
     * @param looks at each image
     * @param size side of what the network sees
     */
    public static Score score(Layer network, Loader images, int classes, Mode mode, TestTimeAugmentation looks,
            int size) {
        mode.prepare(network);
        long[] correct = new long[classes];
        long[] count = new long[classes];
        double[] lossSum = {0};
        each(network, images, input -> looks.scores(view -> mode.forward(network, view), input, size), () -> false,
                (_, scores, target) -> {
                    lossSum[0] += torch.cross_entropy_loss(scores, target).item().toDouble() * scores.size(0);
                    long[] answers = Tensors.toLongs(Tensors.argmax(scores, 1));
                    long[] labels = Tensors.toLongs(target);
                    for (int i = 0; i < labels.length; i++) {
                        count[(int) labels[i]]++;
                        correct[(int) labels[i]] += answers[i] == labels[i] ? 1 : 0;
                    }
                });
        Score score = new Score(0, correct, count);
        return new Score(lossSum[0] / Math.max(1, score.count()), correct, count);
    }

    /**
     * How well a network gives each image its labels, whose loader is of a multi-label data set.
     *
     * @param images at the size that {@code looks} asks for
     * @param mode the run's, for the numbers that its own tests gave
     * @param looks at each image
     * @param size side of what the network sees
     */
    public static MultiLabelScore labels(Layer network, Loader images, int labels, Mode mode,
            TestTimeAugmentation looks, int size) {
        mode.prepare(network);
        MultiLabelTally tally = new MultiLabelTally(labels);
        each(network, images, input -> looks.yesOrNo(view -> mode.forward(network, view), input, size), () -> false,
                (_, output, target) -> tally.add(output, target));
        return tally.result();
    }

    /**
     * Shows a network all of a loader's images.
     *
     * @param mode the run's, for the numbers that its own tests gave
     * @param stop asked before each batch; once true, the rest is left out
     */
    public static void each(Layer network, Loader images, Mode mode, BooleanSupplier stop, Listener listener) {
        mode.prepare(network);
        each(network, images, input -> mode.forward(network, input), stop, listener);
    }

    private static void each(Layer network, Loader images, UnaryOperator<Tensor> scores, BooleanSupplier stop,
            Listener listener) {
        each(network, images, stop,
                batch -> listener.hear(batch.indices(), scores.apply(batch.images()), batch.labels()));
    }

    private static void each(Layer network, Batches images, BooleanSupplier stop, Consumer<Batch> listener) {
        network.eval();
        Scopes.noGrad(() -> {
            try (Batches.Pass batches = images.epoch(0, 0)) {
                while (!stop.getAsBoolean() && batches.hasNext()) {
                    try (Batch batch = batches.next(); PointerScope _ = new PointerScope()) {
                        listener.accept(batch);
                    }
                }
            }
            return null;
        });
    }
}

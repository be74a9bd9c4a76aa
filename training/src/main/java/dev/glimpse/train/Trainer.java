package dev.glimpse.train;

import dev.glimpse.Layer;
import dev.glimpse.data.Batch;
import dev.glimpse.data.Loader;
import dev.glimpse.nn.Scopes;
import dev.glimpse.nn.Tensors;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/** Trains a classifier and writes its run. */
public final class Trainer {
    private final Run run;
    private final Layer network;
    private final Recipe recipe;
    private final Optimizer optimizer;
    private final Progress progress;
    private final BooleanSupplier stop;

    /**
     * @param network with its initial weights
     * @param stop asked after each step; once true, the training ends with the weights as they are
     */
    public Trainer(Run run, Layer network, Progress progress, BooleanSupplier stop) {
        this.run = run;
        this.network = network;
        this.recipe = run.config().recipe();
        this.optimizer = new Optimizer(network, recipe.optimizer());
        this.progress = progress;
        this.stop = stop;
    }

    /**
     * Trains for the recipe's epochs; after each, tests, writes the metrics and the weights.
     *
     * @return the epochs that were finished
     * @throws IOException when the run cannot be written; what was written before stays
     * @throws ArithmeticException when the loss is no number any more; the last epoch's weights stay
     */
    public List<EpochMetrics> train(Loader training, Loader test) throws IOException {
        List<EpochMetrics> epochs = new ArrayList<>();
        double best = Double.NEGATIVE_INFINITY;
        for (int epoch = 1; epoch <= recipe.epochs() && !stop.getAsBoolean(); epoch++) {
            long start = System.nanoTime();
            double waited = training.waitSeconds();
            Tally tally = epoch(training, epoch);
            double trainSeconds = seconds(start);
            if (stop.getAsBoolean()) {
                break;
            }
            if (tally.images == 0) {
                throw new IOException("none of the training images could be read");
            }
            Score score = evaluate(network, test, run.config().classes().size(), stop);
            if (stop.getAsBoolean()) {
                break;
            }
            if (score.count() == 0) {
                throw new IOException("none of the test images could be read");
            }
            EpochMetrics metrics = new EpochMetrics(epoch, tally.loss(), tally.accuracy(), score.loss(),
                    score.accuracy(),
                    recipe.learningRateAt((long) epoch * training.batches() - 1, training.batches(), List.of()),
                    seconds(start),
                    tally.images / trainSeconds, training.waitSeconds() - waited);
            epochs.add(metrics);
            run.writeWeights(network, epoch, score.accuracy() > best);
            run.writeMetrics(epochs);
            best = Math.max(best, score.accuracy());
            progress.epoch(metrics);
        }
        return epochs;
    }

    private Tally epoch(Loader training, int epoch) {
        network.train(true);
        Tally tally = new Tally();
        long steps = training.batches();
        long step = 0;
        try (Loader.Epoch batches = training.epoch(epoch)) {
            while (!stop.getAsBoolean() && batches.hasNext()) {
                double rate = recipe.learningRateAt((epoch - 1) * steps + step, steps, List.of());
                try (Batch batch = batches.next(); PointerScope _ = new PointerScope()) {
                    optimizer.zeroGrad();
                    Tensor scores = network.forward(batch.images());
                    Tensor loss = torch.cross_entropy_loss(scores, batch.labels());
                    loss.backward();
                    optimizer.step(rate);
                    tally.add(loss, scores, batch.labels());
                }
                step++;
                if (!Double.isFinite(tally.lossSum)) {
                    throw new ArithmeticException(
                            "the loss is no number any more after step " + step + " of epoch " + epoch
                                    + "; the weights of the last whole epoch are kept; try a lower learning rate");
                }
                progress.step(epoch, step, steps, tally.loss(), tally.accuracy());
            }
        }
        return tally;
    }

    /** Loss and accuracy over all of a loader's images, in eval mode and without gradients. */
    public static Score evaluate(Layer network, Loader images, int classes) {
        return evaluate(network, images, classes, () -> false);
    }

    private static Score evaluate(Layer network, Loader images, int classes, BooleanSupplier stop) {
        boolean training = network.is_training();
        network.eval();
        try {
            return Scopes.noGrad(() -> score(network, images, classes, stop));
        } finally {
            network.train(training);
        }
    }

    private static Score score(Layer network, Loader images, int classes, BooleanSupplier stop) {
        long[] correct = new long[classes];
        long[] count = new long[classes];
        double lossSum = 0;
        try (Loader.Epoch batches = images.epoch(0)) {
            while (!stop.getAsBoolean() && batches.hasNext()) {
                try (Batch batch = batches.next(); PointerScope _ = new PointerScope()) {
                    Tensor scores = network.forward(batch.images());
                    lossSum += torch.cross_entropy_loss(scores, batch.labels()).item().toDouble() * scores.size(0);
                    long[] answers = Tensors.toLongs(Tensors.argmax(scores, 1));
                    long[] labels = Tensors.toLongs(batch.labels());
                    for (int i = 0; i < labels.length; i++) {
                        count[(int) labels[i]]++;
                        correct[(int) labels[i]] += answers[i] == labels[i] ? 1 : 0;
                    }
                }
            }
        }
        Score score = new Score(0, correct, count);
        return new Score(lossSum / Math.max(1, score.count()), correct, count);
    }

    private static double seconds(long start) {
        return (System.nanoTime() - start) / 1e9;
    }

    /** Sums over an epoch. */
    private static final class Tally {
        private double lossSum;
        private long correct;
        private long images;

        void add(Tensor loss, Tensor scores, Tensor labels) {
            long count = scores.size(0);
            lossSum += loss.item().toDouble() * count;
            correct += Tensors.argmax(scores, 1).eq(labels).sum().item().toLong();
            images += count;
        }

        double loss() {
            return lossSum / Math.max(1, images);
        }

        double accuracy() {
            return (double) correct / Math.max(1, images);
        }
    }
}

package dev.glimpse.train;

import dev.glimpse.Layer;
import dev.glimpse.data.WhitePatch;
import dev.glimpse.nn.Scopes;
import dev.glimpse.train.WhitePatchResult.Epoch;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import java.util.function.LongConsumer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/** Trains one network to say whether there is a white patch: the binary cross entropy, in batches of every image once an epoch. */
public final class WhitePatchTrainer {
    private final WhitePatch.Split training;
    private final WhitePatch.Split test;
    private final Recipe recipe;

    public WhitePatchTrainer(WhitePatch.Split training, WhitePatch.Split test, Recipe recipe) {
        this.training = training;
        this.test = test;
        this.recipe = recipe;
    }

    /**
     * Trains for the recipe's epochs and tests after each.
     *
     * @param network images (B, 3, H, W) to scores (B, 1)
     * @param images hears of each step how many images it took
     * @param epoch hears of each epoch
     */
    public List<Epoch> train(Layer network, LongConsumer images, Consumer<Epoch> epoch) {
        Optimizer optimizer = new Optimizer(network, recipe.optimizer());
        List<Epoch> epochs = new ArrayList<>();
        long steps = Math.ceilDiv(training.size(), recipe.batch());
        long step = 0;
        for (int i = 0; i < recipe.epochs(); i++) {
            network.train(true);
            Sums sums = new Sums();
            for (int[] batch : batches(training.size(), new SplittableRandom(recipe.seed() * 1_000_003 + i))) {
                try (PointerScope _ = new PointerScope()) {
                    optimizer.zeroGrad();
                    Tensor scores = network.forward(channelsLast(training.batch(batch)));
                    Tensor labels = training.labels(batch).unsqueeze(1);
                    Tensor loss = torch.binary_cross_entropy_with_logits(scores, labels);
                    loss.backward();
                    optimizer.step(recipe.learningRateAt(step++, steps, List.of()));
                    sums.add(loss, scores, labels);
                }
                if (!Double.isFinite(sums.loss)) {
                    throw new ArithmeticException("the loss is no number any more in epoch " + (i + 1)
                            + "; try a lower learning rate");
                }
                images.accept(batch.length);
            }
            Sums tested = test(network);
            epochs.add(new Epoch(sums.loss(), sums.accuracy(), tested.loss(), tested.accuracy()));
            epoch.accept(epochs.getLast());
        }
        network.eval();
        return epochs;
    }

    private Sums test(Layer network) {
        network.eval();
        Sums sums = new Sums();
        for (int[] batch : batches(test.size(), null)) {
            try (PointerScope _ = new PointerScope()) {
                Tensor scores = Scopes.noGrad(() -> network.forward(channelsLast(test.batch(batch))));
                Tensor labels = test.labels(batch).unsqueeze(1);
                sums.add(torch.binary_cross_entropy_with_logits(scores, labels), scores, labels);
            }
        }
        return sums;
    }

    /** The layout that libtorch's 5x5 convolutions are faster with. */
    private static Tensor channelsLast(Tensor images) {
        return images.contiguous(torch.MemoryFormat.ChannelsLast);
    }

    private List<int[]> batches(int size, SplittableRandom shuffle) {
        int[] order = new int[size];
        Arrays.setAll(order, i -> i);
        for (int i = size - 1; shuffle != null && i > 0; i--) {
            int other = shuffle.nextInt(i + 1);
            int swapped = order[i];
            order[i] = order[other];
            order[other] = swapped;
        }
        List<int[]> batches = new ArrayList<>();
        for (int from = 0; from < size; from += recipe.batch()) {
            batches.add(Arrays.copyOfRange(order, from, Math.min(size, from + recipe.batch())));
        }
        return batches;
    }

    /** Sums over an epoch. */
    private static final class Sums {
        private double loss;
        private long correct;
        private long images;

        void add(Tensor meanLoss, Tensor scores, Tensor labels) {
            long count = scores.size(0);
            loss += meanLoss.item().toDouble() * count;
            correct += scores.gt(new Scalar(0)).eq(labels.gt(new Scalar(0.5))).sum().item().toLong();
            images += count;
        }

        double loss() {
            return loss / images;
        }

        double accuracy() {
            return (double) correct / images;
        }
    }
}

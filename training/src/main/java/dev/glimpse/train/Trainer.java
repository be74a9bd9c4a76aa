package dev.glimpse.train;

import dev.glimpse.Layer;
import dev.glimpse.data.Batch;
import dev.glimpse.data.Batches;
import dev.glimpse.data.Mixing;
import dev.glimpse.io.StateDict;
import dev.glimpse.nn.NativeHeap;
import dev.glimpse.nn.Scopes;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;

/**
 * Trains a network and writes its run; stopped and started again, it goes on as if nothing had been.
 *
 * <p>
 * A checkpoint is written before the first step, after each epoch, as often as {@link Checkpoints} says, and when the
 * training is asked to stop.
 */
public final class Trainer {
    /** What libtorch's batch norm says to a single number a channel. */
    private static final String TOO_FEW = "Expected more than 1 value per channel";

    private final Run run;
    private final Layer network;
    private final Task task;
    private final Recipe recipe;
    private final Checkpoints when;
    private final Progress progress;
    private final BooleanSupplier stop;
    private final Freeze freeze;
    private final Step step;
    private final MovingAverage average;
    private final MixedBatch mixing;
    private final Checkpoint checkpoint;
    private Position position;

    /**
     * How often a checkpoint is written within an epoch.
     *
     * @param seconds between two; 0 for no matter how long
     * @param steps between two; 0 for no matter how many
     */
    public record Checkpoints(double seconds, long steps) {
        public Checkpoints {
            if (!(seconds >= 0) || steps < 0) {
                throw new IllegalArgumentException("a checkpoint every " + seconds + " s and " + steps
                        + " steps; expected at least 0 of each");
            }
        }
    }

    /**
     * Takes up the run's checkpoint where there is one. Build it outside of pointer scopes.
     *
     * @param run created or resumed
     * @param network with its initial weights
     * @param stop asked after each step; once true, a checkpoint is written and the training ends
     */
    public Trainer(Run run, Layer network, Task task, Checkpoints when, Progress progress, BooleanSupplier stop)
            throws IOException {
        this.run = run;
        this.network = network;
        this.task = task;
        this.recipe = run.config().recipe();
        this.when = when;
        this.progress = progress;
        this.stop = stop;
        mixing = new MixedBatch(run.config());
        freeze = new Freeze(network, recipe.frozen());
        recipe.mode().prepare(network);
        step = new Step(network, task, recipe);
        double decay = recipe.regularisation().emaDecay();
        average = decay > 0 ? new MovingAverage(network, decay) : null;
        checkpoint = new Checkpoint(network, step.optimizer(), average);
        position = run.hasCheckpoint() ? run.readCheckpoint(checkpoint) : Position.after(List.of(), 0, task);
    }

    /** How far it is. */
    public Position position() {
        return position;
    }

    /** Whether nothing is left to do: all epochs are done, or the test has not got better for long. */
    public boolean finished() {
        List<Double> scores = position.scores(task);
        int best = scores.indexOf(scores.stream().max(Double::compare).orElse(0.0));
        return scores.size() >= recipe.epochs()
                || recipe.patience() > 0 && !scores.isEmpty() && scores.size() - 1 - best >= recipe.patience();
    }

    /**
     * Trains until it is {@link #finished}, or asked to stop.
     *
     * @throws IOException when the run cannot be written or no image read; the last checkpoint stays
     * @throws ArithmeticException when the loss is no number any more; the last good checkpoint stays
     */
    public void train(Batches training, Batches test) throws IOException {
        if (!run.hasCheckpoint()) {
            run.writeCheckpoint(checkpoint, position);
        }
        run.writeEvents(position.epochs());
        while (!finished() && !stop.getAsBoolean()) {
            Epoch epoch = new Epoch(training);
            epoch.train();
            if (stop.getAsBoolean() || !epoch.test(test)) {
                run.writeCheckpoint(checkpoint, position);
            }
        }
    }

    /** A test's and a checkpoint's tensors leave holes that a step's do not fit into: else the heap grows with each. */
    private void keep() throws IOException {
        run.writeCheckpoint(checkpoint, position);
        NativeHeap.giveBack();
    }

    /** One pass over the training images and the test after it, or what is left of them. */
    private final class Epoch {
        private final Batches training;
        private final Tally tally = task.tally();
        private final long batches;
        private final List<Double> stepSeconds = new ArrayList<>();
        private final double waitedBefore;
        private final long start = System.nanoTime();
        private long written = start;
        private double trained;

        Epoch(Batches training) {
            this.training = training;
            batches = training.batches();
            waitedBefore = training.waitSeconds();
            tally.restore(position.tally());
        }

        void train() throws IOException {
            freeze.train();
            Position from = position;
            double inSteps = from.stepSeconds();
            List<Double> scores = from.scores(task);
            try (Batches.Pass images = training.epoch(from.epoch(), from.batch())) {
                long began = System.nanoTime();
                while (!stop.getAsBoolean() && images.hasNext()) {
                    int first = images.position();
                    long number = (from.epoch() - 1) * recipe.steps(batches) + first / recipe.accumulate();
                    accumulate(images, first);
                    step.finish(recipe.learningRateAt(number, recipe.steps(batches), scores));
                    if (average != null) {
                        average.update(position.steps());
                    }
                    stepSeconds.add(seconds(began));
                    inSteps += stepSeconds.getLast();
                    position = new Position(from.epoch(), images.position(), position.steps() + 1, tally.state(),
                            from.seconds() + seconds(start), inSteps,
                            from.waitSeconds() + training.waitSeconds() - waitedBefore, from.epochs());
                    progress.batch(from.epoch(), images.position(), batches, tally.values());
                    if (due()) {
                        requireFinite();
                        keep();
                        written = System.nanoTime();
                    }
                    began = System.nanoTime();
                }
            }
            requireFinite();
            trained = seconds(start);
        }

        /** The forwards of a step: as many as the recipe says, counted from the epoch's beginning, or what is left. */
        private void accumulate(Batches.Pass images, int first) {
            long end = Math.min(batches, (long) (first / recipe.accumulate() + 1) * recipe.accumulate());
            step.begin();
            do {
                try (Batch batch = images.next(); PointerScope _ = new PointerScope()) {
                    double loss = step(batch, images.position() - 1, 1.0 / (end - first));
                    if (!Double.isFinite(loss)) {
                        throw diverged("the loss is");
                    }
                }
            } while (images.position() < end && images.hasNext() && images.position() < end);
        }

        private double step(Batch batch, int number, double share) {
            try {
                Mixing.Mixed mixed = mixing.of(batch, position.epoch(), number);
                return step.run(mixed.images(), mixed.targets(), share, tally);
            } catch (RuntimeException e) {
                if (String.valueOf(e.getMessage()).contains(TOO_FEW)) {
                    return alone(batch, e);
                }
                if (String.valueOf(e.getMessage()).contains("can't allocate memory")) {
                    throw new IllegalStateException(
                            "out of memory with batches of " + batch.size() + " images: take --batch "
                                    + Math.max(1, batch.size() / 2) + ", and --accumulate " + 2 * recipe.accumulate()
                                    + " for steps as large as now",
                            e);
                }
                throw e;
            }
        }

        /**
         * An image left over, or alone since the others of its batch could not be read, is passed over where maps have a
         * single position: a batch norm cannot tell a mean of one number from the number.
         */
        private double alone(Batch batch, RuntimeException e) {
            if (recipe.batch() == 1) {
                throw new IllegalArgumentException(
                        "with batches of one image this network's batch norms have one number a "
                                + "channel, which teaches nothing: take --batch 2 or more, or a larger --size",
                        e);
            }
            if (batch.size() > 1) {
                throw e;
            }
            return 0;
        }

        private boolean due() {
            return when.seconds() > 0 && seconds(written) >= when.seconds()
                    || when.steps() > 0 && position.steps() % when.steps() == 0;
        }

        /** So that no checkpoint is written that nobody can go on from. */
        private void requireFinite() {
            try (PointerScope _ = new PointerScope()) {
                boolean finite = Scopes.noGrad(() -> StateDict.of(network).values().stream()
                        .filter(Tensor::is_floating_point)
                        .allMatch(tensor -> Double.isFinite(tensor.sum().item_double())));
                if (!finite) {
                    throw diverged("the weights are");
                }
            }
        }

        private ArithmeticException diverged(String what) {
            return new ArithmeticException(
                    what + " no number any more at step " + (position.steps() + 1) + ", in epoch "
                            + position.epoch() + "; the last good checkpoint is kept in " + run.folder()
                            + ": start anew with a lower --lr, a longer --warmup, --clip-norm 1 or --precision fp32");
        }

        /** @return whether the test was not stopped */
        boolean test(Batches images) throws IOException {
            if (tally.images() == 0) {
                throw new IOException("none of the training images could be read");
            }
            Map<String, Double> tested = tested(images);
            if (tested.isEmpty()) {
                return false;
            }
            write(metrics(tested));
            return true;
        }

        /** Tests the weights, or their average where there is one, and keeps them if they are the best; nothing if stopped. */
        private Map<String, Double> tested(Batches images) throws IOException {
            swapAverage();
            try {
                Tally tested = Evaluation.of(network, images, task, recipe.mode(), stop);
                if (stop.getAsBoolean()) {
                    return Map.of();
                }
                if (tested.images() == 0) {
                    throw new IOException("none of the test images could be read");
                }
                double score = tested.values().get(task.best());
                if (position.scores(task).stream().allMatch(before -> score > before)) {
                    run.writeBest(network, position.epoch());
                }
                return tested.values();
            } finally {
                swapAverage();
            }
        }

        private void swapAverage() {
            if (average != null) {
                average.swap();
            }
        }

        private EpochMetrics metrics(Map<String, Double> tested) {
            double[] sorted = stepSeconds.stream().mapToDouble(Double::doubleValue).sorted().toArray();
            long steps = recipe.steps(batches);
            return new EpochMetrics(position.epoch(), tally.values(), tested,
                    recipe.learningRateAt(position.epoch() * steps - 1, steps, position.scores(task)),
                    position.seconds() + seconds(start) - trained, tally.images() / position.stepSeconds(),
                    position.waitSeconds(), position.waitSeconds() / position.stepSeconds(),
                    1000 * quantile(sorted, 0.5), 1000 * quantile(sorted, 0.99));
        }

        private void write(EpochMetrics metrics) throws IOException {
            run.writeLast(network, average == null ? Map.of() : average.state(), metrics.epoch());
            List<EpochMetrics> epochs = new ArrayList<>(position.epochs());
            epochs.add(metrics);
            run.writeMetrics(epochs);
            position = Position.after(epochs, position.steps(), task);
            keep();
            run.writeEvents(epochs);
            progress.epoch(metrics);
        }
    }

    private static double seconds(long start) {
        return (System.nanoTime() - start) / 1e9;
    }

    private static double quantile(double[] sorted, double share) {
        return sorted.length == 0 ? Double.NaN : sorted[(int) Math.ceil(share * sorted.length) - 1];
    }
}

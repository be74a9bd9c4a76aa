package dev.glimpse.system.racnn;

import dev.glimpse.Layer;
import dev.glimpse.glimpses.RaCnn;
import dev.glimpse.glimpses.RaCnn.Learner;
import dev.glimpse.glimpses.RaCnn.Sight;
import dev.glimpse.nn.Tensors;
import dev.glimpse.train.Mode;
import dev.glimpse.train.Recipe;
import dev.glimpse.train.RunConfig;
import dev.glimpse.train.Tally;
import dev.glimpse.train.Task;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * The classifiers learn to tell the classes apart, and the proposal networks to look where the next scale is surer.
 *
 * <pre>
 * L = sum over scales of cross entropy + that of the fused scores + {@link RaCnn#ranking}
 * </pre>
 *
 * The whole of it is reported in every step, whichever half learns. While the proposal networks are pre-trained, they learn
 * the box of half the view's side around the highest response of the last maps.
 */
final class RaCnnTask implements Task {
    private static final double HALF_SIDE = 0.25;

    private final RaCnnOptions options;
    private final int classes;
    private final int size;
    private final long accumulate;
    private final long stepsAnEpoch;

    RaCnnTask(RunConfig config) {
        Recipe recipe = config.recipe();
        if (!recipe.frozen().isEmpty()) {
            throw new IllegalArgumentException("racnn: --freeze cannot be; which half learns alternates");
        }
        options = RaCnnOptions.of(config);
        classes = config.classes().size();
        size = config.size();
        accumulate = recipe.accumulate();
        stepsAnEpoch = recipe.steps(Math.max(1, config.images().train() / recipe.batch()));
    }

    @Override
    public Outcome train(Layer network, Mode mode, Tensor input, Tensor target) {
        RaCnn racnn = (RaCnn) network;
        Learner half = options.learner(racnn.countBatch() / accumulate, stepsAnEpoch);
        racnn.learn(half);
        Tensor output = mode.forward(network, input);
        Sight sight = Sight.of(output, classes);
        Tensor classification = classification(sight, labels(target));
        Tensor ranking = ranking(sight, labels(target));
        Tensor astray = torch.smooth_l1_loss(sight.proposals(), highest(sight.peaks()));
        Tensor loss = switch (half) {
            case CLASSIFIERS -> classification.add(ranking.detach());
            case ATTENTION -> ranking.add(classification.detach()).add(gradientAlone(astray, options.anchor()));
            case EACH -> classification.add(ranking.detach()).add(gradientAlone(astray, 1));
        };
        return new Outcome(output, loss);
    }

    @Override
    public Outcome test(Layer network, Mode mode, Tensor input, Tensor target) {
        Tensor output = mode.forward(network, input);
        Sight sight = Sight.of(output, classes);
        return new Outcome(output,
                classification(sight, labels(target)).add(ranking(sight, labels(target))));
    }

    /** The classes (B), of a target that may have a mark's box behind each. */
    static Tensor labels(Tensor target) {
        return target.dim() == 1 ? target : target.select(1, 0);
    }

    private static Tensor classification(Sight sight, Tensor labels) {
        Tensor sum = torch.cross_entropy_loss(sight.fused(), labels);
        for (int i = 0; i < RaCnn.SCALES; i++) {
            sum = sum.add(torch.cross_entropy_loss(sight.scores().select(1, i), labels));
        }
        return sum;
    }

    private Tensor ranking(Sight sight, Tensor labels) {
        Tensor sure = options.logits() ? sight.scores() : sight.scores().softmax(2); // (B, 3, K)
        Tensor index = labels.view(-1, 1, 1).expand(-1, RaCnn.SCALES, 1);
        return RaCnn.ranking(sure.gather(2, index).squeeze(2), options.margin());
    }

    /** 0, with the gradient of a loss. */
    private static Tensor gradientAlone(Tensor loss, double weight) {
        return loss.sub(loss.detach()).mul(new Scalar(weight));
    }

    /** Boxes of half the view's side around the peaks, moved inside: (B, 2, 2) to (B, 2, 3). */
    private static Tensor highest(Tensor peaks) {
        Tensor centre = peaks.clamp_min(new Scalar(HALF_SIDE)).clamp_max(new Scalar(1 - HALF_SIDE));
        return Tensors.cat(2, centre, torch.full_like(centre.narrow(2, 0, 1), new Scalar(HALF_SIDE)));
    }

    @Override
    public Tally tally() {
        return new RaCnnTally(classes, size);
    }

    @Override
    public String best() {
        return RaCnnTally.ACCURACY;
    }
}

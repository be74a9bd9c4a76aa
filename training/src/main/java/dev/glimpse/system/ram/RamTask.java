package dev.glimpse.system.ram;

import dev.glimpse.Layer;
import dev.glimpse.glimpses.Ram;
import dev.glimpse.glimpses.Ram.Look;
import dev.glimpse.nn.Tensors;
import dev.glimpse.train.Classification;
import dev.glimpse.train.Mode;
import dev.glimpse.train.Regularisation;
import dev.glimpse.train.Tally;
import dev.glimpse.train.Task;
import java.util.List;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * To name the digit, and to look where that helps.
 *
 * <pre>
 * R    = 1 where the answer is right, else 0
 * loss = -log p(class) + mean_t (b_t - R)^2 - 0.01 sum_t (R - b_{t-1}) log p(l_t)
 * </pre>
 *
 * The last term is REINFORCE (Williams, Machine Learning 8, 1992): what came before a right answer becomes likelier, the
 * more so the less the answer was to be expected. No gradient flows through R and, in that term, through b.
 */
final class RamTask implements Task {
    private static final double REINFORCE = 0.01;

    private final Classification classification;

    /** Build it outside of pointer scopes. */
    RamTask(Regularisation regularisation) {
        classification = new Classification(regularisation);
    }

    @Override
    public Outcome train(Layer network, Mode mode, Tensor input, Tensor target) {
        Ram ram = (Ram) network;
        Look look = ram.look(input);
        Tensor labels = target.select(1, 0);
        Tensor loss = classification.loss(look.scores(), labels).add(chosen(look, labels));
        return new Outcome(RamTally.output(look.scores(), covered(ram, look, input, target)), loss);
    }

    /** What teaches baseline and locator. */
    static Tensor chosen(Look look, Tensor labels) {
        Tensor reward = Tensors.argmax(look.scores(), 1).eq(labels).to(ScalarType.Float).expand_as(look.baselines());
        Tensor unexpected = reward.sub(look.baselines()).detach().narrow(0, 0, look.densities().size(0)); // (T - 1, B)
        Tensor reinforce = look.densities().mul(unexpected).sum(0).mean();
        return torch.mse_loss(look.baselines(), reward).sub(reinforce.mul(new Scalar(REINFORCE)));
    }

    @Override
    public Outcome test(Layer network, Mode mode, Tensor input, Tensor target) {
        Ram ram = (Ram) network;
        List<Look> looks = ram.looks(input);
        Tensor scores = Ram.mean(looks);
        Tensor covered = Tensors.stack(0,
                looks.stream().map(look -> covered(ram, look, input, target)).toArray(Tensor[]::new));
        return new Outcome(RamTally.output(scores, Tensors.mean(covered, 0).squeeze(0)),
                classification.testLoss(scores, target.select(1, 0)));
    }

    /** Whether the centre of the digit's ink is in the last glimpse's sharpest patch, (B). */
    private static Tensor covered(Ram ram, Look look, Tensor images, Tensor target) {
        Tensor box = target.to(ScalarType.Float); // class, left, top, right, bottom
        Tensor centre = box.narrow(1, 1, 2).add(box.narrow(1, 3, 2)).mul(new Scalar(0.5)); // (B, 2)
        return ram.config().retina().covers(look.locations().getLast(), centre, images.size(3), images.size(2));
    }

    @Override
    public Tally tally() {
        return new RamTally();
    }

    @Override
    public String best() {
        return "accuracy";
    }
}

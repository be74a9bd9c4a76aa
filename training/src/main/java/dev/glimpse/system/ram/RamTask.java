package dev.glimpse.system.ram;

import dev.glimpse.Layer;
import dev.glimpse.glimpses.Ram;
import dev.glimpse.glimpses.Ram.Look;
import dev.glimpse.glimpses.Retina;
import dev.glimpse.nn.Tensors;
import dev.glimpse.train.Classification;
import dev.glimpse.train.Mode;
import dev.glimpse.train.Regularisation;
import dev.glimpse.train.Tally;
import dev.glimpse.train.Task;
import java.util.ArrayList;
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
        return new Outcome(output(ram, look.scores(), List.of(look), input, target), loss);
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
        return new Outcome(output(ram, scores, looks, input, target),
                classification.testLoss(scores, target.select(1, 0)));
    }

    private static Tensor output(Ram ram, Tensor scores, List<Look> looks, Tensor images, Tensor target) {
        Retina retina = ram.config().retina();
        Tensor box = target.to(ScalarType.Float); // class, left, top, right, bottom
        Tensor from = box.narrow(1, 1, 2);
        Tensor to = box.narrow(1, 3, 2);
        Tensor middle = from.add(to).mul(new Scalar(0.5)); // (B, 2)
        List<Tensor> covered = new ArrayList<>();
        List<Tensor> on = new ArrayList<>();
        for (Look look : looks) {
            Tensor last = look.locations().getLast();
            covered.add(retina.covers(last, middle, images.size(3), images.size(2)));
            Tensor centre = retina.centres(last, images.size(3), images.size(2));
            on.add(centre.ge(from).logical_and(centre.lt(to)).all(1).to(ScalarType.Float));
        }
        return RamTally.output(scores, mean(covered), mean(on));
    }

    private static Tensor mean(List<Tensor> each) {
        return Tensors.mean(Tensors.stack(0, each.toArray(Tensor[]::new)), 0).squeeze(0);
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

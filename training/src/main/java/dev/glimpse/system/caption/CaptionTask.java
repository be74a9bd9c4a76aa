package dev.glimpse.system.caption;

import dev.glimpse.Layer;
import dev.glimpse.nn.Tensors;
import dev.glimpse.sequence.BeamSearch;
import dev.glimpse.sequence.CaptionDecoder;
import dev.glimpse.sequence.Gaze;
import dev.glimpse.sequence.Vocabulary;
import dev.glimpse.system.caption.CaptionConfig.Kind;
import dev.glimpse.train.Mode;
import dev.glimpse.train.RunConfig;
import dev.glimpse.train.Tally;
import dev.glimpse.train.Task;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * To say captions: cross entropy of the words, and what teaches the attention.
 *
 * <pre>
 * soft   sum_i cost_i / words + penalty * coverage
 * hard  (sum_i cost_i + reinforce * comparison + entropy * certainty) / words           see {@link CaptionLoss}
 *        a cost is the mean of the draws'; with one draw it is reinforce in place of comparison
 * </pre>
 *
 * A test tells the cross entropy of each picture's first caption, and says captions of its own, greedily.
 */
final class CaptionTask implements Task {
    private final CaptionConfig config;
    private final Vocabulary words;
    private final boolean things;
    private final int side;

    CaptionTask(RunConfig run) {
        config = CaptionConfig.of(run);
        words = CaptionConfig.vocabulary(run);
        things = CaptionSystem.generated(run.data());
        side = run.size();
    }

    /** What was to be said of a batch's pictures. */
    private record Captions(Tensor heard, Tensor next, Tensor spoken) {
        /** The first caption of each, as long as the longest. */
        static Captions of(Tensor target, long vocabulary) {
            Tensor all = target.select(1, 0); // (B, T)
            Tensor known = all.masked_fill(all.ge(new Scalar(vocabulary)), new Scalar(Vocabulary.UNKNOWN));
            long longest = all.ne(new Scalar(Vocabulary.PAD)).sum(1).max().item().toLong();
            Tensor heard = known.narrow(1, 0, longest);
            Tensor next = known.narrow(1, 1, longest - 1);
            return new Captions(heard, next, next.ne(new Scalar(Vocabulary.PAD)).to(ScalarType.Float));
        }
    }

    @Override
    public Outcome train(Layer network, Mode mode, Tensor input, Tensor target) {
        CaptionNetwork model = (CaptionNetwork) network;
        Captions captions = Captions.of(target, words.size());
        Tensor places = mode.forward(network, input);
        return config.kind() == Kind.SOFT ? soft(model, places, captions) : hard(model, places, captions);
    }

    private Outcome soft(CaptionNetwork model, Tensor places, Captions captions) {
        CaptionDecoder.Result said = model.decoder().forward(places, captions.heard, captions.spoken, Gaze.SOFT);
        Tensor costs = CaptionLoss.costs(said.scores(), captions.next, captions.spoken);
        Tensor coverage = CaptionLoss.coverage(said.weights()).mul(new Scalar(config.penalty()));
        return new Outcome(costs.unsqueeze(1), costs.sum().div(captions.spoken.sum()).add(coverage));
    }

    private Outcome hard(CaptionNetwork model, Tensor places, Captions captions) {
        int draws = config.draws();
        Tensor drawn = torch.rand(places.size(0), 1).ge(new Scalar(config.mean())).to(ScalarType.Float);
        CaptionDecoder.Result said = model.decoder().drawing(places, captions.heard, captions.spoken,
                Gaze.sampled(Tensors.repeated(drawn, draws)), draws);
        Tensor words = CaptionLoss.wordCosts(said.scores(), Tensors.repeated(captions.next, draws),
                Tensors.repeated(captions.spoken, draws)).unflatten(0, new long[]{-1, draws}); // (B, D, T)
        Tensor costs = Tensors.mean(words, 1).squeeze(1).sum(1); // (B)
        Tensor taught = draws == 1 ? whole(model, costs, captions, said, drawn)
                : CaptionLoss.comparison(words, said.weights(), said.taken().unflatten(0, new long[]{-1, draws}));
        Tensor certainty = CaptionLoss.certainty(said.weights()).mul(new Scalar(config.entropy()));
        Tensor loss = costs.sum().add(taught.mul(new Scalar(config.reinforce()))).add(certainty)
                .div(captions.spoken.sum());
        return new Outcome(costs.unsqueeze(1), loss);
    }

    /** The authors' way: the only draw is judged by the whole caption, beside what captions usually cost. */
    private static Tensor whole(CaptionNetwork model, Tensor costs, Captions captions, CaptionDecoder.Result said,
            Tensor drawn) {
        Tensor usual = model.baseline().mul(captions.spoken.sum(1)); // (B)
        Tensor reinforce = CaptionLoss.reinforce(costs, usual, said.weights(), said.taken(), drawn);
        model.average(costs.detach().sum().div(captions.spoken.sum()));
        return reinforce;
    }

    @Override
    public Outcome test(Layer network, Mode mode, Tensor input, Tensor target) {
        CaptionNetwork model = (CaptionNetwork) network;
        Captions captions = Captions.of(target, words.size());
        Tensor places = mode.forward(network, input);
        CaptionDecoder.Result heard =
                model.decoder().forward(places, captions.heard, captions.spoken, model.gaze());
        Tensor costs = CaptionLoss.costs(heard.scores(), captions.next, captions.spoken);
        Captioner.Said said = Captioner.say(model, places, BeamSearch.greedy(Math.toIntExact(target.size(2))));
        Tensor output = Tensors.cat(1, costs.unsqueeze(1), said.packed());
        return new Outcome(output, costs.sum().div(captions.spoken.sum()));
    }

    @Override
    public Tally tally() {
        return new CaptionTally(words, things, config.kind(), side);
    }

    @Override
    public String best() {
        return "bleu";
    }
}

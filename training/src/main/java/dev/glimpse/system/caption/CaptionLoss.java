package dev.glimpse.system.caption;

import dev.glimpse.nn.Tensors;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;

/**
 * How wrong captions are, and how attention is taught.
 *
 * <pre>
 * cost_it       = -log p(word_it)                                          of word t of picture i; cost_i the caption's
 * coverage      = mean_i,n (1 - sum_t w_itn)^2                             soft: each place is to be looked at once in all
 * reinforce     = sum_i (cost_i - b_i) sum_t log w_it(drawn place)           hard: what cost more than usual is drawn less
 * comparison    = 1/D sum_i,t,d (cost_itd - b_itd) log w_it(place d)         hard: of D draws before a word, b the mean of the others
 * certainty     = sum_i,t,n w_itn log w_itn                                hard: negative entropy
 * </pre>
 *
 * Xu et al., ICML 2015, sections 4.1 and 4.2.1; the mean of coverage as in sgrvinod's code.
 */
final class CaptionLoss {
    private static final double LEAST = 1e-12; // of a weight whose logarithm is taken

    private CaptionLoss() {}

    /**
     * What each picture's caption costs: (B).
     *
     * @param scores (B, T, vocab)
     * @param next (B, T) the words that were to be said
     * @param spoken (B, T), 0 behind a caption's end
     */
    static Tensor costs(Tensor scores, Tensor next, Tensor spoken) {
        return wordCosts(scores, next, spoken).sum(1);
    }

    /** What each word costs: (B, T). */
    static Tensor wordCosts(Tensor scores, Tensor next, Tensor spoken) {
        return scores.log_softmax(2).gather(2, next.unsqueeze(2)).squeeze(2).mul(spoken).mul(new Scalar(-1.0));
    }

    /** @param weights (B, T, N), 0 behind a caption's end */
    static Tensor coverage(Tensor weights) {
        return weights.sum(1).mul(new Scalar(-1.0)).add(new Scalar(1.0)).square().mean();
    }

    /**
     * Gradients flow to the weights alone.
     *
     * @param costs (B)
     * @param usual (B), what such captions cost
     * @param weights (B, T, N)
     * @param taken (B, T, N), 1 at the place that was drawn
     * @param drawn (B, 1), 1 for the pictures of which a place was drawn
     */
    static Tensor reinforce(Tensor costs, Tensor usual, Tensor weights, Tensor taken, Tensor drawn) {
        Tensor logs = taken.detach().mul(log(weights)).sum(2).sum(1); // (B)
        Tensor worse = costs.detach().sub(usual.detach());
        return worse.mul(logs).mul(drawn.squeeze(1)).sum();
    }

    /**
     * REINFORCE where several places were drawn before a word from the same state: each is judged by that word alone, beside
     * the mean of the others. Where it makes no difference what was seen, nothing is learned. Without bias for what a word is
     * expected to cost, given what was seen before. Gradients flow to the weights alone.
     *
     * @param costs (B, D, T), of at least two draws; where all cost the same, what was taken counts nothing
     * @param weights (B, T, N)
     * @param taken (B, D, T, N), 1 at the place that was drawn
     */
    static Tensor comparison(Tensor costs, Tensor weights, Tensor taken) {
        long draws = costs.size(1);
        Tensor mean = Tensors.mean(costs.detach(), 1); // (B, 1, T)
        Tensor worse = costs.detach().sub(mean).mul(new Scalar(1.0 / (draws - 1))); // from the others' mean it is D / (D - 1) as far
        Tensor logs = taken.detach().mul(log(weights).unsqueeze(1)).sum(3); // (B, D, T)
        return worse.mul(logs).sum();
    }

    /** @param weights (B, T, N) */
    static Tensor certainty(Tensor weights) {
        return weights.mul(log(weights)).sum();
    }

    private static Tensor log(Tensor weights) {
        return weights.clamp_min(new Scalar(LEAST)).log();
    }
}

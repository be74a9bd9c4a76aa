package dev.glimpse.train.loss;

import java.util.List;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;

/** Several losses, each times a factor, added up. */
public record WeightedSum(List<Term> terms) implements Loss {
    /** @param factor finite and above 0 */
    public record Term(double factor, Loss loss) {
        public Term {
            if (!(factor > 0 && factor < Double.POSITIVE_INFINITY)) {
                throw new IllegalArgumentException("a loss's factor is " + factor + ", must be above 0");
            }
        }
    }

    public WeightedSum {
        terms = List.copyOf(terms);
        if (terms.isEmpty()) {
            throw new IllegalArgumentException("a sum of no losses");
        }
    }

    @Override
    public Tensor of(Tensor scores, Tensor target) {
        Tensor sum = null;
        for (Term term : terms) {
            Tensor loss = term.loss.of(scores, target).mul(new Scalar(term.factor));
            sum = sum == null ? loss : sum.add(loss);
        }
        return sum;
    }
}

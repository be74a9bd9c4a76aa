package dev.glimpse.system.translation;

import dev.glimpse.Layer;
import dev.glimpse.nn.Tensors;
import dev.glimpse.sequence.BeamSearch;
import dev.glimpse.sequence.BleuCounts;
import dev.glimpse.sequence.Tokeniser;
import dev.glimpse.sequence.Vocabulary;
import dev.glimpse.train.Mode;
import dev.glimpse.train.Tally;
import dev.glimpse.train.Task;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;

/**
 * Saying the next word of a translation, told the words before it; in tests all of it, by itself and greedily.
 *
 * <pre>
 * loss = mean over words of -(1 - e) log p(word) - e mean log p         e: the label smoothing, 0 in tests
 * </pre>
 *
 * The test's BLEU compares with references of known words alone: in the place of one that is not known stands a sign that no
 * translation has. {@link TranslationScore} compares with what is written.
 */
final class TranslationTask implements Task {
    static final String BLEU = "bleu";

    private static final String NEVER_SAID = "\ufffd";

    private final double smoothing;
    private final Vocabulary words;
    private final int longest;

    /** @param longest words of a sentence with its marks */
    TranslationTask(double smoothing, Vocabulary words, int longest) {
        this.smoothing = smoothing;
        this.words = words;
        this.longest = longest;
    }

    @Override
    public Outcome train(Layer network, Mode mode, Tensor input, Tensor target) {
        Tensor logs = mode.forward(network, input).log_softmax(-1); // (N, words)
        Tensor own = logs.gather(1, target.unsqueeze(1)).squeeze(1); // (N)
        Tensor plain = own.mean().neg();
        Tensor loss = smoothing == 0 ? plain
                : plain.mul(new Scalar(1 - smoothing)).sub(logs.mean().mul(new Scalar(smoothing)));
        return new Outcome(counts(logs, own, input, null), loss);
    }

    @Override
    public Outcome test(Layer network, Mode mode, Tensor input, Tensor target) {
        Tensor logs = mode.forward(network, input).log_softmax(-1);
        Tensor own = logs.gather(1, target.unsqueeze(1)).squeeze(1);
        Tensor source = Translator.source(input);
        List<BeamSearch.Said> said = BeamSearch.greedy(roomFor(source.size(1), longest))
                .run(((Translator) network).model().decode(source), Math.toIntExact(source.size(0)));
        List<List<String>> references = references(Tensors.toLongs(target));
        BleuCounts bleu = new BleuCounts();
        for (int i = 0; i < said.size(); i++) {
            bleu.add(Tokeniser.join(words.decode(said.get(i).words())), List.of(Tokeniser.join(references.get(i))));
        }
        return new Outcome(counts(logs, own, input, bleu.state()), own.mean().neg());
    }

    /** How long a translation may get, its end included: long enough, and no longer than the model's sentences. */
    static int roomFor(long sourceWords, int longest) {
        return (int) Math.min(longest - 1L, 2 * sourceWords + 10);
    }

    /** What the tally takes of scores (N, words) of what was to be said. */
    static Tensor counted(Tensor scores, Tensor input, Tensor target) {
        Tensor logs = scores.log_softmax(-1);
        return counts(logs, logs.gather(1, target.unsqueeze(1)).squeeze(1), input, null);
    }

    private static Tensor counts(Tensor logs, Tensor own, Tensor input, long[] bleu) {
        Tensor highest = Tensors.amax(logs.detach(), -1).squeeze(-1);
        long correct = own.detach().ge(highest).sum().item().toLong();
        return TranslationTally.counts(-own.detach().sum().item().toDouble(), own.size(0), correct, input.size(0),
                bleu);
    }

    /** Cut where a sentence ends. */
    private List<List<String>> references(long[] target) {
        List<List<String>> references = new ArrayList<>();
        int from = 0;
        for (int i = 0; i < target.length; i++) {
            if (target[i] == Vocabulary.END) {
                List<String> tokens = new ArrayList<>();
                Arrays.stream(target, from, i).forEach(word -> tokens
                        .add(word == Vocabulary.UNKNOWN ? NEVER_SAID : words.words().get(Math.toIntExact(word))));
                references.add(tokens);
                from = i + 1;
            }
        }
        return references;
    }

    @Override
    public Tally tally() {
        return new TranslationTally();
    }

    @Override
    public String best() {
        return BLEU;
    }
}

package dev.glimpse.system.translation;

import dev.glimpse.Layer;
import dev.glimpse.attention.AttentionMaps;
import dev.glimpse.attention.AttentionMaps.AttentionMap;
import dev.glimpse.data.Image;
import dev.glimpse.explain.WordMap;
import dev.glimpse.explain.WordMapSheet;
import dev.glimpse.nn.Scopes;
import dev.glimpse.nn.Tensors;
import dev.glimpse.sequence.BeamSearch;
import dev.glimpse.sequence.Tokeniser;
import dev.glimpse.sequence.TranslationModel;
import dev.glimpse.sequence.Vocabulary;
import dev.glimpse.train.RunConfig;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;

/** Translates sentences as they are written by a trained model, and shows which words it looked at. */
public final class SentenceTranslator {
    /** Wu et al. 2016, as Vaswani et al. 2017 have it; of no effect on greedy search. */
    private static final double LENGTH_PENALTY = 0.6;
    private static final int BEGINNINGS = 128; // that are gone on with at a time

    private final TranslationModel model;
    private final Vocabulary from;
    private final Vocabulary to;
    private final TextOptions options;

    private SentenceTranslator(TranslationModel model, Vocabulary from, Vocabulary to, TextOptions options) {
        this.model = model;
        this.from = from;
        this.to = to;
        this.options = options;
    }

    /** Whether a system's run is one that translates. */
    public static boolean canUse(RunConfig config) {
        return config.system() instanceof TranslationSystem;
    }

    /**
     * Of a run.
     *
     * @param network in eval mode
     * @throws IllegalArgumentException where it is no run of a translation
     */
    public static SentenceTranslator of(Layer network, RunConfig config) {
        if (!(config.system() instanceof TranslationSystem system) || !(network instanceof Translator translator)) {
            throw new IllegalArgumentException("'" + config.model() + "' does not translate");
        }
        return new SentenceTranslator(translator.model(),
                TranslationSystem.vocabulary(config, TranslationSystem.SOURCE),
                TranslationSystem.vocabulary(config, TranslationSystem.TARGET), system.options(config.args()));
    }

    /**
     * A sentence and what the model made of it.
     *
     * @param score the logarithm of its probability, by its length: see {@link BeamSearch}
     * @param source tokens, without marks
     * @param target likewise
     * @param unknown words of the source that the model does not know, each once
     */
    public record Translation(String sentence, String text, double score, List<String> source, List<String> target,
            List<String> unknown) {}

    TranslationModel model() {
        return model;
    }

    Vocabulary from() {
        return from;
    }

    Vocabulary to() {
        return to;
    }

    TextOptions options() {
        return options;
    }

    /** Why a sentence cannot be translated, if it cannot. */
    public Optional<String> refusal(String sentence) {
        int words = TextOptions.marked(options.tokeniser().tokens(sentence).size());
        if (words == TextOptions.marked(0)) {
            return Optional.of("no sentence: it has no word");
        }
        return words <= options.longest() ? Optional.empty()
                : Optional.of("a sentence of " + words + " words with the marks of beginning and end; this model reads "
                        + options.longest());
    }

    /**
     * Translates sentences that nothing speaks against.
     *
     * @param beams 1 for greedy
     * @return in their order
     */
    public List<Translation> translate(List<String> sentences, int beams) {
        List<List<String>> tokens = sentences.stream().map(options.tokeniser()::tokens).toList();
        Integer[] order = IntStream.range(0, sentences.size()).boxed()
                .sorted(Comparator.comparingInt(i -> tokens.get(i).size())).toArray(Integer[]::new);
        Translation[] translations = new Translation[order.length];
        int at = 0;
        int room = Math.max(1, BEGINNINGS / beams);
        while (at < order.length) {
            List<Integer> some = List.of(order).subList(at, Math.min(order.length, at + room));
            List<BeamSearch.Said> said = said(some.stream().map(tokens::get).toList(), beams);
            for (int i = 0; i < said.size(); i++) {
                int index = some.get(i);
                translations[index] = translation(sentences.get(index), tokens.get(index), said.get(i));
            }
            at += some.size();
        }
        return List.of(translations);
    }

    private List<BeamSearch.Said> said(List<List<String>> sentences, int beams) {
        try (PointerScope _ = new PointerScope()) {
            Tensor source = padded(Sentences.encoded(sentences, from));
            BeamSearch search = new BeamSearch(beams, beams == 1 ? 0 : LENGTH_PENALTY,
                    TranslationTask.roomFor(source.size(1), options.longest()));
            return Scopes.noGrad(() -> search.run(model.decode(source), sentences.size()));
        }
    }

    private static Tensor padded(long[][] rows) {
        int width = Arrays.stream(rows).mapToInt(row -> row.length).max().orElseThrow();
        long[] all = new long[rows.length * width];
        Arrays.fill(all, Vocabulary.PAD);
        for (int i = 0; i < rows.length; i++) {
            System.arraycopy(rows[i], 0, all, i * width, rows[i].length);
        }
        return Tensors.of(all, rows.length, width);
    }

    private Translation translation(String sentence, List<String> tokens, BeamSearch.Said said) {
        List<String> target = to.decode(said.words());
        long[] numbers = from.encode(tokens);
        List<String> unknown = IntStream.range(0, tokens.size())
                .filter(i -> numbers[i + 1] == Vocabulary.UNKNOWN).mapToObj(i -> bare(tokens.get(i))).distinct()
                .toList();
        return new Translation(sentence, Tokeniser.join(target), said.score(), tokens, target, unknown);
    }

    /** Without the mark that no space stood before it. */
    private static String bare(String token) {
        return Tokeniser.join(List.of(token));
    }

    /**
     * Where the model looked while it said a translation, part by part, and in each part head by head. The rows of the
     * decoder's parts are the words that it said next.
     */
    public List<List<WordMap>> maps(Translation translation) {
        try (PointerScope _ = new PointerScope()) {
            long[] said = to.encode(translation.target());
            Tensor source = padded(new long[][]{from.encode(translation.source())});
            Tensor target = padded(new long[][]{Arrays.copyOf(said, said.length - 1)});
            List<AttentionMap> shown = Scopes.noGrad(() -> AttentionMaps.during(() -> model.states(source, target)));
            List<String> read = words("<s>", translation.source(), "</s>");
            List<String> next = words(null, translation.target(), "</s>");
            List<String> before = words("<s>", translation.target(), null);
            return new AttendedWords(read, before, next).maps(shown);
        }
    }

    private static List<String> words(String begin, List<String> tokens, String end) {
        List<String> words = new ArrayList<>();
        if (begin != null) {
            words.add(begin);
        }
        tokens.forEach(token -> words.add(bare(token)));
        if (end != null) {
            words.add(end);
        }
        return words;
    }

    /** The last part's maps, which look at the source, as their mean: one picture. */
    Image summary(Translation translation) {
        List<WordMap> heads = maps(translation).getLast();
        float[] mean = new float[heads.getFirst().weights().length];
        for (WordMap head : heads) {
            for (int i = 0; i < mean.length; i++) {
                mean[i] += head.weights()[i] / heads.size();
            }
        }
        WordMap first = heads.getFirst();
        return WordMapSheet.draw(List.of(List.of(new WordMap("", first.rows(), first.columns(), mean))));
    }
}

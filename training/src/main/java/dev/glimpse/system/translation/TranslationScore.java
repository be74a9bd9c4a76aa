package dev.glimpse.system.translation;

import dev.glimpse.data.Batch;
import dev.glimpse.data.Batches;
import dev.glimpse.nn.Scopes;
import dev.glimpse.sequence.Bleu;
import dev.glimpse.sequence.BleuCounts;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;

/**
 * How well a model translates sentences that it has not seen.
 *
 * @param sentences how many
 * @param words of the translations that were to be said, ends included
 * @param perplexity of a word, told those before it
 * @param accuracy share of words that had the highest score
 * @param bleu against the translations as they are written
 * @param signature how BLEU was computed, as sacreBLEU says it
 */
public record TranslationScore(int sentences, long words, double perplexity, double accuracy, Bleu bleu,
        String signature) {
    private static final int WORDS_A_BATCH = 2000;

    /**
     * Translates {@code set} in a folder, and compares.
     *
     * @param beams 1 for greedy
     * @throws IOException in one line where it cannot be read
     */
    public static TranslationScore of(SentenceTranslator translator, Path folder, String set, int beams)
            throws IOException {
        TextOptions options = translator.options();
        Sentences tested = Sentences.read(folder, set, options);
        TranslationTally told = told(translator, tested);
        BleuCounts counts = new BleuCounts();
        List<SentenceTranslator.Translation> said = translator.translate(tested.text().source(), beams);
        IntStream.range(0, said.size()).forEach(i -> {
            String reference = tested.text().target().get(i);
            counts.add(said.get(i).text(),
                    List.of(options.lower() ? reference.toLowerCase(Locale.ROOT) : reference));
        });
        return new TranslationScore(tested.size(), told.words(), told.values().get("perplexity"),
                told.values().get("accuracy"), counts.bleu(),
                "nrefs:1|case:" + (options.lower() ? "lc" : "mixed") + "|eff:no|tok:13a|smooth:exp|beam:" + beams);
    }

    private static TranslationTally told(SentenceTranslator translator, Sentences tested) {
        long[][] source = Sentences.encoded(tested.source(), translator.from());
        long[][] target = Sentences.encoded(tested.target(), translator.to());
        int longest = IntStream.of(Sentences.lengths(source, target)).max().orElseThrow();
        TranslationTally tally = new TranslationTally();
        try (Batches batches = new SentenceBatches(source, target, Math.max(WORDS_A_BATCH, longest), 0, false);
                Batches.Pass pass = batches.epoch(0, 0)) {
            while (pass.hasNext()) {
                try (Batch batch = pass.next(); PointerScope _ = new PointerScope()) {
                    Tensor counts = Scopes.noGrad(() -> TranslationTask.counted(
                            Translator.scores(translator.model(), batch.images()), batch.images(), batch.labels()));
                    tally.add(counts, batch.labels(), 0);
                }
            }
        }
        return tally;
    }
}

package dev.glimpse.system.translation;

import dev.glimpse.data.Batches;
import dev.glimpse.sequence.Vocabulary;
import dev.glimpse.train.Material;
import dev.glimpse.train.RunConfig;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;

/** A folder of sentences in two languages: {@code train.*} to learn from, {@code val.*} to test on after each epoch. */
final class TranslationMaterial implements Material {
    private static final String TRAINING = "train";
    private static final String VALIDATION = "val";

    private final Sentences training;
    private final Sentences validation;

    private TranslationMaterial(Sentences training, Sentences validation) {
        this.training = training;
        this.validation = validation;
    }

    static TranslationMaterial read(Path folder, TextOptions options) throws IOException {
        return new TranslationMaterial(Sentences.read(folder, TRAINING, options),
                Sentences.read(folder, VALIDATION, options));
    }

    Sentences learned() {
        return training;
    }

    Sentences tested() {
        return validation;
    }

    @Override
    public int trainingImages() {
        return training.size();
    }

    @Override
    public RunConfig.Images identity() {
        return Material.identity(training.size(), validation.size(), i -> name(training, i), i -> name(validation, i));
    }

    private static String name(Sentences sentences, int i) {
        return sentences.text().source().get(i) + "\t" + sentences.text().target().get(i);
    }

    @Override
    public Batches training(RunConfig config, int workers) {
        return batches(training, config, true);
    }

    @Override
    public Batches test(RunConfig config, int workers) {
        return batches(validation, config, false);
    }

    /** A batch has as many words as its number of training sentences has on average, and room for the longest. */
    private SentenceBatches batches(Sentences sentences, RunConfig config, boolean shuffled) {
        Vocabulary from = new Vocabulary(config.words().get(TranslationSystem.SOURCE));
        Vocabulary to = new Vocabulary(config.words().get(TranslationSystem.TARGET));
        int[] learned = lengths(training, from, to);
        int[] own = lengths(sentences, from, to);
        double mean = Arrays.stream(learned).average().orElseThrow();
        int most = (int) Math.ceil(Math.min(Integer.MAX_VALUE, config.recipe().batch() * mean));
        return new SentenceBatches(Sentences.encoded(sentences.source(), from),
                Sentences.encoded(sentences.target(), to),
                Math.max(most, Arrays.stream(own).max().orElseThrow()), config.recipe().seed(), shuffled);
    }

    private static int[] lengths(Sentences sentences, Vocabulary from, Vocabulary to) {
        return Sentences.lengths(Sentences.encoded(sentences.source(), from),
                Sentences.encoded(sentences.target(), to));
    }
}

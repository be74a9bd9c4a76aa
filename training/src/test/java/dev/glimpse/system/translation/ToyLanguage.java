package dev.glimpse.system.translation;

import dev.glimpse.system.SystemTraining;
import dev.glimpse.train.Mode;
import dev.glimpse.train.OptimizerSettings;
import dev.glimpse.train.Recipe;
import dev.glimpse.train.Regularisation;
import dev.glimpse.train.RunConfig;
import dev.glimpse.train.Schedule;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/** Sentences of a language whose translation has the same words in another spelling and in reverse order. */
final class ToyLanguage {
    private static final int WORDS = 8;

    private ToyLanguage() {}

    static Path write(Path folder, int training) throws IOException {
        Files.createDirectories(folder);
        sentences(folder, "train", training, 1);
        sentences(folder, "val", 40, 2);
        sentences(folder, "test_2016_flickr", 40, 3);
        return folder;
    }

    private static void sentences(Path folder, String set, int count, long seed) throws IOException {
        SplittableRandom random = new SplittableRandom(seed);
        List<String> source = new ArrayList<>();
        List<String> target = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            int[] words = random.ints(random.nextInt(2, 6), 0, WORDS).toArray();
            source.add(String.join(" ", IntStream.of(words).mapToObj(word -> "a" + letter(word)).toList()));
            target.add(String.join(" ", IntStream.range(0, words.length)
                    .mapToObj(k -> "b" + letter(words[words.length - 1 - k])).toList()));
        }
        Files.write(folder.resolve(set + ".de"), source);
        Files.write(folder.resolve(set + ".en"), target);
    }

    private static char letter(int word) {
        return (char) ('a' + word);
    }

    /** A run's configuration as the command line makes it. */
    static RunConfig config(String model, Path data, int epochs, double smoothing)
            throws IOException {
        Recipe recipe = new Recipe(epochs, 32, 1, OptimizerSettings.parse("adam", 0.005, 0),
                Schedule.parse("cosine", 0.5), new Regularisation(smoothing, List.of(), 1, 0, 0), List.of(), Mode.PLAIN,
                0, 3, 1);
        return SystemTraining.config(data.toString(), model, recipe);
    }

    static final Map<String, String> SMALL = Map.of("seq2seq",
            "seq2seq:emb_dim=16,enc_hid_dim=24,dec_hid_dim=32,maxout=32,dropout=0.05", "transformer",
            "transformer:d_model=32,d_inner=64,n_layers=2,n_head=4,dropout=0.05");
}

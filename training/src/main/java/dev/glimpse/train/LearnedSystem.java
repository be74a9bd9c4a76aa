package dev.glimpse.train;

import dev.glimpse.Layer;
import dev.glimpse.attention.Args;
import dev.glimpse.data.Image;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.ServiceLoader;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;

/**
 * A model with data of its own and its own way to learn, trained by the {@link Trainer} as networks are: {@code --model}
 * calls it by its name.
 *
 * <p>
 * Systems are found by Java's {@link ServiceLoader}, so that the trainer knows none of them.
 */
public interface LearnedSystem {
    /** What a user types. */
    String name();

    /** The options of {@code glimpse train} that it takes where a user does not say otherwise, as they are typed. */
    Map<String, String> usual();

    /**
     * What a new run is trained on.
     *
     * @param data where it is, in a form that does not depend on the working directory
     * @param classes what it tells apart, if that is what it does, else none
     * @param words vocabularies by what they are of, in the order of the words' numbers, else none
     * @param size side of the images it is fed, 0 for none
     * @param mean per channel, red, green, blue in 0 to 1
     * @param std per channel
     */
    record Prepared(String data, Material material, List<String> classes, Map<String, List<String>> words, int size,
            float[] mean, float[] std) {
        /** Of what is no image. */
        public static Prepared text(String data, Material material, Map<String, List<String>> words) {
            return new Prepared(data, material, List.of(), words, 0, new float[3], new float[]{1, 1, 1});
        }
    }

    /**
     * Reads or generates the data of a new run.
     *
     * @param data as it was typed
     * @param args the model's, as they were typed
     * @throws IllegalArgumentException in one line where an argument is wrong
     * @throws IOException in one line where the data cannot be read
     */
    Prepared prepare(String data, Args args) throws IOException;

    /** Reads or generates a run's data again. */
    Material material(String data, RunConfig config) throws IOException;

    /**
     * The model with initial weights. Call it outside of pointer scopes.
     *
     * @throws IllegalArgumentException in one line where an argument is wrong or unknown
     */
    Layer network(RunConfig config);

    /** What it learns. Build it outside of pointer scopes. */
    Task task(RunConfig config);

    /**
     * An example, looked at.
     *
     * @param answer what the model made of it
     * @param truth what it should have; null where that goes without saying
     * @param facts what a program is to know of the answer, by the names that JSON gives it; empty where nobody asks
     * @param pictures by title
     */
    record Example(String name, String answer, String truth, Map<String, Object> facts, Map<String, Image> pictures) {
        /** An answer that is said in a text. */
        public Example(String name, String answer, String truth, Map<String, Image> pictures) {
            this(name, answer, truth, Map.of(), pictures);
        }

        /**
         * One of several classes.
         *
         * @param facts of it, beside the class and its probability
         */
        public static Example ofClass(String name, String answer, double probability, String truth,
                Map<String, Object> facts, Map<String, Image> pictures) {
            Map<String, Object> all = new LinkedHashMap<>();
            all.put("answer", answer);
            all.put("probability", probability);
            all.putAll(facts);
            return new Example(name, String.format(Locale.ROOT, "%s %.1f %%", answer, 100 * probability), truth, all,
                    pictures);
        }
    }

    /**
     * What a trained model does on some test examples, drawn for people.
     *
     * @param network in eval mode
     * @param stop asked now and then; once true, the rest is left out
     */
    List<Example> examples(Layer network, RunConfig config, Material material, BooleanSupplier stop) throws IOException;

    /** The system of a name, where there is one. */
    static Optional<LearnedSystem> named(String name) {
        return all().filter(system -> system.name().equals(name)).findFirst();
    }

    /** What all of them are called. */
    static List<String> names() {
        return all().map(LearnedSystem::name).sorted().toList();
    }

    private static Stream<LearnedSystem> all() {
        return ServiceLoader.load(LearnedSystem.class).stream().map(ServiceLoader.Provider::get);
    }
}

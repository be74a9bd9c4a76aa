package dev.glimpse.train;

import dev.glimpse.Layer;
import dev.glimpse.attention.Args;
import dev.glimpse.data.Augmentation;
import dev.glimpse.model.Networks;
import java.util.List;
import java.util.Map;

/**
 * All that is needed to build a run's network again, to feed it and to train it on: {@code config.json}.
 *
 * @param format of this file; see {@link #FORMAT}
 * @param glimpse version that wrote it
 * @param model the network's name
 * @param args its arguments
 * @param classes names in the order of the scores
 * @param size side of the images it is fed
 * @param mean per channel, red, green, blue in 0 to 1; subtracted
 * @param std per channel; divided by
 * @param data where the images are, as {@code DataSources} reads it
 * @param images what they are; a training goes on with the very same ones only
 * @param recipe how it is trained
 * @param task what it is trained for
 * @param feeding how its images are chosen and changed
 * @param command that started it, as it was typed; empty where none did
 * @param words a system's vocabularies by what they are of, in the order of the words' numbers; none where it has none
 */
public record RunConfig(int format, String glimpse, String model, Map<String, Object> args, List<String> classes,
        int size, float[] mean, float[] std, String data, Images images, Recipe recipe, TaskConfig task,
        Feeding feeding, List<String> command, Map<String, List<String>> words) {
    /** The format that is written: 1 had no number, and a flat recipe. */
    public static final int FORMAT = 2;

    public RunConfig {
        task = task == null ? TaskConfig.CLASSIFICATION : task;
        feeding = feeding == null ? Feeding.usual(size) : feeding;
        command = command == null ? List.of() : List.copyOf(command);
        words = words == null ? Map.of() : Map.copyOf(words);
    }

    /** Of what has no vocabulary. */
    public RunConfig(int format, String glimpse, String model, Map<String, Object> args, List<String> classes, int size,
            float[] mean, float[] std, String data, Images images, Recipe recipe, TaskConfig task, Feeding feeding,
            List<String> command) {
        this(format, glimpse, model, args, classes, size, mean, std, data, images, recipe, task, feeding, command,
                Map.of());
    }

    /** Started by no command. */
    public RunConfig(int format, String glimpse, String model, Map<String, Object> args, List<String> classes, int size,
            float[] mean, float[] std, String data, Images images, Recipe recipe, TaskConfig task, Feeding feeding) {
        this(format, glimpse, model, args, classes, size, mean, std, data, images, recipe, task, feeding, List.of());
    }

    /** Of a classifier that is fed as usual. */
    public RunConfig(int format, String glimpse, String model, Map<String, Object> args, List<String> classes, int size,
            float[] mean, float[] std, String data, Images images, Recipe recipe) {
        this(format, glimpse, model, args, classes, size, mean, std, data, images, recipe, TaskConfig.CLASSIFICATION,
                null);
    }

    /**
     * Of a system.
     *
     * @param glimpse version that writes it
     * @param args the model's, as they were typed
     * @param maxSkipped share of the examples that may be unreadable
     * @param command that starts it
     */
    public static RunConfig of(String glimpse, LearnedSystem system, Args args, LearnedSystem.Prepared prepared,
            Recipe recipe, double maxSkipped, List<String> command) {
        return new RunConfig(FORMAT, glimpse, system.name(), args.values(), prepared.classes(), prepared.size(),
                prepared.mean(), prepared.std(), prepared.data(), prepared.material().identity(), recipe,
                TaskConfig.SYSTEM, new Feeding(Augmentation.none(), false, maxSkipped), command, prepared.words());
    }

    /**
     * Which images.
     *
     * @param names a hash of the names and labels of all of them
     */
    public record Images(int train, int test, String names) {}

    /** Builds the network with initial weights. Call it outside of pointer scopes. */
    public Layer network() {
        return task.kind() == TaskConfig.Kind.SYSTEM ? system().network(this) : Networks.create(model, args);
    }

    /** What the network learns. Call it outside of pointer scopes. */
    public Task learned() {
        return task.kind() == TaskConfig.Kind.SYSTEM
                ? system().task(this)
                : task.task(classes.size(), recipe.regularisation());
    }

    /**
     * The system whose model this is, of a run of {@link TaskConfig.Kind#SYSTEM}.
     *
     * @throws IllegalArgumentException where it is unknown
     */
    public LearnedSystem system() {
        return LearnedSystem.named(model)
                .orElseThrow(() -> new IllegalArgumentException("no system is called '" + model
                        + "'; known: " + String.join(", ", LearnedSystem.names())));
    }
}

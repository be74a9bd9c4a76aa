package dev.glimpse.train;

import dev.glimpse.Layer;
import dev.glimpse.io.AtomicFiles;
import dev.glimpse.io.SafeTensors;
import dev.glimpse.io.StateDict;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/**
 * A training's folder.
 *
 * <pre>
 * config.json          {@link RunConfig}
 * metrics.csv          a line an epoch
 * best.safetensors     the weights of the epoch with the highest test accuracy
 * last.safetensors     the weights after the last whole epoch
 * </pre>
 *
 * Every file is replaced as a whole: a killed run leaves the old one or the new one.
 */
public final class Run {
    private static final String CONFIG = "config.json";
    private static final String METRICS = "metrics.csv";
    private static final String BEST = "best.safetensors";
    private static final String LAST = "last.safetensors";
    private static final JsonMapper JSON = new JsonMapper();

    private final Path folder;
    private final RunConfig config;

    private Run(Path folder, RunConfig config) {
        this.folder = folder;
        this.config = config;
    }

    /**
     * Starts a run. A run that has no weights yet is begun anew.
     *
     * @throws IllegalArgumentException when the folder holds a run with weights
     * @throws IOException when the folder cannot be written, in one line
     */
    public static Run create(Path folder, RunConfig config) throws IOException {
        if (Files.exists(folder.resolve(LAST)) || Files.exists(folder.resolve(BEST))) {
            throw new IllegalArgumentException(folder + " holds a run already; choose another folder or delete it");
        }
        AtomicFiles.write(folder.resolve(CONFIG),
                JSON.writerWithDefaultPrettyPrinter().writeValueAsString(config) + "\n");
        return new Run(folder, config);
    }

    /**
     * Opens a run.
     *
     * @throws IllegalArgumentException when there is none in the folder
     * @throws IOException when its configuration cannot be read, in one line
     */
    public static Run open(Path folder) throws IOException {
        Path file = folder.resolve(CONFIG);
        if (!Files.isRegularFile(file)) {
            throw new IllegalArgumentException(folder + (Files.isDirectory(folder)
                    ? " is no run of glimpse train: it has no " + CONFIG
                    : ": no such folder"));
        }
        try {
            RunConfig config = JSON.readValue(Files.readString(file), RunConfig.class);
            if (config.model() == null || config.args() == null || config.classes() == null || config.mean() == null
                    || config.std() == null || config.mean().length != 3 || config.std().length != 3
                    || config.size() < 1
                    || config.classes().size() < 2) {
                throw new IOException(
                        file + ": it lacks the model, its arguments, classes, image size or normalisation");
            }
            return new Run(folder, config);
        } catch (JacksonException e) {
            throw new IOException(file + ": " + e.getOriginalMessage(), e);
        }
    }

    public RunConfig config() {
        return config;
    }

    public Path folder() {
        return folder;
    }

    /**
     * The network with its best weights (the last ones where there are no best yet), in eval mode. Call it outside of
     * pointer scopes.
     *
     * @throws IOException when the weights are missing, damaged or another network's, in one line
     */
    public Layer network() throws IOException {
        Path file = folder.resolve(Files.exists(folder.resolve(BEST)) ? BEST : LAST);
        if (!Files.exists(file)) {
            throw new IOException(folder + " has no weights yet: no epoch was finished");
        }
        Layer network;
        try {
            network = config.network();
        } catch (IllegalArgumentException e) {
            throw new IOException(folder.resolve(CONFIG) + ": " + e.getMessage(), e);
        }
        try (PointerScope _ = new PointerScope(); SafeTensors weights = SafeTensors.open(file)) {
            StateDict.requireFit(StateDict.shapes(StateDict.of(network)), weights.shapes());
            StateDict.load(network, weights.tensors());
        } catch (IllegalArgumentException e) {
            throw new IOException(file + ": " + e.getMessage() + " (" + config.model() + " " + config.args() + ")", e);
        }
        network.eval();
        return network;
    }

    /** Writes the metrics of all epochs so far. */
    public void writeMetrics(List<EpochMetrics> epochs) throws IOException {
        StringBuilder csv = new StringBuilder(
                "epoch,train_loss,train_accuracy,test_loss,test_accuracy,learning_rate,seconds,images_per_second,wait_seconds\n");
        for (EpochMetrics m : epochs) {
            csv.append(
                    String.format(Locale.ROOT, "%d,%.6f,%.6f,%.6f,%.6f,%.8f,%.2f,%.1f,%.2f%n", m.epoch(), m.trainLoss(),
                            m.trainAccuracy(), m.testLoss(), m.testAccuracy(), m.learningRate(), m.seconds(),
                            m.imagesPerSecond(), m.waitSeconds()));
        }
        AtomicFiles.write(folder.resolve(METRICS), csv.toString());
    }

    /** Writes the weights as the last, and as the best when they are. */
    public void writeWeights(Layer network, int epoch, boolean best) throws IOException {
        try (PointerScope _ = new PointerScope()) {
            Map<String, String> facts = Map.of("format", "pt", "model", config.model(), "epoch",
                    Integer.toString(epoch));
            SafeTensors.write(folder.resolve(LAST), StateDict.of(network), facts);
            if (best) {
                SafeTensors.write(folder.resolve(BEST), StateDict.of(network), facts);
            }
        }
    }
}

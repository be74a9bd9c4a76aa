package dev.glimpse.train;

import dev.glimpse.Layer;
import dev.glimpse.io.AtomicFiles;
import dev.glimpse.io.SafeTensors;
import dev.glimpse.io.StateDict;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * A training's folder.
 *
 * <pre>
 * config.json               {@link RunConfig}
 * metrics.csv               a line an epoch
 * events.out.tfevents.*     the same for TensorBoard: see {@link EventFile}
 * best.safetensors          the weights that tested best: averaged ones where the recipe averages them
 * last.safetensors          the weights after the last whole epoch
 * average.safetensors       their moving average, where there is one
 * checkpoint.safetensors    {@link Checkpoint}
 * .lock                     there while a process trains into it
 * </pre>
 *
 * Every file but TensorBoard's is replaced as a whole: a killed run leaves the old one or the new one.
 */
public final class Run implements AutoCloseable {
    private static final String CONFIG = "config.json";
    private static final String METRICS = "metrics.csv";
    private static final String EVENTS = "events.out.tfevents.glimpse";
    private static final String BEST = "best.safetensors";
    private static final String LAST = "last.safetensors";
    private static final String AVERAGE = "average.safetensors";
    private static final String CHECKPOINT = "checkpoint.safetensors";
    private static final JsonMapper JSON = new JsonMapper();

    private final Path folder;
    private final RunConfig config;
    private final RunLock lock;
    private final Origin origin;
    private boolean discarded;

    /** Whether the run, and its folder, were there before. */
    private enum Origin {
        FOUND, CREATED, CREATED_WITH_FOLDER
    }

    private Run(Path folder, RunConfig config, RunLock lock, Origin origin) {
        this.folder = folder;
        this.config = config;
        this.lock = lock;
        this.origin = origin;
    }

    /**
     * Starts a run and holds its folder until it is closed. A run that has nothing but its configuration is begun anew.
     *
     * @throws IllegalArgumentException when the folder holds a run, or another process holds it
     * @throws IOException when the folder cannot be written, in one line
     */
    public static Run create(Path folder, RunConfig config) throws IOException {
        Origin origin = Files.isDirectory(folder) ? Origin.CREATED : Origin.CREATED_WITH_FOLDER;
        AtomicFiles.requireWritable(folder);
        RunLock lock = RunLock.of(Files.createDirectories(folder));
        try {
            requireNone(folder);
            removePartialFiles(folder);
            AtomicFiles.write(folder.resolve(CONFIG),
                    JSON.writerWithDefaultPrettyPrinter().writeValueAsString(config) + "\n");
            return new Run(folder, config, lock, origin);
        } catch (IOException | RuntimeException e) {
            lock.close();
            throw e;
        }
    }

    /** @throws IllegalArgumentException when the folder holds a run */
    public static void requireNone(Path folder) {
        if (Files.exists(folder.resolve(CHECKPOINT))) {
            throw new IllegalArgumentException(folder + " holds a run already; go on with it by --resume " + folder
                    + ", choose another folder or delete it");
        }
        if (Files.exists(folder.resolve(LAST)) || Files.exists(folder.resolve(BEST))) {
            throw new IllegalArgumentException(folder + " holds a run already; choose another folder or delete it");
        }
    }

    /**
     * Opens a run to train on, and holds its folder until it is closed.
     *
     * @throws IllegalArgumentException when there is none in the folder, none that can be resumed, or another process
     *         holds it
     */
    public static Run resume(Path folder) throws IOException {
        Run run = open(folder);
        if (!Files.exists(folder.resolve(CHECKPOINT))) {
            throw new IllegalArgumentException(
                    folder + " has no " + CHECKPOINT + " to go on from; start from its weights "
                            + "by --weights, into another folder");
        }
        RunLock lock = RunLock.of(folder);
        removePartialFiles(folder);
        return new Run(folder, run.config, lock, Origin.FOUND);
    }

    /** What a killed process was writing. */
    private static void removePartialFiles(Path folder) throws IOException {
        try (DirectoryStream<Path> files = Files.newDirectoryStream(folder, ".*.partial")) {
            for (Path file : files) {
                Files.deleteIfExists(file);
            }
        }
    }

    /**
     * Opens a run to read it.
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
            return new Run(folder, read(file), null, Origin.FOUND);
        } catch (JacksonException e) {
            throw new IOException(file + ": " + e.getOriginalMessage(), e);
        } catch (IllegalArgumentException e) {
            throw new IOException(file + ": " + e.getMessage(), e);
        }
    }

    private static RunConfig read(Path file) throws IOException {
        if (!(JSON.readTree(Files.readString(file)) instanceof ObjectNode json)) {
            throw new IOException(file + ": no configuration of a run");
        }
        int format = json.path("format").asInt(1);
        if (format > RunConfig.FORMAT) {
            throw new IOException(file + ": written by a newer glimpse, in format " + format + "; this one reads up to "
                    + RunConfig.FORMAT);
        }
        if (format == 1) {
            OldConfig.upgrade(json, JSON);
        }
        RunConfig config = JSON.treeToValue(json, RunConfig.class);
        if (config.model() == null || config.args() == null || config.classes() == null || config.mean() == null
                || config.std() == null || config.mean().length != 3 || config.std().length != 3
                || config.task().kind() != TaskConfig.Kind.SYSTEM
                        && (config.size() < 1 || config.classes().size() < 2)) {
            throw new IOException(file + ": it lacks the model, its arguments, classes, image size or normalisation");
        }
        return config;
    }

    public RunConfig config() {
        return config;
    }

    /** @throws IllegalArgumentException where it is no network of images, but a system, which is used by its own command */
    public void requireNetwork() {
        if (config.task().kind() == TaskConfig.Kind.SYSTEM) {
            throw new IllegalArgumentException(folder + " is a training of the system '" + config.model()
                    + "', which has a command of its own: see glimpse list systems");
        }
    }

    public Path folder() {
        return folder;
    }

    /**
     * What was measured after each epoch.
     *
     * @throws IOException in one line, when no epoch is done or the file is damaged
     */
    public RunMetrics metrics() throws IOException {
        Path file = folder.resolve(METRICS);
        RunMetrics metrics = Files.exists(file) ? RunMetrics.read(file) : new RunMetrics(List.of(), List.of());
        if (metrics.epochs() == 0) {
            throw new IOException(folder + " has no metrics yet: no epoch was finished");
        }
        return metrics;
    }

    /**
     * The network with its best weights, in eval mode. Call it outside of pointer scopes.
     *
     * @throws IOException when the weights are missing, damaged or another network's, in one line
     */
    public Layer network() throws IOException {
        Path file = folder.resolve(BEST);
        if (!Files.exists(file)) {
            throw new IOException(Files.exists(folder.resolve(LAST))
                    ? file + " is missing; to use the weights after the last epoch, copy " + LAST + " there"
                    : folder + " has no weights yet: no epoch was finished");
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

    /** Whether there is something to go on from. */
    boolean hasCheckpoint() {
        return Files.exists(folder.resolve(CHECKPOINT));
    }

    Position readCheckpoint(Checkpoint checkpoint) throws IOException {
        return checkpoint.read(folder.resolve(CHECKPOINT));
    }

    void writeCheckpoint(Checkpoint checkpoint, Position position) throws IOException {
        keepingCheckpoint(() -> checkpoint.write(folder.resolve(CHECKPOINT), position));
    }

    @FunctionalInterface
    private interface Writing {
        void run() throws IOException;
    }

    /** Writes something, or says how to go on when that does not succeed: a disk may be full. */
    private void keepingCheckpoint(Writing writing) throws IOException {
        if (lock == null) {
            throw new IllegalStateException("the run was opened to be read only");
        }
        lock.requireHeld();
        try {
            writing.run();
        } catch (IOException e) {
            lock.requireHeld(); // the folder may have been removed meanwhile
            if (!hasCheckpoint()) {
                throw e;
            }
            throw new IOException(
                    e.getMessage() + "; the last checkpoint is whole: make room and go on by glimpse train "
                            + "--resume " + folder,
                    e);
        }
    }

    /** Writes the metrics of all epochs so far. */
    void writeMetrics(List<EpochMetrics> epochs) throws IOException {
        StringBuilder csv = new StringBuilder("epoch");
        epochs.getFirst().train().keySet().forEach(name -> csv.append(",train_").append(name));
        epochs.getFirst().test().keySet().forEach(name -> csv.append(",test_").append(name));
        csv.append(",learning_rate,seconds,images_per_second,wait_seconds,stall_share,step_ms,step_p99_ms\n");
        for (EpochMetrics m : epochs) {
            csv.append(m.epoch());
            m.train().values().forEach(value -> csv.append(String.format(Locale.ROOT, ",%.6f", value)));
            m.test().values().forEach(value -> csv.append(String.format(Locale.ROOT, ",%.6f", value)));
            csv.append(String.format(Locale.ROOT, ",%.8f,%.2f,%.1f,%.2f,%.4f,%.2f,%.2f%n", m.learningRate(),
                    m.seconds(), m.imagesPerSecond(), m.waitSeconds(), m.stallShare(), m.stepMilliseconds(),
                    m.stepP99Milliseconds()));
        }
        keepingCheckpoint(() -> AtomicFiles.write(folder.resolve(METRICS), csv.toString()));
    }

    /** Brings what TensorBoard reads up to these epochs. */
    void writeEvents(List<EpochMetrics> epochs) throws IOException {
        keepingCheckpoint(() -> {
            Path file = folder.resolve(EVENTS);
            try {
                EventFile.write(file, epochs);
            } catch (IOException e) {
                throw new IOException("cannot write " + file + ": " + AtomicFiles.reason(e), e);
            }
        });
    }

    /** Writes the weights that tested best. */
    void writeBest(Layer network, int epoch) throws IOException {
        try (PointerScope _ = new PointerScope()) {
            write(BEST, StateDict.of(network), epoch);
        }
    }

    /** Writes the weights after an epoch, and their average where there is one. */
    void writeLast(Layer network, Map<String, Tensor> average, int epoch) throws IOException {
        try (PointerScope _ = new PointerScope()) {
            write(LAST, StateDict.of(network), epoch);
            if (!average.isEmpty()) {
                write(AVERAGE, average, epoch);
            }
        }
    }

    private void write(String name, Map<String, Tensor> weights, int epoch) throws IOException {
        Map<String, String> facts =
                Map.of("format", "pt", "model", config.model(), "epoch", Integer.toString(epoch));
        keepingCheckpoint(() -> SafeTensors.write(folder.resolve(name), weights, facts));
    }

    /** Undoes {@link #create}, for a call that turned out to be wrong before anything was learned; a run found stays. */
    public void discard() throws IOException {
        if (origin != Origin.FOUND) {
            for (String file : List.of(CONFIG, EVENTS, CHECKPOINT)) {
                Files.deleteIfExists(folder.resolve(file));
            }
            discarded = true;
        }
    }

    /** Lets the folder go. */
    @Override
    public void close() throws IOException {
        if (lock != null) {
            lock.close();
        }
        if (discarded && origin == Origin.CREATED_WITH_FOLDER) {
            AtomicFiles.deleteIfEmpty(folder);
        }
    }
}

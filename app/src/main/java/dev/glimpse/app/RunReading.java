package dev.glimpse.app;

import dev.glimpse.Layer;
import dev.glimpse.app.report.RunReport;
import dev.glimpse.app.report.RunSummary;
import dev.glimpse.app.report.TestFindings;
import dev.glimpse.io.StateDict;
import dev.glimpse.nn.Libtorch;
import dev.glimpse.train.Material;
import dev.glimpse.train.Run;
import dev.glimpse.train.RunConfig;
import dev.glimpse.train.RunMetrics;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import org.bytedeco.javacpp.PointerScope;

/** What is read of a run's folder, to report it. */
final class RunReading {
    static final String REPORT = "report.html";

    private RunReading() {}

    /**
     * What a run's configuration and metrics say.
     *
     * @throws IOException in one line, where no epoch is done or a file is damaged
     */
    static RunSummary summary(Run run) throws IOException {
        RunConfig config = run.config();
        RunMetrics metrics = run.metrics();
        String measure = config.learned().best();
        if (metrics.bestEpoch(measure) == 0) {
            throw new IOException(run.folder().resolve("metrics.csv") + ": it has no test_" + measure);
        }
        try (PointerScope _ = new PointerScope()) {
            Layer network = config.network();
            return new RunSummary(name(run.folder()), run.folder().toString(), config, metrics, measure,
                    StateDict.parameterCount(network), NetworkCost.multiplyAdds(network, config));
        } catch (IllegalArgumentException e) {
            throw new IOException(run.folder().resolve("config.json") + ": " + e.getMessage(), e);
        }
    }

    private static String name(Path folder) {
        return folder.toAbsolutePath().normalize().getFileName().toString();
    }

    /**
     * Writes a run's report.
     *
     * @param data where its images are
     * @param stop asked now and then
     * @return why it is without the images, empty where it is with them; nothing if stopped, and nothing is written then
     */
    static Optional<String> write(Run run, String data, Path file, BooleanSupplier stop) throws IOException {
        Libtorch.load();
        RunSummary summary = summary(run);
        TestFindings found;
        try {
            if (data == null) {
                throw new IOException("its config.json does not say where its images are");
            }
            Material images = Materials.of(data, run.config());
            RunConfig.Images before = run.config().images();
            if (before != null && !images.identity().equals(before)) {
                throw new IOException(data + ": its images are others than when the run began");
            }
            Optional<TestFindings> some = new RunExamination(run, images, stop).findings();
            if (some.isEmpty()) {
                return Optional.empty();
            }
            found = some.get();
        } catch (IOException | UncheckedIOException | IllegalArgumentException e) {
            String reason = Main.oneLine(e);
            RunReport.withoutImages(summary, reason).write(file);
            return Optional.of(reason);
        }
        RunReport.of(summary, found).write(file);
        return Optional.of("");
    }
}

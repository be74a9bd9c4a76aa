package dev.glimpse.app;

import dev.glimpse.Layer;
import dev.glimpse.data.Batches;
import dev.glimpse.train.EpochMetrics;
import dev.glimpse.train.Material;
import dev.glimpse.train.Recipe;
import dev.glimpse.train.Run;
import dev.glimpse.train.RunConfig;
import dev.glimpse.train.StepMemory;
import dev.glimpse.train.Task;
import dev.glimpse.train.TaskConfig;
import dev.glimpse.train.Trainer;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** Trains a run until it is done or somebody asks to stop, and tells what came out. */
final class TrainingSession {
    private final Run run;
    private final Material material;
    private final Trainer.Checkpoints checkpoints;
    private final PrintWriter out;
    private final PrintWriter err;
    private Trainer trainer; // null until it is built

    /** @param run created or resumed */
    TrainingSession(Run run, Material material, Trainer.Checkpoints checkpoints, PrintWriter out, PrintWriter err) {
        this.run = run;
        this.material = material;
        this.checkpoints = checkpoints;
        this.out = out;
        this.err = err;
    }

    /** @throws IllegalArgumentException when the images are not those that the run began with */
    void requireSameImages(String data) {
        RunConfig.Images before = run.config().images();
        RunConfig.Images now = material.identity();
        if (!now.equals(before)) {
            throw new IllegalArgumentException(String.format(Locale.ROOT,
                    "%s: its images are others than when the run began (%,d + %,d, then %,d + %,d): bring those back, or "
                            + "begin anew from --weights %s",
                    data, now.train(), now.test(), before == null ? 0 : before.train(),
                    before == null ? 0 : before.test(),
                    run.folder().resolve("last.safetensors")));
        }
    }

    /**
     * @param data where the material is, as it was typed
     * @param interrupt asked after each step
     * @return the exit status
     */
    int train(Layer network, String data, Interrupt interrupt, boolean json) throws IOException {
        try {
            return learn(network, data, interrupt, json);
        } catch (IllegalArgumentException e) {
            if (trainer == null || trainer.position().steps() == 0) {
                run.discard(); // so that the right call can be made into the same folder
            }
            throw e;
        }
    }

    private int learn(Layer network, String data, Interrupt interrupt, boolean json) throws IOException {
        RunConfig config = run.config();
        Recipe recipe = config.recipe();
        Task task = config.learned();
        boolean system = config.task().kind() == TaskConfig.Kind.SYSTEM;
        if (!system) {
            StepMemory.require(network, recipe, config.size(), material.trainingImages(), 2 * (recipe.workers() + 2));
        }
        int workers = recipe.workers();
        try (Batches trainLoader = material.training(config, workers);
                Batches testLoader = material.test(config, workers);
                TrainingProgress progress = new TrainingProgress(err, recipe.epochs(), recipe.batch(),
                        system ? "examples" : "images")) {
            trainer = new Trainer(run, network, task, checkpoints, progress, interrupt::requested);
            trainer.train(trainLoader, testLoader);
            progress.rest();
            Skipped.report(err, trainLoader.skipped(), testLoader.skipped());
            if (!trainer.finished()) {
                err.printf("glimpse: stopped after step %d, in epoch %d; go on with: glimpse train --resume %s%n",
                        trainer.position().steps(), trainer.position().epoch(), run.folder());
                err.flush();
                return interrupt.request().exit();
            }
            boolean reported = report(run.folder().resolve(RunReading.REPORT), data, interrupt);
            print(trainer.position().epochs(), task, trainLoader.skipped().size() + testLoader.skipped().size(),
                    reported,
                    json);
            return 0;
        }
    }

    /** The training is done whatever becomes of its report. */
    private boolean report(Path file, String data, Interrupt interrupt) {
        String again = "; write it by: glimpse report " + run.folder();
        try {
            Optional<String> missing = RunReading.write(run, data, file, interrupt::requested);
            if (missing.isEmpty()) {
                err.println("glimpse: stopped before its report was written" + again);
            } else if (!missing.get().isEmpty()) {
                err.println("glimpse: the report is without images: " + missing.get());
            }
            return missing.isPresent();
        } catch (IOException | RuntimeException e) {
            err.println("glimpse: there is no report: " + Main.oneLine(e) + again);
            return false;
        } finally {
            err.flush();
        }
    }

    private void print(List<EpochMetrics> done, Task task, int skipped, boolean reported, boolean json) {
        String measure = task.best();
        EpochMetrics best = done.stream().max(Comparator.comparingDouble(epoch -> epoch.test().get(measure)))
                .orElseThrow();
        double seconds = done.stream().mapToDouble(EpochMetrics::seconds).sum();
        if (json) {
            Map<String, Object> result = new LinkedHashMap<>();
            result.put("run", run.folder().toString());
            result.put("mode", run.config().recipe().mode().toString());
            result.put("best_test_" + measure, best.test().get(measure));
            result.put("best_epoch", best.epoch());
            result.put("last_test_" + measure, done.getLast().test().get(measure));
            result.put("seconds", seconds);
            result.put("report", reported ? run.folder().resolve(RunReading.REPORT).toString() : null);
            result.put("skipped_images", skipped);
            out.println(Output.json(result));
            return;
        }
        out.printf(Locale.ROOT, "Best test %s %.2f %% after epoch %d, last %.2f %%, in %.0f s. Weights: %s%n", measure,
                100 * best.test().get(measure), best.epoch(), 100 * done.getLast().test().get(measure), seconds,
                run.folder().resolve("best.safetensors"));
        if (reported) {
            out.println("Report: " + run.folder().resolve(RunReading.REPORT));
        }
    }
}

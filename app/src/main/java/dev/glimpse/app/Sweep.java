package dev.glimpse.app;

import dev.glimpse.Layer;
import dev.glimpse.app.report.RunSetup;
import dev.glimpse.app.report.RunSummary;
import dev.glimpse.app.report.SweepReport;
import dev.glimpse.app.report.SweepReport.Row;
import dev.glimpse.train.Run;
import dev.glimpse.train.RunConfig;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import picocli.CommandLine.Model.CommandSpec;

/** Runs that are alike but for the attention and the seed, each in a folder of its own. */
final class Sweep {
    /** What does not change what is learnt, or is measured on the machine. */
    private static final Set<String> FREE = Set.of("glimpse", "data", "recipe.workers", "recipe.mode.precision",
            "recipe.mode.layout");

    private final TrainOptions.Plan plan;
    private final TrainOptions options;
    private final CommandSpec spec;
    private final String data;
    private final Path out;
    private final int seeds;
    private final Interrupt interrupt;
    private final PrintWriter err;
    private final List<Place> places = new ArrayList<>();
    private final Map<Place, RunSummary> done = new LinkedHashMap<>();
    private final List<String> attentions;
    private boolean failed;

    /** A run to be. */
    private record Place(String attention, long seed, Path folder) {}

    Sweep(TrainOptions.Plan plan, TrainOptions options, CommandSpec spec, String data, Path out,
            List<String> attentions, int seeds, Interrupt interrupt) {
        this.plan = plan;
        this.options = options;
        this.spec = spec;
        this.data = data;
        this.out = out;
        this.attentions = attentions;
        this.seeds = seeds;
        this.interrupt = interrupt;
        this.err = spec.commandLine().getErr();
        for (long seed = options.seed(); seed < options.seed() + seeds; seed++) { // an early look then has each of them
            Set<String> names = new LinkedHashSet<>();
            for (String attention : attentions) {
                String name = attention.replaceAll("[^A-Za-z0-9._+-]+", "-") + "-seed" + seed;
                places.add(new Place(attention, seed, out.resolve(Output.unused(Path.of(name + ".run"), names))));
            }
        }
    }

    /**
     * Trains what is not trained yet, until that is done or somebody asks to stop. A training that fails is told, and the
     * others go on; a wrong call ends them all.
     */
    void train() throws IOException {
        for (Place place : places) {
            if (interrupt.requested()) {
                return;
            }
            err.printf("-- %d of %d: %s, seed %d%n", places.indexOf(place) + 1, places.size(), place.attention,
                    place.seed);
            err.flush();
            try {
                train(place);
            } catch (IllegalArgumentException e) {
                throw e;
            } catch (IOException | RuntimeException e) {
                failed = true;
                err.println("glimpse: " + place.folder + ": " + Main.oneLine(e));
            }
            SweepReport report = report();
            if (!report.isEmpty()) {
                report.write(out, Output.json(report.forMachines()));
            }
        }
    }

    private void train(Place place) throws IOException {
        boolean begun = Files.exists(place.folder.resolve("checkpoint.safetensors"));
        RunConfig before = begun ? Run.open(place.folder).config() : null;
        RunConfig config = plan.config(place.attention, place.seed,
                begun ? before.recipe().mode() : plan.mode(place.attention).mode(), command(place));
        if (begun) {
            requireAlike(place.folder, before, config);
        }
        if (!begun || !finished(place.folder, before)) {
            try (Run run = begun ? Run.resume(place.folder) : Run.create(place.folder, config)) {
                Layer network = begun ? before.network() : plan.network(config);
                TrainingSession session =
                        new TrainingSession(run, plan.material(), options.checkpoints(), err, err);
                session.requireSameImages(data);
                session.train(network, data, interrupt, false);
            }
        } else {
            err.println("it is done already: " + place.folder);
        }
        if (!interrupt.requested() || finished(place.folder, config)) {
            done.put(place, RunReading.summary(Run.open(place.folder)));
        }
    }

    /** Whether all is done; a run that ended early is found to be finished when it is resumed. */
    private static boolean finished(Path folder, RunConfig config) throws IOException {
        return Files.exists(folder.resolve("metrics.csv")) && Files.exists(folder.resolve(RunReading.REPORT))
                && Run.open(folder).metrics().epochs() >= config.recipe().epochs();
    }

    private List<String> command(Place place) {
        Map<String, String> instead = new LinkedHashMap<>();
        instead.put("--seeds", null);
        instead.put("--attention", place.attention);
        instead.put("--seed", Long.toString(place.seed));
        instead.put("--out", place.folder.toString());
        return Typed.words(spec, data, instead);
    }

    /** @throws IllegalArgumentException when a run in the folder was started otherwise */
    private static void requireAlike(Path folder, RunConfig before, RunConfig now) {
        Map<String, String> then = RunSetup.settings(before);
        Map<String, String> wanted = RunSetup.settings(now);
        Set<String> names = new LinkedHashSet<>(then.keySet());
        names.addAll(wanted.keySet());
        if (!now.images().equals(before.images())) {
            throw new IllegalArgumentException(folder + " was trained on other images; take another --out");
        }
        for (String name : names) {
            if (!FREE.contains(name) && !String.valueOf(then.get(name)).equals(String.valueOf(wanted.get(name)))) {
                throw new IllegalArgumentException(folder + " was started otherwise: " + name + " is " + then.get(name)
                        + ", now " + wanted.get(name) + "; say the same again, or take another --out");
            }
        }
    }

    /** Whether a training did not come to its end. */
    boolean failed() {
        return failed;
    }

    /** What is done so far. */
    SweepReport report() {
        return new SweepReport(data, seeds, attentions.stream().map(attention -> new Row(attention,
                places.stream().filter(place -> place.attention.equals(attention) && done.containsKey(place))
                        .map(done::get).toList()))
                .toList(), Typed.words(spec, data));
    }
}

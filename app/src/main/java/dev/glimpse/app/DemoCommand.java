package dev.glimpse.app;

import dev.glimpse.app.demo.WhitePatchExperiment;
import dev.glimpse.app.demo.WhitePatchExperiment.Network;
import dev.glimpse.app.report.Spread;
import dev.glimpse.app.report.WhitePatchReport;
import dev.glimpse.data.Backgrounds;
import dev.glimpse.data.WhitePatch;
import dev.glimpse.io.AtomicFiles;
import dev.glimpse.nn.Libtorch;
import dev.glimpse.train.OptimizerSettings;
import dev.glimpse.train.Recipe;
import dev.glimpse.train.Schedule;
import dev.glimpse.train.WhitePatchResult;
import dev.glimpse.train.WhitePatchResult.Epoch;
import dev.glimpse.train.WhitePatchResult.Run;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.function.ToDoubleFunction;
import java.util.stream.LongStream;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Runs the white-patch experiment. */
@Command(name = "demo", mixinStandardHelpOptions = true, showDefaultValues = true, description = {
    "Train four small networks to find a white patch, and show where each looks.",
    "About five minutes on two cores; --quick takes under one."})
final class DemoCommand implements Callable<Integer> {
    private record Size(int training, int test, int epochs, int batch, double learningRate, Schedule.Kind schedule) {}

    private static final Size DEFAULT = new Size(1500, 300, 5, 20, 1e-3, Schedule.Kind.COSINE);
    private static final Size QUICK = new Size(300, 100, 3, 20, 1e-3, Schedule.Kind.COSINE);
    private static final Size FULL = new Size(4000, 1000, 50, 20, 1e-4, Schedule.Kind.CONSTANT);

    /** One size or the other. */
    private static final class Sizes {
        @Option(names = "--quick", description = "A small experiment, in under a minute.")
        private boolean quick;

        @Option(names = "--full", description = "The article's size: 4,000 + 1,000 images, 50 epochs, rate 1e-4.")
        private boolean full;
    }

    /** One source or the other. */
    private static final class Sources {
        @Option(names = "--images", paramLabel = "DIR", description = "Random crops of the pictures in a folder.")
        private Path pictures;

        @Option(names = "--stl10", paramLabel = "DIR", description = "STL-10's binary files.")
        private Path stl10;
    }

    @ArgGroup
    private Sizes sizes = new Sizes();

    @ArgGroup
    private Sources sources = new Sources();

    @Option(names = "--networks", split = ",", paramLabel = "NAME", description = "Some of ${COMPLETION-CANDIDATES}.")
    private List<Network> networks = List.of(Network.values());

    @Option(names = "--train", paramLabel = "N", description = "Training images, instead of the size's.")
    private Integer training;

    @Option(names = "--test", paramLabel = "N", description = "Test images, instead of the size's.")
    private Integer test;

    @Option(names = "--epochs", description = "Passes over the training images, instead of the size's.")
    private Integer epochs;

    @Option(names = "--lr", description = "Learning rate, instead of the size's.")
    private Double learningRate;

    @Option(names = "--batch", description = "Images a step, instead of the size's.")
    private Integer batch;

    @Option(names = "--seeds", defaultValue = "1", paramLabel = "N", description = "How often to repeat each training.")
    private int seeds;

    @Option(names = "--seed", defaultValue = "0", description = "The first seed.")
    private long seed;

    @Option(names = "--out", defaultValue = "glimpse-demo", paramLabel = "DIR", description = "Where report.html goes.")
    private Path out;

    @Option(names = "--json", description = "Print the result as one JSON object.")
    private boolean json;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws IOException {
        if (seeds < 1) {
            throw new IllegalArgumentException("--seeds is " + seeds + ", must be at least 1");
        }
        Size size = sizes.full ? FULL : sizes.quick ? QUICK : DEFAULT;
        double rate = learningRate == null ? size.learningRate() : learningRate;
        Recipe recipe = Recipe.plain(or(epochs, size.epochs()), or(batch, size.batch()),
                OptimizerSettings.of(OptimizerSettings.Rule.ADAM, rate, 0), Schedule.of(size.schedule(), 0), seed, 1);
        Backgrounds backgrounds = sources.pictures != null ? Backgrounds.pictures(sources.pictures)
                : sources.stl10 != null ? Backgrounds.stl10(sources.stl10) : Backgrounds.deadLeaves();
        AtomicFiles.requireWritable(out);
        PrintWriter err = spec.commandLine().getErr();
        Libtorch.load();
        WhitePatch data = WhitePatch.create(backgrounds, seed, or(training, size.training()), or(test, size.test()));
        err.printf(Locale.ROOT, "%s: %,d training and %,d test images%n", data.images(), data.train().size(),
                data.test().size());
        err.flush();
        List<Long> each = LongStream.range(seed, seed + seeds).boxed().toList();
        WhitePatchResult result;
        try (DemoProgress progress =
                new DemoProgress(err, recipe.epochs(), (long) data.train().size() * networks.size() * seeds)) {
            result = new WhitePatchExperiment(data.train(), data.test(), recipe).run(data.images(), networks,
                    each, progress);
        }
        Path report = out.resolve("report.html");
        WhitePatchReport.write(result, report);
        print(result, report);
        return 0;
    }

    private static int or(Integer given, int otherwise) {
        return given == null ? otherwise : given;
    }

    private void print(WhitePatchResult result, Path report) {
        PrintWriter text = spec.commandLine().getOut();
        if (json) {
            Map<String, Object> object = new LinkedHashMap<>();
            object.put("report", report.toString());
            object.put("setup", result.setup());
            object.put("networks", result.networks().stream().map(DemoCommand::row).toList());
            text.println(Output.json(object));
            return;
        }
        text.printf(Locale.ROOT, "%-12s %10s %10s %10s %16s %16s %8s  %s%n", "network", "parameters", "train loss",
                "test loss", "best accuracy", "last accuracy", "seconds", "peak in the patch");
        for (WhitePatchResult.Network network : result.networks()) {
            List<Run> runs = network.runs();
            text.printf(Locale.ROOT, "%-12s %,10d %10.2e %10.2e %16s %16s %8.0f  %s%n", network.name(),
                    network.parameters(), Spread.of(runs, run -> best(run, Epoch::trainLoss)).mean(),
                    Spread.of(runs, run -> best(run, Epoch::testLoss)).mean(),
                    Spread.of(runs, DemoCommand::bestAccuracy).percent(),
                    Spread.of(runs, DemoCommand::lastAccuracy).percent(), Spread.of(runs, Run::seconds).mean(),
                    pointing(network));
        }
        if (result.setup().seeds().size() > 1) {
            text.println("Means over " + result.setup().seeds().size() + " seeds; ± is the standard deviation.");
        }
        text.println();
        text.println("Report: " + report);
    }

    private static Map<String, Object> row(WhitePatchResult.Network network) {
        List<Run> runs = network.runs();
        Map<String, Object> row = new LinkedHashMap<>();
        row.put("name", network.name());
        row.put("parameters", network.parameters());
        row.put("best_train_loss", Spread.of(runs, run -> best(run, Epoch::trainLoss)));
        row.put("best_test_loss", Spread.of(runs, run -> best(run, Epoch::testLoss)));
        row.put("best_test_accuracy", Spread.of(runs, DemoCommand::bestAccuracy));
        row.put("last_test_accuracy", Spread.of(runs, DemoCommand::lastAccuracy));
        row.put("seconds", Spread.of(runs, Run::seconds));
        row.put("runs", runs);
        return row;
    }

    private static double best(Run run, ToDoubleFunction<Epoch> loss) {
        return run.epochs().stream().mapToDouble(loss).min().orElseThrow();
    }

    private static double bestAccuracy(Run run) {
        return -best(run, epoch -> -epoch.testAccuracy());
    }

    private static double lastAccuracy(Run run) {
        return run.epochs().getLast().testAccuracy();
    }

    private static String pointing(WhitePatchResult.Network network) {
        List<Run> runs = network.runs();
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < runs.getFirst().pointing().size(); i++) {
            int map = i;
            text.append(Spread.of(runs, run -> run.pointing().get(map).hits()).percent()).append(" of ")
                    .append(runs.getFirst().pointing().get(i).map()).append(" maps, ");
        }
        return text + "chance " + Spread.of(runs, run -> run.pointing().getFirst().chanceHits()).percent();
    }
}

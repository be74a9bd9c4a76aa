package dev.glimpse.app;

import dev.glimpse.Layer;
import dev.glimpse.data.Batches;
import dev.glimpse.io.AtomicFiles;
import dev.glimpse.io.StateDict;
import dev.glimpse.nn.Libtorch;
import dev.glimpse.train.LearnedSystem;
import dev.glimpse.train.LearningRateFinder;
import dev.glimpse.train.Material;
import dev.glimpse.train.ModeChoice;
import dev.glimpse.train.Recipe;
import dev.glimpse.train.Run;
import dev.glimpse.train.RunConfig;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.bytedeco.pytorch.global.torch;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Trains a network on a folder of images. */
@Command(name = "train", mixinStandardHelpOptions = true, showDefaultValues = true,
        description = "Train a network with attention on a folder of images: to classify them, or to segment them.")
final class TrainCommand implements Callable<Integer> {
    @Parameters(paramLabel = "DATA", arity = "0..1",
            description = "Folder with train/ and test/ (or val/), each with a folder a class; CIFAR's, STL-10's or MNIST's "
                    + "files; train.csv and test.csv; train*.tar and test*.tar; or train=WHAT,test=WHAT. Of a segmentation "
                    + "train/ and test/ each with images/ and masks/, or these two alone.")
    private String data;

    @Option(names = "--out", paramLabel = "RUN", description = "New folder for the run.")
    private Path out;

    @Option(names = "--resume", paramLabel = "RUN",
            description = "Go on with a run that was stopped or killed. It knows all "
                    + "else; DATA where its images have moved.")
    private Path resumed;

    @Option(names = "--attention", paramLabel = "NAME[:KEY=VALUE,...]",
            description = "What stands in every block, or none: see glimpse list attention (default: the network's own, or "
                    + "cbam where it has none).")
    private String attention;

    @Mixin
    private TrainOptions options = new TrainOptions();

    @Option(names = "--find-lr", description = "Do not train: look for a learning rate, and write the curve to "
            + "RUN/learning-rates.csv.")
    private boolean findLearningRate;

    @Option(names = "--find-lr-steps", defaultValue = "100", description = "Steps to take for it.")
    private int findSteps;

    @Option(names = "--json", description = "Print the result as one JSON object.")
    private boolean json;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws IOException {
        return resumed != null ? resume() : begin();
    }

    private int begin() throws IOException {
        if (data == null || data.isBlank() || out == null) {
            throw new IllegalArgumentException("give DATA and --out RUN, or --resume RUN; see glimpse train --help");
        }
        Optional<LearnedSystem> system = options.system();
        if (system.isPresent()) {
            return begin(system.get());
        }
        options.requireSense();
        Run.requireNone(out);
        TrainOptions.Plan plan = options.plan(data);
        plan.requireSense(attention);
        ModeChoice choice = plan.mode(attention);
        RunConfig config = plan.config(attention, options.seed(), choice.mode(), Typed.words(spec, data));
        Layer network = plan.network(config);
        if (findLearningRate) {
            return findLearningRate(network, plan.material(), config);
        }
        PrintWriter err = spec.commandLine().getErr();
        try (Interrupt interrupt = new Interrupt(); Run run = Run.create(out, config)) {
            err.printf(Locale.ROOT, "%s with %s: %,d parameters; %,d training and %,d test images of %d classes%n",
                    config.model(), config.args().get("attention"), StateDict.parameterCount(network),
                    config.images().train(), config.images().test(), config.classes().size());
            if (plan.others() > 0) {
                err.println(plan.others() + (plan.others() == 1 ? " file" : " files")
                        + " passed over: not pictures by their name");
            }
            tell(choice);
            err.flush();
            return session(run, plan.material()).train(network, data, interrupt, json);
        }
    }

    private int begin(LearnedSystem system) throws IOException {
        Recipe recipe = options.recipe(system);
        Run.requireNone(out);
        Libtorch.load();
        LearnedSystem.Prepared prepared = system.prepare(data, options.model());
        RunConfig config = RunConfig.of(new Main.Version().getVersion()[0], system, options.model(), prepared, recipe,
                options.maxSkipped(), Typed.words(spec, prepared.data()));
        torch.manual_seed(recipe.seed());
        Layer network = config.network();
        try (Interrupt interrupt = new Interrupt(); Run run = Run.create(out, config)) {
            spec.commandLine().getErr().printf(Locale.ROOT,
                    "%s: %,d parameters; %,d training and %,d test examples; computes in %s%n", system.name(),
                    StateDict.parameterCount(network), config.images().train(), config.images().test(), recipe.mode());
            spec.commandLine().getErr().flush();
            return session(run, prepared.material()).train(network, prepared.data(), interrupt, json);
        }
    }

    private int resume() throws IOException {
        requireNothingElse();
        try (Interrupt interrupt = new Interrupt(); Run run = Run.resume(resumed)) {
            RunConfig config = run.config();
            String images = data == null ? config.data() : data;
            TrainingSession session = session(run, Materials.of(images, config));
            session.requireSameImages(images);
            Libtorch.load();
            spec.commandLine().getErr().println("going on with " + run.folder());
            return session.train(config.network(), images, interrupt, json);
        }
    }

    /** What a run is trained with cannot change on the way. */
    private void requireNothingElse() {
        Set<String> free = Set.of("--resume", "--json", "--debug", "--checkpoint-every", "--checkpoint-steps");
        for (OptionSpec option : spec.commandLine().getParseResult().matchedOptions()) {
            if (!free.contains(option.longestName())) {
                throw new IllegalArgumentException("--resume goes on as the run began: leave " + option.longestName()
                        + " away, or begin another run by --out");
            }
        }
    }

    private TrainingSession session(Run run, Material material) {
        return new TrainingSession(run, material, options.checkpoints(), spec.commandLine().getOut(),
                spec.commandLine().getErr());
    }

    private void tell(ModeChoice choice) {
        PrintWriter err = spec.commandLine().getErr();
        String times = choice.milliseconds().entrySet().stream()
                .map(e -> String.format(Locale.ROOT, "%s %.0f ms", e.getKey(), e.getValue()))
                .collect(Collectors.joining(", "));
        err.println("computes in " + choice.mode() + (times.isEmpty() ? "" : ", as measured by a step: " + times));
    }

    private int findLearningRate(Layer network, Material material, RunConfig config) throws IOException {
        try (Interrupt interrupt = new Interrupt();
                Batches images = material.training(config, config.recipe().workers())) {
            LearningRateFinder.Finding found = LearningRateFinder.find(network, config, images, findSteps,
                    interrupt::requested);
            Path curve = out.resolve("learning-rates.csv");
            AtomicFiles.write(curve, found.csv());
            if (json) {
                Map<String, Object> result = new LinkedHashMap<>();
                result.put("learning_rate", found.suggestion());
                result.put("curve", curve.toString());
                spec.commandLine().getOut().println(Output.json(result));
            } else {
                spec.commandLine().getOut().printf(Locale.ROOT,
                        "The loss falls fastest at a learning rate of %.2g: try --lr %.2g. Curve: %s%n",
                        found.suggestion(), found.suggestion(), curve);
            }
            return interrupt.requested() ? interrupt.request().exit() : 0;
        }
    }
}

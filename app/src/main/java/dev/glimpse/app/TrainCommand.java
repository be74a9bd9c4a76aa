package dev.glimpse.app;

import dev.glimpse.Layer;
import dev.glimpse.app.bench.Machine;
import dev.glimpse.attention.Args;
import dev.glimpse.data.Augmentation;
import dev.glimpse.data.ChannelStatistics;
import dev.glimpse.data.DataSources;
import dev.glimpse.data.Legend;
import dev.glimpse.data.Loader;
import dev.glimpse.data.SegmentationFolder;
import dev.glimpse.io.AtomicFiles;
import dev.glimpse.io.Dialect;
import dev.glimpse.io.StateDict;
import dev.glimpse.io.Weights;
import dev.glimpse.model.Networks;
import dev.glimpse.nn.Checks;
import dev.glimpse.nn.Libtorch;
import dev.glimpse.train.Feeding;
import dev.glimpse.train.Freeze;
import dev.glimpse.train.LearningRateFinder;
import dev.glimpse.train.Mode;
import dev.glimpse.train.ModeChoice;
import dev.glimpse.train.Pretrained;
import dev.glimpse.train.Recipe;
import dev.glimpse.train.Run;
import dev.glimpse.train.RunConfig;
import dev.glimpse.train.TaskConfig;
import dev.glimpse.train.Trainer;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
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
    private static final int CIFAR_SIZE = 32;
    private static final int IMAGENET_SIZE = 224;
    private static final int PART_SIZE = 256;
    private static final int PART_BATCH = 8;
    /** To choose a mode by: a whole step of a segmentation takes long, and a small part of one tells the same. */
    private static final int SAMPLE_SIZE = 128;
    private static final int SAMPLE_BATCH = 2;

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

    @Mixin
    private TaskOptions task = new TaskOptions();

    @Option(names = "--model", paramLabel = "NAME[:KEY=VALUE,...]",
            description = "Network: see glimpse list models (default: resnet18; unet for a segmentation).")
    private String model;

    @Option(names = "--attention", paramLabel = "NAME[:KEY=VALUE,...]",
            description = "What stands in every block, or none: see glimpse list attention (default: the network's own, or "
                    + "cbam where it has none).")
    private String attention;

    @Option(names = "--place", paramLabel = "PLACE[+...]", description = "Where it stands: blocks, stages, or names of "
            + "either as in layer3.*+layer4.0 (default: blocks; stages for bam).")
    private String place;

    @Option(names = "--start", paramLabel = "authors|identity",
            description = "identity lets the attention into trained "
                    + "weights without changing what the network computes at first (default: authors).")
    private String start;

    @Option(names = "--weights", paramLabel = "FILE", description = "Trained weights to start from, of PyTorch or "
            + "safetensors; the classifier and the attention may be new.")
    private Path weights;

    @Option(names = "--from", defaultValue = "glimpse", paramLabel = "DIALECT",
            description = "How the weights are named: ${COMPLETION-CANDIDATES}.")
    private Dialect from;

    @Option(names = "--lenient", description = "Take of the weights what fits, whatever does not.")
    private boolean lenient;

    @Option(names = "--stem", description = "Of a ResNet: imagenet for images of about 224 pixels, cifar for about 32 "
            + "(default: imagenet).")
    private String stem;

    @Option(names = "--size",
            description = "Side of the images the network is fed (default: 224, or 32 with --stem cifar; 256 for the parts of "
                    + "a segmentation).")
    private Integer size;

    @Mixin
    private RecipeOptions recipe = new RecipeOptions();

    @Mixin
    private AugmentationOptions augmentation = new AugmentationOptions();

    @Option(names = "--balanced", description = "Draw training images such that all classes come equally often.")
    private boolean balanced;

    @Option(names = "--max-skipped", defaultValue = "0.05", paramLabel = "SHARE",
            description = "Of the images that may be unreadable before the run stops; up to five may be unless it is 0.")
    private double maxSkipped;

    @Option(names = "--checkpoint-every", defaultValue = "300", paramLabel = "SECONDS",
            description = "Write a checkpoint so often within an epoch; 0 for at its end alone.")
    private double checkpointSeconds;

    @Option(names = "--checkpoint-steps", defaultValue = "0", paramLabel = "STEPS",
            description = "The same in steps; 0 for no matter how many.")
    private long checkpointSteps;

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
        if (data == null || out == null) {
            throw new IllegalArgumentException("give DATA and --out RUN, or --resume RUN; see glimpse train --help");
        }
        if (task.segmentation() && !spec.commandLine().getParseResult().hasMatchedOption("--batch")) {
            recipe.batch(PART_BATCH);
        }
        recipe.recipe(Mode.PLAIN, () -> new long[0]); // so that a slip is told at once
        checkpoints();
        Args typed = Args.parse(model != null ? model : task.segmentation() ? "unet" : "resnet18");
        model = typed.owner();
        Map<String, Object> args = new LinkedHashMap<>(typed.values());
        Networks.entry(model);
        Run.requireNone(out);
        return task.segmentation() ? segmentation(args) : classification(args);
    }

    private int segmentation(Map<String, Object> args) throws IOException {
        int side = size != null ? size : PART_SIZE;
        Checks.positive("--size", side);
        requireNoAugmentation();
        Feeding feeding = new Feeding(Augmentation.none(), false, maxSkipped);
        SegmentationFolder.Splits splits = SegmentationFolder.splits(Path.of(data)).scaled(task.shorterSide());
        Legend legend = splits.train().legend();
        TaskConfig told = task.segmentation(legend);
        Libtorch.load();
        complete(args, legend.classes().size());
        SegmentationRuns.requireScoresOfPixels(new Args(model, args), side);
        requireSense(args, () -> splits.train().pixels());
        ModeChoice choice = chooseMode(args, Math.min(side, SAMPLE_SIZE), Math.min(recipe.batch(), SAMPLE_BATCH));
        return begin(args, side, new MaskedMaterial(splits), told, feeding, legend.names(), choice,
                () -> splits.train().pixels(), () -> ChannelStatistics.of(splits.train()), 0);
    }

    private int classification(Map<String, Object> args) throws IOException {
        if (!Networks.entry(model).classifier()) {
            throw new IllegalArgumentException(
                    "'" + model + "' is not trained on folders of classes; take another of glimpse list models");
        }
        int side = size != null ? size : "cifar".equalsIgnoreCase(stem) ? CIFAR_SIZE : IMAGENET_SIZE;
        Checks.positive("--size", side);
        Feeding feeding = new Feeding(augmentation.augmentation(side), balanced, maxSkipped);
        DataSources.Splits splits = DataSources.open(data);
        Libtorch.load();
        TaskConfig told = task.classification(splits.train());
        complete(args, splits.classes().size());
        LabelledMaterial material = new LabelledMaterial(splits.train(), splits.test());
        requireSense(args, material::counts); // before anything is measured
        ModeChoice choice = chooseMode(args, side, recipe.batch());
        return begin(args, side, material, told, feeding, splits.classes(), choice, material::counts,
                () -> ChannelStatistics.of(splits.train()), splits.train().ignored() + splits.test().ignored());
    }

    /** Parts with masks are changed in other ways. */
    private void requireNoAugmentation() {
        Stream.concat(spec.mixins().get("augmentation").options().stream(), Stream.of(spec.findOption("--balanced")))
                .map(OptionSpec::longestName)
                .filter(name -> spec.commandLine().getParseResult().hasMatchedOption(name)).findFirst()
                .ifPresent(name -> {
                    throw new IllegalArgumentException(
                            name + " is for images with classes; a segmentation has --deform instead");
                });
    }

    @FunctionalInterface
    private interface Colours {
        ChannelStatistics measure() throws IOException;
    }

    private void complete(Map<String, Object> args, int classes) {
        args.put("classes", classes);
        putIfGiven(args, "stem", stem);
        putIfGiven(args, "place", place);
        putIfGiven(args, "start", start);
        if (attention != null || !args.containsKey("attention")) {
            args.put("attention", attention != null ? attention : attentionFor(args));
        }
    }

    /**
     * @param counts of each class, for their weights
     * @param others files that are no pictures
     */
    private int begin(Map<String, Object> args, int side, Material material, TaskConfig told, Feeding feeding,
            List<String> classes, ModeChoice choice, Supplier<long[]> counts, Colours measured, int others)
            throws IOException {
        PrintWriter err = spec.commandLine().getErr();
        torch.manual_seed(recipe.seed());
        Layer network = Networks.create(model, args);
        if (weights != null) {
            startFrom(network, args);
        }
        Recipe whole = recipe.recipe(choice.mode(), counts);
        ChannelStatistics colours = measured.measure();
        String version = new Main.Version().getVersion()[0];
        RunConfig config = new RunConfig(RunConfig.FORMAT, version, model, args, classes, side, colours.mean(),
                colours.std(), DataSources.absolute(data), material.identity(), whole, told, feeding,
                Typed.words(spec, data));
        if (findLearningRate) {
            return findLearningRate(network, material, config);
        }
        try (Run run = Run.create(out, config)) {
            err.printf(Locale.ROOT, "%s with %s: %,d parameters; %,d training and %,d test images of %d classes%n",
                    model, args.get("attention"), StateDict.parameterCount(network), config.images().train(),
                    config.images().test(), classes.size());
            if (others > 0) {
                err.println(others + (others == 1 ? " file" : " files") + " passed over: not pictures by their name");
            }
            tell(choice);
            err.flush();
            return session(run, material).train(network, data, whole.workers(), json);
        }
    }

    private int resume() throws IOException {
        requireNothingElse();
        try (Run run = Run.resume(resumed)) {
            RunConfig config = run.config();
            String images = data == null ? config.data() : data;
            TrainingSession session = session(run, Material.of(images, config));
            session.requireSameImages(images);
            Libtorch.load();
            spec.commandLine().getErr().println("going on with " + run.folder());
            return session.train(config.network(), images, config.recipe().workers(), json);
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

    private void requireSense(Map<String, Object> args, Supplier<long[]> counts) {
        List<String> frozen = recipe.recipe(Mode.PLAIN, counts).frozen();
        try (PointerScope _ = new PointerScope()) {
            new Freeze(Networks.create(model, args), frozen);
        }
    }

    private Trainer.Checkpoints checkpoints() {
        return new Trainer.Checkpoints(checkpointSeconds, checkpointSteps);
    }

    private TrainingSession session(Run run, Material material) {
        return new TrainingSession(run, material, checkpoints(), spec.commandLine().getOut(),
                spec.commandLine().getErr());
    }

    private ModeChoice chooseMode(Map<String, Object> args, int side, int batch) {
        String key = model + " " + new TreeMap<>(args) + " on " + side + "x" + side + " in batches of " + batch
                + ", " + Machine.processor() + ", " + torch.get_num_threads() + " threads";
        return ModeChoice.of(recipe.modes(), () -> Networks.create(model, args), side, batch, key,
                cache().resolve("modes.json"));
    }

    /** {@code $XDG_CACHE_HOME/glimpse}, or {@code ~/.cache/glimpse}. */
    private static Path cache() {
        String given = System.getenv("XDG_CACHE_HOME");
        Path caches = given != null && !given.isBlank() ? Path.of(given)
                : Path.of(System.getProperty("user.home"), ".cache");
        return caches.resolve("glimpse");
    }

    private void tell(ModeChoice choice) {
        PrintWriter err = spec.commandLine().getErr();
        String times = choice.milliseconds().entrySet().stream()
                .map(e -> String.format(Locale.ROOT, "%s %.0f ms", e.getKey(), e.getValue()))
                .collect(Collectors.joining(", "));
        err.println("computes in " + choice.mode() + (times.isEmpty() ? "" : ", as measured by a step: " + times));
    }

    private int findLearningRate(Layer network, Material material, RunConfig config) throws IOException {
        Recipe whole = config.recipe();
        try (Interrupt interrupt = new Interrupt(); Loader images = material.training(config, whole.workers())) {
            LearningRateFinder.Finding found = LearningRateFinder.find(network,
                    config.task().task(config.classes().size(), whole.regularisation()), whole, images, findSteps,
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

    /** The network's own attention, which it says when it is built, or CBAM. */
    private String attentionFor(Map<String, Object> args) {
        Map<String, Object> alone = new LinkedHashMap<>(args);
        alone.keySet().removeAll(List.of("place", "start"));
        Args read = new Args(model, alone);
        Networks.create(read).close();
        Object own = read.known().get("attention");
        return own == null || own.equals("none") ? "cbam" : own.toString();
    }

    private static void putIfGiven(Map<String, Object> args, String name, String value) {
        if (value != null) {
            args.put(name, value);
        }
    }

    private void startFrom(Layer network, Map<String, Object> args) throws IOException {
        try (PointerScope _ = new PointerScope()) {
            Map<String, Tensor> trained = from.toGlimpse(Weights.read(weights));
            StateDict.Match match = Pretrained.load(network, new Args(model, args), trained, lenient);
            spec.commandLine().getErr().println(weights + ": " + match);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(
                    weights + ": " + e.getMessage() + (lenient ? "" : "; --lenient takes what fits"), e);
        }
    }
}

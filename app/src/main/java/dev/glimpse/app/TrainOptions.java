package dev.glimpse.app;

import dev.glimpse.Layer;
import dev.glimpse.app.bench.Machine;
import dev.glimpse.attention.Args;
import dev.glimpse.data.Augmentation;
import dev.glimpse.data.ChannelStatistics;
import dev.glimpse.data.DataSources;
import dev.glimpse.data.Legend;
import dev.glimpse.data.SegmentationFolder;
import dev.glimpse.io.Dialect;
import dev.glimpse.io.StateDict;
import dev.glimpse.io.Weights;
import dev.glimpse.model.Networks;
import dev.glimpse.nn.Checks;
import dev.glimpse.nn.Libtorch;
import dev.glimpse.train.Feeding;
import dev.glimpse.train.Freeze;
import dev.glimpse.train.LearnedSystem;
import dev.glimpse.train.Material;
import dev.glimpse.train.Mode;
import dev.glimpse.train.ModeChoice;
import dev.glimpse.train.Pretrained;
import dev.glimpse.train.Recipe;
import dev.glimpse.train.RunConfig;
import dev.glimpse.train.TaskConfig;
import dev.glimpse.train.Trainer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.Spec;

/** How to train, as it is typed: all but which attention, and where the run goes. */
final class TrainOptions {
    private static final int CIFAR_SIZE = 32;
    private static final int IMAGENET_SIZE = 224;
    private static final int PART_SIZE = 256;
    private static final int PART_BATCH = 8;
    /** To choose a mode by: a whole step of a segmentation takes long, and a small part of one tells the same. */
    private static final int SAMPLE_SIZE = 128;
    private static final int SAMPLE_BATCH = 2;

    @Mixin
    private TaskOptions task = new TaskOptions();

    @Option(names = "--model", paramLabel = "NAME[:KEY=VALUE,...]",
            description = "Network: see glimpse list models (default: resnet18; unet for a segmentation).")
    private String model;

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
    private Map<String, Tensor> trained;

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

    @Option(names = "--drop-path", paramLabel = "P",
            description = "Chance that a residual network's last block is left out for an image in training; those before have "
                    + "less, the first none (default: none).")
    private Double dropPath;

    @Option(names = "--dropout", paramLabel = "P",
            description = "Share of what the classifier sees that is left out in training (default: the network's own).")
    private Double dropout;

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

    @Spec(Spec.Target.SELF)
    private CommandSpec own;

    @Spec(Spec.Target.MIXEE)
    private CommandSpec spec;

    private boolean sweeping;

    /** One training after the other: what says where attention stands is not for the one without any. */
    void sweep() {
        sweeping = true;
    }

    /** The system that is to be trained, where it is one. */
    Optional<LearnedSystem> system() {
        return model == null ? Optional.empty() : LearnedSystem.named(model().owner());
    }

    /** How a system is trained: as it usually is, but for what was typed. */
    Recipe recipe(LearnedSystem system) {
        requireNothingOfNetworks(system.name());
        ParseResult typed = spec.commandLine().getParseResult();
        system.usual().forEach((name, value) -> {
            if (!typed.hasMatchedOption(name)) {
                OptionSpec option = spec.findOption(name);
                option.setValue(switch (option.type().getSimpleName()) {
                    case "int" -> Integer.valueOf(value);
                    case "double", "Double" -> Double.valueOf(value);
                    default -> value;
                });
            }
        });
        if (!typed.hasMatchedOption("--warmup")) {
            recipe.boundWarmup();
        }
        checkpoints();
        List<Mode> modes = recipe.modes();
        return recipe.recipe(modes.getFirst(), () -> new long[0]);
    }

    private void requireNothingOfNetworks(String system) {
        Set<String> known = new TreeSet<>(Set.of("--out", "--model", "--checkpoint-every", "--checkpoint-steps",
                "--max-skipped", "--json", "--debug"));
        own.mixins().get("recipe").options().forEach(option -> known.add(option.longestName()));
        known.removeAll(Set.of("--class-weights", "--layout"));
        spec.commandLine().getParseResult().matchedOptions().stream().map(OptionSpec::longestName)
                .filter(name -> !known.contains(name)).findFirst().ifPresent(name -> {
                    throw new IllegalArgumentException(
                            name + " is for networks of glimpse list models; '" + system + "' takes "
                                    + String.join(", ", known));
                });
    }

    double maxSkipped() {
        return maxSkipped;
    }

    /** Slips that can be told before anything is read. */
    void requireSense() {
        if (task.segmentation() && !spec.commandLine().getParseResult().hasMatchedOption("--batch")) {
            recipe.batch(PART_BATCH);
        }
        recipe.recipe(Mode.PLAIN, () -> new long[0]);
        checkpoints();
        try {
            Networks.entry(model().owner());
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(
                    e.getMessage() + "; systems: " + String.join(", ", LearnedSystem.names()), e);
        }
    }

    Args model() {
        return Args.parse(model != null ? model : task.segmentation() ? "unet" : "resnet18");
    }

    Trainer.Checkpoints checkpoints() {
        return new Trainer.Checkpoints(checkpointSeconds, checkpointSteps);
    }

    long seed() {
        return recipe.seed();
    }

    /** Images that were opened, and how networks are trained on them. */
    Plan plan(String data) throws IOException {
        requireSense();
        if (data.isBlank()) {
            throw new IllegalArgumentException("DATA is empty; name a folder or a file");
        }
        return task.segmentation() ? segmentation(data) : classification(data);
    }

    private Plan segmentation(String data) throws IOException {
        int side = size != null ? size : PART_SIZE;
        Checks.positive("--size", side);
        requireNoAugmentation();
        Feeding feeding = new Feeding(Augmentation.none(), false, maxSkipped);
        SegmentationFolder.Splits splits = SegmentationFolder.splits(Path.of(data)).scaled(task.shorterSide());
        Legend legend = splits.train().legend();
        TaskConfig told = task.segmentation(legend);
        Libtorch.load();
        return new Plan(data, side, new MaskedMaterial(splits), told, feeding, legend.names(),
                () -> splits.train().pixels(), () -> ChannelStatistics.of(splits.train()), 0);
    }

    private Plan classification(String data) throws IOException {
        String name = model().owner();
        if (!Networks.entry(name).classifier()) {
            throw new IllegalArgumentException(
                    "'" + name + "' is not trained on folders of classes; take another of glimpse list models");
        }
        int side = size != null ? size : "cifar".equalsIgnoreCase(stem) ? CIFAR_SIZE : IMAGENET_SIZE;
        Checks.positive("--size", side);
        Feeding feeding = new Feeding(augmentation.augmentation(side), balanced, maxSkipped);
        DataSources.Splits splits = DataSources.open(data);
        Libtorch.load();
        TaskConfig told = task.classification(splits.train());
        if (splits.test().multiLabel() && LabelledMaterial.unlabelled(splits.test())) {
            throw new IllegalArgumentException(
                    data + ": no test image has a label, so there is nothing to measure; label some of them");
        }
        LabelledMaterial material = new LabelledMaterial(splits.train(), splits.test());
        return new Plan(data, side, material, told, feeding, splits.classes(), material::counts,
                () -> ChannelStatistics.of(splits.train()), splits.train().ignored() + splits.test().ignored());
    }

    /** Parts with masks are changed in other ways. */
    private void requireNoAugmentation() {
        Stream.concat(own.mixins().get("augmentation").options().stream(), Stream.of(own.findOption("--balanced")))
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

    /** Trainings on the same images, alike but for the attention and the seed. */
    final class Plan {
        private final String data;
        private final int side;
        private final Material material;
        private final TaskConfig told;
        private final Feeding feeding;
        private final List<String> classes;
        private final Supplier<long[]> counts;
        private final Colours colours;
        private final int others;
        private ChannelStatistics measured;

        /**
         * @param counts of each class, for their weights
         * @param others files that are no pictures
         */
        Plan(String data, int side, Material material, TaskConfig told, Feeding feeding, List<String> classes,
                Supplier<long[]> counts, Colours colours, int others) {
            this.data = data;
            this.side = side;
            this.material = material;
            this.told = told;
            this.feeding = feeding;
            this.classes = classes;
            this.counts = counts;
            this.colours = colours;
            this.others = others;
        }

        Material material() {
            return material;
        }

        /** Files that were passed over. */
        int others() {
            return others;
        }

        /**
         * Builds a network once, so that a slip is told before anything is measured.
         *
         * @param attention null for the network's own
         */
        void requireSense(String attention) throws IOException {
            Map<String, Object> args = args(attention);
            if (told.kind() == TaskConfig.Kind.SEGMENTATION) {
                SegmentationRuns.requireScoresOfPixels(new Args(model().owner(), args), side);
            }
            List<String> frozen = recipe.recipe(Mode.PLAIN, counts).frozen();
            readWeights();
            try (PointerScope _ = new PointerScope()) {
                Layer network = Networks.create(model().owner(), args);
                new Freeze(network, frozen);
                if (weights != null) {
                    startFrom(network, args);
                }
            }
        }

        private Map<String, Object> args(String attention) {
            Map<String, Object> args = new LinkedHashMap<>(model().values());
            args.put("classes", classes.size());
            putIfGiven(args, "stem", stem);
            if (!(sweeping && "none".equals(attention))) {
                putIfGiven(args, "place", place);
            }
            putIfGiven(args, "start", start);
            putIfGiven(args, "drop_path", dropPath);
            putIfGiven(args, "dropout", dropout);
            if (attention != null || !args.containsKey("attention")) {
                args.put("attention", attention != null ? attention : attentionFor(args));
            }
            return args;
        }

        ModeChoice mode(String attention) {
            boolean parts = told.kind() == TaskConfig.Kind.SEGMENTATION;
            return chooseMode(model().owner(), args(attention), parts ? Math.min(side, SAMPLE_SIZE) : side,
                    parts ? Math.min(recipe.batch(), SAMPLE_BATCH) : recipe.batch());
        }

        /**
         * All that a run is started with.
         *
         * @param typed the command that says so
         */
        RunConfig config(String attention, long seed, Mode mode, List<String> typed) throws IOException {
            if (measured == null) {
                measured = colours.measure();
            }
            return new RunConfig(RunConfig.FORMAT, new Main.Version().getVersion()[0], model().owner(),
                    args(attention), classes, side, measured.mean(), measured.std(), DataSources.absolute(data),
                    material.identity(), recipe.recipe(mode, counts).withSeed(seed), told, feeding, typed);
        }

        /** The network with its initial weights. Call it outside of pointer scopes. */
        Layer network(RunConfig config) throws IOException {
            torch.manual_seed(config.recipe().seed());
            Layer network = config.network();
            if (weights != null) {
                spec.commandLine().getErr().println(weights + ": " + startFrom(network, config.args()));
            }
            return network;
        }
    }

    private ModeChoice chooseMode(String name, Map<String, Object> args, int side, int batch) {
        String key = name + " " + new TreeMap<>(args) + " on " + side + "x" + side + " in batches of " + batch
                + ", " + Machine.processor() + ", " + torch.get_num_threads() + " threads";
        return ModeChoice.of(recipe.modes(), () -> Networks.create(name, args), side, batch, key,
                cache().resolve("modes.json"));
    }

    /** {@code $XDG_CACHE_HOME/glimpse}, or {@code ~/.cache/glimpse}. */
    private static Path cache() {
        String given = System.getenv("XDG_CACHE_HOME");
        Path caches = given != null && !given.isBlank() ? Path.of(given)
                : Path.of(System.getProperty("user.home"), ".cache");
        return caches.resolve("glimpse");
    }

    /** The network's own attention, which it says when it is built, or CBAM. */
    private String attentionFor(Map<String, Object> args) {
        Map<String, Object> alone = new LinkedHashMap<>(args);
        alone.keySet().removeAll(List.of("place", "start"));
        Args read = new Args(model().owner(), alone);
        Networks.create(read).close();
        Object own = read.known().get("attention");
        return own == null || own.equals("none") ? "cbam" : own.toString();
    }

    private static void putIfGiven(Map<String, Object> args, String name, Object value) {
        if (value != null) {
            args.put(name, value);
        }
    }

    /** Once, outside of any scope: looked at before anything is measured, and taken by every run. */
    private void readWeights() throws IOException {
        if (weights != null && trained == null) {
            Map<String, Tensor> read = Weights.read(weights);
            try {
                trained = from.toGlimpse(read);
            } catch (IllegalArgumentException e) {
                throw unfit(e);
            }
        }
    }

    private IllegalArgumentException unfit(IllegalArgumentException e) {
        return new IllegalArgumentException(
                weights + ": " + e.getMessage() + (lenient ? "" : "; --lenient takes what fits"), e);
    }

    private StateDict.Match startFrom(Layer network, Map<String, Object> args) {
        try (PointerScope _ = new PointerScope()) {
            return Pretrained.load(network, new Args(model().owner(), args), trained, lenient);
        } catch (IllegalArgumentException e) {
            throw unfit(e);
        }
    }
}

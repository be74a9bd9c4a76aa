package dev.glimpse.app;

import dev.glimpse.Layer;
import dev.glimpse.attention.Args;
import dev.glimpse.data.ChannelStatistics;
import dev.glimpse.data.ImageFolder;
import dev.glimpse.data.Loader;
import dev.glimpse.data.Transform;
import dev.glimpse.io.Dialect;
import dev.glimpse.io.StateDict;
import dev.glimpse.io.Weights;
import dev.glimpse.model.Networks;
import dev.glimpse.nn.Checks;
import dev.glimpse.nn.Libtorch;
import dev.glimpse.train.EpochMetrics;
import dev.glimpse.train.OptimizerSettings;
import dev.glimpse.train.Pretrained;
import dev.glimpse.train.Recipe;
import dev.glimpse.train.Run;
import dev.glimpse.train.RunConfig;
import dev.glimpse.train.Schedule;
import dev.glimpse.train.Trainer;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Trains a classifier on a folder of images. */
@Command(name = "train", mixinStandardHelpOptions = true, showDefaultValues = true,
        description = "Train a classifier with attention on a folder of images.")
final class TrainCommand implements Callable<Integer> {
    private static final int INTERRUPTED = 130;
    private static final int CIFAR_SIZE = 32;
    private static final int IMAGENET_SIZE = 224;

    @Parameters(paramLabel = "DATA",
            description = "Folder with train/ and test/ (or val/), each with a folder a class.")
    private Path data;

    @Option(names = "--out", required = true, paramLabel = "RUN", description = "New folder for the run.")
    private Path out;

    @Option(names = "--model", defaultValue = "resnet18", description = "Network: see glimpse list models.")
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
            description = "Side of the images the network is fed (default: 224, or 32 with --stem cifar).")
    private Integer size;

    @Option(names = "--epochs", defaultValue = "10", description = "Passes over the training images.")
    private int epochs;

    @Option(names = "--batch", defaultValue = "64", description = "Images a step.")
    private int batch;

    @Option(names = "--optimizer", defaultValue = "adamw", paramLabel = "RULE[:KEY=VALUE,...]",
            description = "sgd, adam, adamw, rmsprop or lion, as in sgd:momentum=0.95,nesterov=true.")
    private String optimizer;

    @Option(names = "--lr", description = "Largest learning rate (default: 0.05 for sgd, 0.0001 for lion, else 0.001).")
    private Double learningRate;

    @Option(names = "--schedule", defaultValue = "cosine", paramLabel = "COURSE[:KEY=VALUE,...]",
            description = "How it goes after the warm-up: constant, cosine:end=0, step:every=30,factor=0.1, "
                    + "poly:power=0.9,end=0, one-cycle:start=0.04,rise=0.3,end=4e-6, plateau:patience=5,factor=0.1.")
    private String schedule;

    @Option(names = "--weight-decay", defaultValue = "0.0005", description = "Of weights; norms and biases are spared.")
    private double weightDecay;

    @Option(names = "--warmup",
            description = "Epochs until the learning rate is at its largest (default: 0.5, or half of a single epoch).")
    private Double warmup;

    @Option(names = "--seed", defaultValue = "0", description = "Of initial weights, order and augmentation.")
    private long seed;

    @Option(names = "--workers", defaultValue = "2", description = "Threads that decode and augment images.")
    private int workers;

    @Option(names = "--json", description = "Print the result as one JSON object.")
    private boolean json;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws IOException {
        PrintWriter err = spec.commandLine().getErr();
        Recipe recipe = Recipe.plain(epochs, batch, OptimizerSettings.parse(optimizer, learningRate, weightDecay),
                Schedule.parse(schedule, warmup == null ? Math.min(0.5, epochs / 2.0) : warmup), seed, workers);
        if (!Networks.entry(model).classifier()) {
            throw new IllegalArgumentException(
                    "'" + model + "' is not trained on folders of classes; take another of glimpse list models");
        }
        int side = size != null ? size : "cifar".equalsIgnoreCase(stem) ? CIFAR_SIZE : IMAGENET_SIZE;
        Checks.positive("--size", side);
        ImageFolder.Splits splits = ImageFolder.splits(data);
        ImageFolder training = ImageFolder.open(splits.train());
        ImageFolder test = ImageFolder.open(splits.test(), training.classes());
        Libtorch.load();
        Map<String, Object> args = new LinkedHashMap<>();
        args.put("classes", training.classes().size());
        putIfGiven(args, "stem", stem);
        putIfGiven(args, "place", place);
        putIfGiven(args, "start", start);
        args.put("attention", attention != null ? attention : attentionFor(args));
        torch.manual_seed(seed);
        Layer network = Networks.create(model, args);
        if (weights != null) {
            startFrom(network, args);
        }
        ChannelStatistics colours = ChannelStatistics.of(training);
        String version = new Main.Version().getVersion()[0];
        Run run = Run.create(out, new RunConfig(version, model, args, training.classes(), side, colours.mean(),
                colours.std(), data.toAbsolutePath().normalize().toString(), recipe));
        err.printf(Locale.ROOT, "%s with %s: %,d parameters; %,d training and %,d test images of %d classes%n", model,
                args.get("attention"), StateDict.parameterCount(network), training.size(), test.size(),
                training.classes().size());
        int others = training.ignored() + test.ignored();
        if (others > 0) {
            err.println(others + (others == 1 ? " file" : " files") + " passed over: not pictures by their name");
        }
        err.flush();
        return train(run, network, training, test);
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

    private int train(Run run, Layer network, ImageFolder training, ImageFolder test) throws IOException {
        RunConfig config = run.config();
        Transform augmented = new Transform(config.size(), config.mean(), config.std(), true);
        Transform plain = new Transform(config.size(), config.mean(), config.std(), false);
        boolean dropLast = training.size() >= batch;
        PrintWriter err = spec.commandLine().getErr();
        try (Interrupt interrupt = new Interrupt();
                Loader trainLoader = new Loader(training, augmented,
                        new Loader.Options(batch, true, dropLast, workers, seed));
                Loader testLoader = new Loader(test, plain, new Loader.Options(batch, false, false, workers, seed))) {
            List<EpochMetrics> done;
            try (TrainingProgress progress = new TrainingProgress(err, epochs, batch)) {
                done = new Trainer(run, network, progress, interrupt::requested).train(trainLoader, testLoader);
            }
            Skipped.report(err, trainLoader.skipped(), testLoader.skipped());
            if (interrupt.requested()) {
                err.println("glimpse: stopped after " + done.size() + " whole epochs; "
                        + (done.isEmpty() ? "no weights were written" : "their weights are in " + run.folder()));
                return INTERRUPTED;
            }
            print(run, done, trainLoader.skipped().size() + testLoader.skipped().size());
            return 0;
        }
    }

    private void print(Run run, List<EpochMetrics> done, int skipped) {
        PrintWriter out = spec.commandLine().getOut();
        EpochMetrics best = done.stream().max(Comparator.comparingDouble(EpochMetrics::testAccuracy)).orElseThrow();
        double seconds = done.stream().mapToDouble(EpochMetrics::seconds).sum();
        if (json) {
            Map<String, Object> result = new LinkedHashMap<>();
            result.put("run", run.folder().toString());
            result.put("best_test_accuracy", best.testAccuracy());
            result.put("best_epoch", best.epoch());
            result.put("last_test_accuracy", done.getLast().testAccuracy());
            result.put("seconds", seconds);
            result.put("skipped_images", skipped);
            out.println(Output.json(result));
            return;
        }
        out.printf(Locale.ROOT, "Best test accuracy %.2f %% after epoch %d, last %.2f %%, in %.0f s. Weights: %s%n",
                100 * best.testAccuracy(), best.epoch(), 100 * done.getLast().testAccuracy(), seconds,
                run.folder().resolve("best.safetensors"));
    }
}

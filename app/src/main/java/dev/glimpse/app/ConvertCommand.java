package dev.glimpse.app;

import dev.glimpse.Layer;
import dev.glimpse.attention.Args;
import dev.glimpse.attention.IdentityStart;
import dev.glimpse.io.Dialect;
import dev.glimpse.io.StateDict;
import dev.glimpse.io.Weights;
import dev.glimpse.model.Networks;
import dev.glimpse.nn.Libtorch;
import dev.glimpse.train.Pretrained;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.Callable;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Turns a file of weights into one of another kind. */
@Command(name = "convert", mixinStandardHelpOptions = true,
        description = "Convert weights between PyTorch's files (both formats, checkpoints included) and safetensors; with "
                + "--model, into those of a network with its own head and attention.")
final class ConvertCommand implements Callable<Integer> {
    @Parameters(index = "0", paramLabel = "IN", description = "A .safetensors file, an index of shards, or a file of "
            + "torch.save; its contents decide. Nothing in it is run.")
    private Path in;

    @Parameters(index = "1", paramLabel = "OUT",
            description = "Ends in .safetensors, or in .pt, .pth, .bin, .ckpt or .tar for PyTorch.")
    private Path out;

    @Option(names = "--from", paramLabel = "DIALECT",
            description = "How IN names its weights: ${COMPLETION-CANDIDATES} (default: as Glimpse and torchvision do).")
    private Dialect from;

    @Option(names = "--to", paramLabel = "DIALECT",
            description = "How OUT names them (default: as Glimpse does; without "
                    + "--from and --model too, every name stays as it is).")
    private Dialect to;

    @ArgGroup(exclusive = false, heading = "Into the weights of a network:%n")
    private Target target;

    @Spec
    private CommandSpec spec;

    /** The network whose weights OUT is to hold. */
    private static final class Target {
        @Option(names = "--model", required = true, paramLabel = "NAME[:KEY=VALUE,...]",
                description = "Its name: see glimpse list models. IN must fit it.")
        private String model;

        @Option(names = "--classes", paramLabel = "N", description = "How many classes it has; where IN has another "
                + "number, the head is new and untrained (default: the network's own number, and IN's head must fit).")
        private Long classes;

        @Option(names = "--attention", paramLabel = "NAME[:KEY=VALUE,...]",
                description = "Its attention, untrained where IN has none.")
        private String attention;

        @Option(names = "--place", paramLabel = "PLACE[+...]", description = "Where that stands, as in train.")
        private String place;

        @Option(names = "--start", paramLabel = "authors|identity",
                description = "How it starts, as in train; identity does not change what the network computes.")
        private String start;

        @Option(names = "--fold",
                description = "Work the numbers that let attention in (--start identity) into its own "
                        + "weights, where its form allows it; OUT is then of a network without --start.")
        private boolean fold;

        @Option(names = "--lenient", description = "Take of IN what fits, whatever does not.")
        private boolean lenient;

        private Args args() {
            Args args = with(with(with(with(Args.parse(model), "classes", classes), "attention", attention), "place",
                    place), "start", start);
            Networks.entry(args.owner());
            return args;
        }

        private static Args with(Args args, String name, Object value) {
            return value == null ? args : args.with(name, value);
        }
    }

    @Override
    public Integer call() throws IOException {
        Weights.requireKnownFormat(out);
        Args args = target == null ? null : target.args();
        Libtorch.load();
        try (PointerScope _ = new PointerScope()) {
            Map<String, Tensor> read = Weights.read(in);
            boolean asTheyAre = from == null && to == null && target == null;
            Map<String, Tensor> ours = asTheyAre ? read : given(from).toGlimpse(read);
            Map<String, Tensor> tensors = target == null ? ours : taken(args, ours);
            Map<String, Tensor> named = asTheyAre ? tensors : given(to).fromGlimpse(tensors);
            Weights.write(out, named);
            long bytes = named.values().stream().mapToLong(t -> t.numel() * t.element_size()).sum();
            spec.commandLine().getOut().printf("%s: %,d tensors, %,d bytes%n", out, named.size(), bytes);
            return 0;
        }
    }

    /** The weights of the network that was asked for, once it has taken these. */
    private Map<String, Tensor> taken(Args args, Map<String, Tensor> weights) {
        torch.manual_seed(0); // of what is new: the same call gives the same file
        Layer network = Networks.create(args);
        try {
            StateDict.Match match = Pretrained.load(network, args, weights, target.lenient);
            if (!match.misshapen().isEmpty() && target.classes == null && !target.lenient) {
                throw new IllegalArgumentException(match + "; --classes says how many classes the network is to have");
            }
            spec.commandLine().getErr().println(in + ": " + match);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(
                    in + ": " + e.getMessage() + (target.lenient ? "" : "; --lenient takes what fits"), e);
        }
        return target.fold ? folded(network) : StateDict.of(network);
    }

    private static Map<String, Tensor> folded(Layer network) {
        network.walk().forEach((path, module) -> {
            if (module instanceof IdentityStart wrapper && !wrapper.fold()) {
                throw new IllegalArgumentException(
                        "--fold: " + path + " multiplies what it is given, so the number that "
                                + "lets it in cannot be worked into its weights; leave --fold out");
            }
        });
        return IdentityStart.withoutWrappers(network, StateDict.of(network));
    }

    private static Dialect given(Dialect dialect) {
        return dialect == null ? Dialect.GLIMPSE : dialect;
    }
}

package dev.glimpse.app;

import dev.glimpse.attention.Args;
import dev.glimpse.attention.Attentions;
import dev.glimpse.attention.Attentions.Entry;
import dev.glimpse.attention.Attentions.Size;
import dev.glimpse.nn.Libtorch;
import java.io.PrintWriter;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.bytedeco.pytorch.Module;
import org.bytedeco.pytorch.global.torch;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Says what an attention module costs at a size. */
@Command(name = "profile", mixinStandardHelpOptions = true, showDefaultValues = true,
        description = "Print what an attention module costs: parameters, multiply-adds, memory and time, beside the time "
                + "of copying its input once.")
final class ProfileCommand implements Runnable {
    private static final Pattern SIZE = Pattern.compile("([1-9]\\d{0,5})x([1-9]\\d{0,5})");

    @Parameters(paramLabel = "NAME", description = "The module, with arguments as in cbam:reduction=8.")
    private String attention;

    @Option(names = "--channels", defaultValue = "256", description = "Channels of the map.")
    private long channels;

    @Option(names = "--size", defaultValue = "56x56", paramLabel = "HxW", description = "Height and width of the map.")
    private String size;

    @Option(names = "--batch", defaultValue = "1", description = "Maps at a time.")
    private long batch;

    @Option(names = "--json", description = "Print one JSON object.")
    private boolean json;

    @Spec
    private CommandSpec spec;

    @Override
    public void run() {
        Args typed = Args.parse(attention);
        Entry entry = Attentions.entry(typed.owner());
        Size shape = shape();
        Libtorch.load();
        Args args = typed;
        for (Map.Entry<String, Object> example : entry.exampleArgs().apply(shape).entrySet()) {
            args = args.has(example.getKey()) ? args : args.with(example.getKey(), example.getValue());
        }
        Module module = entry.create(args);
        Profile profile = Profile.of(module, entry, shape);
        print(entry, shape, profile);
    }

    private Size shape() {
        Matcher sides = SIZE.matcher(size);
        if (!sides.matches()) {
            throw new IllegalArgumentException("--size is '" + size + "', not HxW as in 56x56");
        }
        if (channels < 1 || batch < 1) {
            throw new IllegalArgumentException(channels < 1 ? "--channels is " + channels + ", must be at least 1"
                    : "--batch is " + batch + ", must be at least 1");
        }
        return new Size(batch, channels, Long.parseLong(sides.group(1)), Long.parseLong(sides.group(2)));
    }

    private void print(Entry entry, Size shape, Profile profile) {
        PrintWriter out = spec.commandLine().getOut();
        if (json) {
            Map<String, Object> all = new LinkedHashMap<>();
            all.put("module", attention);
            all.put("paper", entry.paper());
            all.put("batch", shape.batch());
            all.put("channels", shape.channels());
            all.put("height", shape.height());
            all.put("width", shape.width());
            all.put("threads", torch.get_num_threads());
            all.putAll(profile.asMap());
            out.println(Output.json(all));
            return;
        }
        out.printf("%s: %s (%s)%n", attention, entry.title(), entry.paper());
        row(out, "input", String.format(Locale.ROOT, "%dx%dx%dx%d, float32, %d threads", shape.batch(),
                shape.channels(), shape.height(), shape.width(), torch.get_num_threads()), "");
        row(out, "parameters", String.format(Locale.ROOT, "%,d", profile.parameters()), "");
        row(out, "multiply-adds", String.format(Locale.ROOT, "%,d", profile.cost().multiplyAdds()),
                "convolutions and matrix products, forward");
        row(out, "bytes read", bytes(profile.cost().bytesRead()), "forward, each operation by itself");
        row(out, "bytes written", bytes(profile.cost().bytesWritten()), "forward, each operation by itself");
        row(out, "activation memory",
                profile.activationBytes().isPresent() ? bytes(profile.activationBytes().getAsLong()) : "unknown here",
                "held from forward to backward in training");
        row(out, "copy of the input", time(profile.copy()), "");
        row(out, "inference", time(profile.inference()), copies(profile.inference(), profile.copy()));
        row(out, "training, forward", time(profile.forward()), copies(profile.forward(), profile.copy()));
        row(out, "training, backward", time(profile.backward()), copies(profile.backward(), profile.copy()));
        if (shape.batch() == 1) {
            out.println(
                    "Batch norm ran on its running statistics: one map has too few values to train some modules on.");
        }
    }

    private static void row(PrintWriter out, String name, String value, String remark) {
        out.println(String.format(Locale.ROOT, "%-20s %-30s %s", name, value, remark).stripTrailing());
    }

    private static String bytes(long bytes) {
        return bytes < 10_000_000 ? String.format(Locale.ROOT, "%,.1f kB", bytes / 1e3)
                : String.format(Locale.ROOT, "%,.1f MB", bytes / 1e6);
    }

    private static String time(double seconds) {
        return String.format(Locale.ROOT, "%,.3f ms", 1e3 * seconds);
    }

    private static String copies(double seconds, double copy) {
        return String.format(Locale.ROOT, "%,.1f copies", seconds / copy);
    }
}

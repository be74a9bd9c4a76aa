package dev.glimpse.app;

import dev.glimpse.Layer;
import dev.glimpse.attention.Args;
import dev.glimpse.attention.Attentions;
import dev.glimpse.attention.Attentions.Entry;
import dev.glimpse.attention.Attentions.Size;
import dev.glimpse.model.Networks;
import dev.glimpse.nn.Libtorch;
import dev.glimpse.nn.Tensors;
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

/** Says what an attention module or a network costs at a size. */
@Command(name = "profile", mixinStandardHelpOptions = true,
        description = "Print what an attention module or a network costs: parameters, multiply-adds, memory and time, beside "
                + "the time of copying its input once.")
final class ProfileCommand implements Runnable {
    private static final Pattern SIZE = Pattern.compile("([1-9]\\d{0,5})x([1-9]\\d{0,5})");
    private static final Pattern INPUT = Pattern.compile("([1-9]\\d{0,3})x([1-9]\\d{0,5})x([1-9]\\d{0,5})");

    @Parameters(paramLabel = "NAME",
            description = "A module or a network, with arguments as in cbam:reduction=8 or resnet50:stride=1x1.")
    private String name;

    @Option(names = "--channels", description = "Channels of a module's map (default 256).")
    private Long channels;

    @Option(names = "--size", paramLabel = "HxW", description = "Height and width of a module's map (default 56x56).")
    private String size;

    @Option(names = "--attention", paramLabel = "NAME", description = "What stands in a network's blocks.")
    private String attention;

    @Option(names = "--input", paramLabel = "CxHxW", description = "Size of a network's images (default 3x224x224).")
    private String input;

    @Option(names = "--batch", defaultValue = "1", description = "Maps or images at a time (default 1).")
    private long batch;

    @Option(names = "--json", description = "Print one JSON object.")
    private boolean json;

    @Spec
    private CommandSpec spec;

    @Override
    public void run() {
        if (batch < 1) {
            throw new IllegalArgumentException("--batch is " + batch + ", must be at least 1");
        }
        Args typed = Args.parse(name);
        if (Networks.table().containsKey(typed.owner())) {
            profileNetwork(typed);
        } else {
            profileModule(typed);
        }
    }

    private void profileModule(Args typed) {
        if (!Attentions.table().containsKey(typed.owner())) {
            throw new IllegalArgumentException("no attention and no network is called '" + typed.owner()
                    + "'; see glimpse list attention and glimpse list models");
        }
        refuse("a network", "--attention", attention, "--input", input);
        Entry entry = Attentions.entry(typed.owner());
        Size shape = shape();
        Libtorch.load();
        Args args = typed;
        for (Map.Entry<String, Object> example : entry.exampleArgs().apply(shape).entrySet()) {
            args = args.has(example.getKey()) ? args : args.with(example.getKey(), example.getValue());
        }
        Module module = entry.create(args);
        print(entry.title(), entry.paper(), Profile.of(module, entry, shape), shape.batch(), shape.channels(),
                shape.height(), shape.width());
    }

    private void profileNetwork(Args typed) {
        refuse("a module", "--channels", channels == null ? null : channels.toString(), "--size", size);
        Matcher sides = INPUT.matcher(input == null ? "3x224x224" : input);
        if (!sides.matches()) {
            throw new IllegalArgumentException("--input is '" + input + "', not CxHxW as in 3x224x224");
        }
        long[] images = {batch, Long.parseLong(sides.group(1)), Long.parseLong(sides.group(2)),
            Long.parseLong(sides.group(3))};
        Networks.Entry entry = Networks.entry(typed.owner());
        Args args = attention == null ? typed : typed.with("attention", attention);
        if (images[1] != 3) {
            args = args.with(entry.classifier() ? "input_channels" : "in_channels", images[1]);
        }
        Libtorch.load();
        Layer network = Networks.create(args);
        print(entry.title(), entry.paper(), Profile.of(network, images), images);
    }

    private void refuse(String kind, String option, String value, String otherOption, String otherValue) {
        if (value != null || otherValue != null) {
            throw new IllegalArgumentException((value != null ? option : otherOption) + " is for " + kind
                    + ", which '" + name + "' is not");
        }
    }

    private Size shape() {
        Matcher sides = SIZE.matcher(size == null ? "56x56" : size);
        if (!sides.matches()) {
            throw new IllegalArgumentException("--size is '" + size + "', not HxW as in 56x56");
        }
        if (channels != null && channels < 1) {
            throw new IllegalArgumentException("--channels is " + channels + ", must be at least 1");
        }
        return new Size(batch, channels == null ? 256 : channels, Long.parseLong(sides.group(1)),
                Long.parseLong(sides.group(2)));
    }

    private void print(String title, String paper, Profile profile, long... shape) {
        String label = attention == null ? name : name + " with " + attention;
        PrintWriter out = spec.commandLine().getOut();
        if (json) {
            Map<String, Object> all = new LinkedHashMap<>();
            all.put("name", label);
            all.put("paper", paper);
            all.put("batch", shape[0]);
            all.put("channels", shape[1]);
            all.put("height", shape[2]);
            all.put("width", shape[3]);
            all.put("threads", torch.get_num_threads());
            all.putAll(profile.asMap());
            out.println(Output.json(all));
            return;
        }
        out.printf("%s: %s (%s)%n", label, title, paper);
        row(out, "input", Tensors.shapeText(shape) + ", float32, " + torch.get_num_threads() + " threads", "");
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
        if (shape[0] == 1) {
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

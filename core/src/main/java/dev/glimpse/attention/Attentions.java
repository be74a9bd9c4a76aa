package dev.glimpse.attention;

import dev.glimpse.Layer;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.function.LongFunction;
import org.bytedeco.pytorch.Module;
import org.bytedeco.pytorch.Tensor;

/**
 * The table of all attention modules: the command line, the documentation, the tests and the benchmarks read it.
 *
 * <pre>
 * Layer attention = (Layer) Attentions.create("cbam", Map.of("channels", 64, "reduction", 8));
 * Layer the same  = Attentions.slot("cbam:reduction=8").create(64);
 * </pre>
 */
public final class Attentions {
    private static final Map<String, Entry> TABLE = new LinkedHashMap<>();

    /**
     * A row.
     *
     * @param name what users type
     * @param title the module in a few words
     * @param paper authors, venue and year
     * @param slotKey the key under which it stands in a network's block, as public checkpoints have it; none for a module
     *        that fits no slot
     * @param factory builds it; reads every argument it knows
     * @param call runs it on a list of inputs, for code that treats all modules alike
     * @param exampleArgs the fewest arguments that build it for a number of channels
     * @param exampleInputs shapes that fit it, for a batch size and a number of channels; the batch stands first in every
     *        input and output
     */
    public record Entry(String name, String title, String paper, Optional<String> slotKey,
            Function<Args, Module> factory, BiFunction<Module, List<Tensor>, List<Tensor>> call,
            LongFunction<Map<String, Object>> exampleArgs, BiFunction<Long, Long, List<long[]>> exampleInputs) {

        /** Builds the module; an argument that it does not know is an error. */
        public Module create(Args args) {
            Module module = factory.apply(args);
            args.requireAllRead();
            return module;
        }
    }

    /**
     * An attention for a network's blocks.
     *
     * @param key the child's key in each block
     * @param factory builds it for a number of channels
     */
    public record Slot(String key, LongFunction<Layer> factory) {
        public Layer create(long channels) {
            return factory.apply(channels);
        }
    }

    static {
        layer("cbam", "CBAM, the authors' code", "Woo et al., ECCV 2018", "cbam", Attentions::cbam);
        layer("cbam-plain", "CBAM without norm and biases, as in tutorials", "Woo et al., ECCV 2018", "cbam",
                a -> new CbamPlain(a.required("channels"), new CbamPlain.Config(a.integer("reduction", 16),
                        a.integer("kernel", 7), a.flag("spatial_bias", false))));
        layer("cbam-timm", "CBAM as in timm", "Woo et al., ECCV 2018; timm", "cbam",
                a -> new CbamTimm(a.required("channels"), new CbamTimm.Config(a.number("rd_ratio", 1.0 / 16),
                        a.integer("rd_channels", 0), a.integer("rd_divisor", 1), a.integer("spatial_kernel_size", 7),
                        a.flag("mlp_bias", false))));
        layer("cbam-independent", "CBAM with an MLP a pool and a deep spatial gate", "after Woo et al., ECCV 2018",
                "cbam", a -> new CbamIndependent(a.required("channels"),
                        new CbamIndependent.Config(a.integer("reduction", 16), a.integer("kernel", 7))));
        layer("cbam-parallel", "CBAM with its gates side by side, added to the input", "after Woo et al., ECCV 2018",
                "cbam", a -> new CbamParallel(a.required("channels"), new CbamParallel.Config(a.integer("kernel", 7))));
        add(new Entry("mha", "multi-head attention over tokens", "Vaswani et al., NeurIPS 2017", Optional.empty(),
                a -> new Mha(mhaConfig(a, a.required("d_model"))), Attentions::callMha,
                features -> Map.of("d_model", features),
                (batch, features) -> List.of(new long[]{batch, 10, features}, new long[]{batch, 7, features},
                        new long[]{batch, 7, features})));
        layer("mha2d", "multi-head attention over positions", "Vaswani et al., NeurIPS 2017", "attention",
                a -> new Mha2d(mhaConfig(a, a.required("channels"))));
        layer("conv1d-mha", "multi-head attention by 1x1 convolutions", "after Vaswani et al., NeurIPS 2017",
                "attention", a -> new Conv1dMha(a.required("channels"), new Conv1dMha.Config(a.integer("key_size", 32),
                        a.integer("output_size", 32), a.integer("heads", 4))));
    }

    private Attentions() {}

    /** The rows in their order, by name. */
    public static Map<String, Entry> table() {
        return Collections.unmodifiableMap(TABLE);
    }

    /** @throws IllegalArgumentException for an unknown name, listing the known ones */
    public static Entry entry(String name) {
        Entry entry = TABLE.get(name);
        if (entry == null) {
            throw new IllegalArgumentException(
                    "no attention is called '" + name + "'; known: " + String.join(", ", TABLE.keySet()));
        }
        return entry;
    }

    /** Builds a module by name, with the arguments of the golden files' metadata. */
    public static Module create(String name, Map<String, ?> args) {
        return entry(name).create(new Args(name, args));
    }

    /**
     * An attention as users type it, {@code cbam:reduction=8,pools=avg+max}, for blocks of any width. An unknown argument or
     * a wrong value shows when the slot creates its first module.
     *
     * @throws IllegalArgumentException for an unknown name, text that is no {@code name:key=value}, or a module that fits no
     *         slot
     */
    public static Slot slot(String text) {
        Args args = Args.parse(text);
        Entry entry = entry(args.owner());
        String key = entry.slotKey().orElseThrow(() -> new IllegalArgumentException("'" + entry.name()
                + "' takes more than one map, so it fits no slot; those that do: " + String.join(", ",
                        TABLE.values().stream().filter(e -> e.slotKey().isPresent()).map(Entry::name).toList())));
        return new Slot(key, channels -> (Layer) entry.create(args.with("channels", channels)));
    }

    private static Module cbam(Args args) {
        List<Cbam.Pool> pools = args.words("pools", List.of("avg", "max")).stream()
                .map(word -> Args.constant("cbam", "pools", Cbam.Pool.class, word)).toList();
        return new Cbam(args.required("channels"),
                new Cbam.Config(args.integer("reduction", 16), pools, args.flag("spatial", true)));
    }

    private static Mha.Config mhaConfig(Args args, long features) {
        long heads = args.integer("heads", 4);
        long share = args.has("d_k") && args.has("d_v") ? 1 : Mha.Config.even(features, heads).dK();
        return new Mha.Config(features, heads, args.integer("d_k", share), args.integer("d_v", share),
                args.number("dropout", 0.1), args.number("attn_dropout", 0));
    }

    private static List<Tensor> callMha(Module module, List<Tensor> inputs) {
        Mha.Result result = ((Mha) module).forward(inputs.get(0), inputs.get(1), inputs.get(2));
        return List.of(result.output(), result.weights());
    }

    private static void layer(String name, String title, String paper, String slotKey, Function<Args, Module> factory) {
        add(new Entry(name, title, paper, Optional.of(slotKey), factory,
                (module, inputs) -> List.of(((Layer) module).forward(inputs.getFirst())),
                channels -> Map.of("channels", channels),
                (batch, channels) -> List.<long[]>of(new long[]{batch, channels, 9, 7})));
    }

    private static void add(Entry entry) {
        if (TABLE.put(entry.name(), entry) != null) {
            throw new IllegalStateException(String.format(Locale.ROOT, "'%s' stands twice in the table", entry.name()));
        }
    }
}

package dev.glimpse.attention;

import dev.glimpse.Layer;
import dev.glimpse.kernel.Kernels;
import dev.glimpse.nn.Cost;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.function.LongFunction;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Module;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * The table of all attention modules: the command line, the documentation, the tests and the benchmarks read it.
 *
 * <pre>
 * Layer attention = (Layer) Attentions.create("cbam", Map.of("channels", 64, "reduction", 8));
 * Layer the same  = Attentions.slot("cbam:reduction=8").create(64);
 * </pre>
 */
public final class Attentions {
    private static final Pattern YEAR = Pattern.compile("\\b(19|20)\\d\\d\\b");
    private static final Map<String, Entry> TABLE = new LinkedHashMap<>();

    /** What modules that attend alike are described together: a page of the documentation. */
    public enum Family {
        CBAM("cbam"), CHANNEL("channel"), CHANNEL_AND_SPACE("channel-and-space"), PAIRS("self-attention"),
        RELATION("classes-parts-relations");

        private final String page;

        Family(String page) {
            this.page = page;
        }

        /** The page's name in docs/attention, without its ending. */
        public String page() {
            return page;
        }
    }

    /** The size of an example: a batch of maps. */
    public record Size(long batch, long channels, long height, long width) {}

    /**
     * A row.
     *
     * @param name what users type
     * @param title the module in a few words
     * @param paper authors, venue and year
     * @param family the modules it is described with
     * @param attends what gets a weight: channels, positions, ...
     * @param slotKey the key under which it stands in a network's block, as public checkpoints have it; none for a module
     *        that fits no slot
     * @param anySize whether one module takes maps of every size
     * @param factory builds it; reads every argument it knows
     * @param call runs it on a list of inputs, for code that treats all modules alike
     * @param exampleArgs the fewest arguments that build it for a size
     * @param exampleInputs shapes that fit it for a size; the batch stands first in every input and output
     */
    public record Entry(String name, String title, String paper, Family family, String attends,
            Optional<String> slotKey, boolean anySize, Function<Args, Module> factory,
            BiFunction<Module, List<Tensor>, List<Tensor>> call, Function<Size, Map<String, Object>> exampleArgs,
            Function<Size, List<long[]>> exampleInputs) {

        /**
         * A row for a layer that keeps its input's shape and needs no argument but {@code channels}.
         *
         * @param slotKey its key in a network's block
         */
        static Entry layer(String name, String title, String paper, Family family, String attends, String slotKey,
                Function<Args, Module> factory) {
            return new Entry(name, title, paper, family, attends, Optional.of(slotKey), true, factory,
                    (module, inputs) -> List.of(((Layer) module).forward(inputs.getFirst())),
                    size -> Map.of("channels", size.channels()),
                    size -> List.<long[]>of(
                            new long[]{size.batch(), size.channels(), size.height(), size.width()}));
        }

        /** A row for a module that fits no slot. */
        static Entry typed(String name, String title, String paper, Family family, String attends,
                Function<Args, Module> factory, BiFunction<Module, List<Tensor>, List<Tensor>> call,
                Function<Size, Map<String, Object>> exampleArgs, Function<Size, List<long[]>> exampleInputs) {
            return new Entry(name, title, paper, family, attends, Optional.empty(), true, factory, call, exampleArgs,
                    exampleInputs);
        }

        /** The same for a module that is built for one size of maps and takes {@code height} and {@code width}. */
        Entry forOneSize() {
            return new Entry(name, title, paper, family, attends, slotKey, false, factory, call,
                    size -> Map.of("channels", size.channels(), "height", size.height(), "width", size.width()),
                    exampleInputs);
        }

        /** The same with one more argument in its examples. */
        Entry withExample(String argument, Object value) {
            return new Entry(name, title, paper, family, attends, slotKey, anySize, factory, call, size -> {
                Map<String, Object> args = new LinkedHashMap<>(exampleArgs.apply(size));
                args.put(argument, value);
                return args;
            }, exampleInputs);
        }

        /** The same for a layer that gives more than its forward when called on its own. */
        Entry called(BiFunction<Module, List<Tensor>, List<Tensor>> typed) {
            return new Entry(name, title, paper, family, attends, slotKey, anySize, factory, typed, exampleArgs,
                    exampleInputs);
        }

        /** Builds the module; an argument that it does not know is an error. */
        public Module create(Args args) {
            Module module = factory.apply(args);
            args.requireAllRead();
            return module;
        }

        /** Random inputs of the example's shapes that require gradients. */
        public List<Tensor> inputs(Size size) {
            return exampleInputs.apply(size).stream().map(shape -> torch.randn(shape).set_requires_grad(true)).toList();
        }

        /** What a forward costs at a size, measured on one in evaluation mode; the module itself is thrown away. */
        public Cost cost(Size size) {
            try (PointerScope _ = new PointerScope()) {
                Module module = create(new Args(name, exampleArgs.apply(size)));
                module.eval();
                return Cost.of(Kernels.with(Kernels.Choice.LIBTORCH, () -> call.apply(module, inputs(size))));
            }
        }

        /** The year of the paper. */
        public int year() {
            Matcher year = YEAR.matcher(paper);
            if (!year.find()) {
                throw new IllegalStateException(name + ": '" + paper + "' names no year");
            }
            return Integer.parseInt(year.group());
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

        /** The same, let into a trained network without changing what it computes at first. */
        public Slot startingAsIdentity() {
            return new Slot(key, channels -> new IdentityStart(factory.apply(channels)));
        }
    }

    static {
        Stream.of(CbamRows.rows(), ChannelRows.rows(), ChannelAndSpaceRows.rows(), PairRows.rows(),
                RelationRows.rows()).flatMap(List::stream).forEach(entry -> {
                    if (TABLE.put(entry.name(), entry) != null) {
                        throw new IllegalStateException("'" + entry.name() + "' stands twice in the table");
                    }
                });
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
     * @throws IllegalArgumentException for an unknown name, a malformed argument or a module that fits no slot
     */
    public static Slot slot(String text) {
        Args args = Args.parse(text);
        Entry entry = entry(args.owner());
        String key = entry.slotKey().orElseThrow(() -> new IllegalArgumentException("'" + entry.name()
                + "' takes more than one map, so it fits no slot; those that do: " + String.join(", ",
                        TABLE.values().stream().filter(e -> e.slotKey().isPresent()).map(Entry::name).toList())));
        return new Slot(key, channels -> (Layer) entry.create(args.with("channels", channels)));
    }
}

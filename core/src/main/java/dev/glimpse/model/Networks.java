package dev.glimpse.model;

import dev.glimpse.Layer;
import dev.glimpse.attention.Args;
import dev.glimpse.attention.Attentions;
import dev.glimpse.attention.Attentions.Slot;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/**
 * The table of all networks.
 *
 * <pre>
 * Layer network = Networks.create("resnet18", Map.of("attention", "cbam:reduction=8", "classes", 10, "stem", "cifar"));
 * </pre>
 */
public final class Networks {
    private static final Map<String, Entry> TABLE = new LinkedHashMap<>();

    /**
     * A row.
     *
     * @param name what users type
     * @param title the network in a few words
     * @param paper authors, venue and year
     * @param classifier whether it takes {@code classes}, and so can be trained on folders of classes
     * @param factory builds it; reads every argument it knows
     */
    public record Entry(String name, String title, String paper, boolean classifier, Function<Args, Layer> factory) {}

    static {
        add("resnet18", "residual network of 18 layers", "He et al., CVPR 2016", true, a -> resnet(a, 2, 2, 2, 2));
        add("resnet34", "residual network of 34 layers", "He et al., CVPR 2016", true, a -> resnet(a, 3, 4, 6, 3));
        add("white-patch", "three 5x5 convolutions for 96x96 images", "the white-patch article", false,
                a -> new WhitePatchNet(slot(a)));
    }

    private Networks() {}

    /** The rows in their order, by name. */
    public static Map<String, Entry> table() {
        return Collections.unmodifiableMap(TABLE);
    }

    /** @throws IllegalArgumentException for an unknown name, listing the known ones */
    public static Entry entry(String name) {
        Entry entry = TABLE.get(name);
        if (entry == null) {
            throw new IllegalArgumentException(
                    "no network is called '" + name + "'; known: " + String.join(", ", TABLE.keySet()));
        }
        return entry;
    }

    /**
     * Builds a network by name.
     *
     * @throws IllegalArgumentException for an unknown name, listing the known ones, or a wrong argument
     */
    public static Layer create(String name, Map<String, ?> args) {
        Entry entry = entry(name);
        Args read = new Args(name, args);
        Layer network = entry.factory().apply(read);
        read.requireAllRead();
        return network;
    }

    private static Layer resnet(Args args, Integer... blocks) {
        ResNet.Stem stem = Args.constant(args.owner(), "stem", ResNet.Stem.class, args.text("stem", "imagenet"));
        return new ResNet(new ResNet.Config(List.of(blocks), args.integer("classes", 1000),
                args.integer("input_channels", 3), stem, slot(args)));
    }

    private static Optional<Slot> slot(Args args) {
        String text = args.text("attention", "none");
        return text.equals("none") ? Optional.empty() : Optional.of(Attentions.slot(text));
    }

    private static void add(String name, String title, String paper, boolean classifier,
            Function<Args, Layer> factory) {
        TABLE.put(name, new Entry(name, title, paper, classifier, factory));
    }
}

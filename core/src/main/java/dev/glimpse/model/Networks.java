package dev.glimpse.model;

import dev.glimpse.Layer;
import dev.glimpse.attention.Args;
import dev.glimpse.attention.Attentions;
import dev.glimpse.attention.Attentions.Slot;
import dev.glimpse.model.ResNet.Config;
import dev.glimpse.model.ResNet.Unit;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * The table of all networks.
 *
 * <pre>
 * Layer network = Networks.create("resnet18", Map.of("attention", "cbam:reduction=8", "classes", 10, "stem", "cifar"));
 * </pre>
 */
public final class Networks {
    private static final Map<String, Entry> TABLE = new LinkedHashMap<>();
    /** How many names an error lists: it is one line. */
    private static final int LISTED = 12;
    private static final String HE = "He et al., CVPR 2016";
    private static final String XIE = "Xie et al., CVPR 2017";
    private static final String ZAGORUYKO = "Zagoruyko and Komodakis, BMVC 2016";

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
        resnet("resnet18", "residual network of 18 layers", HE, Config.of(Unit.BASIC, 2, 2, 2, 2));
        resnet("resnet34", "residual network of 34 layers", HE, Config.of(Unit.BASIC, 3, 4, 6, 3));
        resnet("resnet50", "residual network of 50 layers", HE, Config.of(Unit.BOTTLENECK, 3, 4, 6, 3));
        resnet("resnet101", "residual network of 101 layers", HE, Config.of(Unit.BOTTLENECK, 3, 4, 23, 3));
        resnet("resnet152", "residual network of 152 layers", HE, Config.of(Unit.BOTTLENECK, 3, 8, 36, 3));
        resnet("resnext50_32x4d", "ResNet-50 with grouped convolutions", XIE,
                Config.of(Unit.BOTTLENECK, 3, 4, 6, 3).withGroups(32, 4));
        resnet("resnext101_32x4d", "ResNet-101 with grouped convolutions", XIE,
                Config.of(Unit.BOTTLENECK, 3, 4, 23, 3).withGroups(32, 4));
        resnet("resnext101_32x8d", "ResNet-101 with twice as wide grouped convolutions", XIE,
                Config.of(Unit.BOTTLENECK, 3, 4, 23, 3).withGroups(32, 8));
        resnet("resnext101_64x4d", "ResNet-101 with twice as many groups", XIE,
                Config.of(Unit.BOTTLENECK, 3, 4, 23, 3).withGroups(64, 4));
        resnet("wide_resnet50_2", "ResNet-50 with 3x3 convolutions twice as wide", ZAGORUYKO,
                Config.of(Unit.BOTTLENECK, 3, 4, 6, 3).withGroups(1, 128));
        resnet("wide_resnet18_1.5", "ResNet-18 with stages half as wide again, as in CBAM's experiments", ZAGORUYKO,
                Config.of(Unit.BASIC, 2, 2, 2, 2).widened(1.5));
        resnet("wide_resnet18_2", "ResNet-18 with stages twice as wide, as in CBAM's experiments", ZAGORUYKO,
                Config.of(Unit.BASIC, 2, 2, 2, 2).widened(2));
        ClassicRows.rows().forEach(entry -> TABLE.put(entry.name(), entry));
        add("unet", "U-Net, with an attention on what the encoder hands across", "Ronneberger et al., MICCAI 2015",
                false, a -> new UNet(UNet.Config.read(a)));
        AttentionNetRows.rows().forEach(row -> TABLE.put(row.name(), row));
        TimmRows.rows().forEach(row -> TABLE.put(row.name(), row));
        add("white-patch", "three 5x5 convolutions for 96x96 images", "the white-patch article", false,
                a -> new WhitePatchNet(slot(a)));
    }

    private Networks() {}

    /** The rows in their order, by name. */
    public static Map<String, Entry> table() {
        return Collections.unmodifiableMap(TABLE);
    }

    /** @throws IllegalArgumentException for an unknown name, listing known ones, those that begin alike first */
    public static Entry entry(String name) {
        Entry entry = TABLE.get(name);
        if (entry == null) {
            String known = TABLE.keySet().stream()
                    .sorted(Comparator.comparingInt((String other) -> -shared(name, other))).limit(LISTED)
                    .collect(Collectors.joining(", "));
            int left = TABLE.size() - LISTED;
            throw new IllegalArgumentException("no network is called '" + name + "'; known: " + known
                    + (left > 0 ? " and " + left + " more" : ""));
        }
        return entry;
    }

    /** How many characters two names have in common from their beginnings on. */
    private static int shared(String name, String other) {
        int i = 0;
        while (i < Math.min(name.length(), other.length()) && name.charAt(i) == other.charAt(i)) {
            i++;
        }
        return i;
    }

    /**
     * Builds a network by name.
     *
     * @throws IllegalArgumentException for an unknown name, listing known ones, or a wrong argument
     */
    public static Layer create(String name, Map<String, ?> args) {
        return create(new Args(name, args));
    }

    /** Builds a network from its name with arguments, as users type it: {@code resnet50:stride=1x1}. */
    public static Layer create(Args args) {
        Layer network = entry(args.owner()).factory().apply(args);
        args.requireAllRead();
        return network;
    }

    private static void resnet(String name, String title, String paper, Config defaults) {
        add(name, title, paper, true,
                a -> new ResNet(defaults.read(a).withAttention(Placement.read(a))));
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

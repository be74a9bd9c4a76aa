package dev.glimpse.model;

import dev.glimpse.Layer;
import dev.glimpse.attention.Args;
import dev.glimpse.attention.Attentions;
import dev.glimpse.attention.Attentions.Slot;
import dev.glimpse.attention.SkTimm;
import dev.glimpse.model.Networks.Entry;
import dev.glimpse.model.ResNet.Config;
import dev.glimpse.model.ResNet.Shortcut;
import dev.glimpse.model.ResNet.Stem;
import dev.glimpse.model.ResNet.Unit;
import java.util.List;

/** Residual networks that have an attention of their own: those that the authors of a paper on attention published. */
final class AttentionNetRows {
    private static final long CITYSCAPES_CLASSES = 19;
    private static final String LI = "Li et al., CVPR 2019";
    /** The authors' kernels: all branches see all channels, z has at least 32 values. */
    static final SkTimm.Config KERNELS = new SkTimm.Config(0, 1.0 / 16, 0, 32, true, false, 1, 1);

    private AttentionNetRows() {}

    static List<Entry> rows() {
        return List.of(
                new Entry("senet154", "SENet-154, with keys as converted from Caffe", "Hu et al., CVPR 2018", true,
                        args -> new SeNet(senet154().withDrops(SeNet.DROPS).read(args).withAttention(
                                Placement.read(args, SeNet.GATE, SeNet::slot).withKey(SeNet.KEY)))),
                sk("sknet50", "ResNeXt-50 with selective kernels", Config.of(Unit.BOTTLENECK, 3, 4, 6, 3)),
                sk("sknet101", "ResNeXt-101 with selective kernels", Config.of(Unit.BOTTLENECK, 3, 4, 23, 3)),
                eca("ecanet18", Config.of(Unit.BASIC, 2, 2, 2, 2), 3, 5, 7, 7),
                eca("ecanet34", Config.of(Unit.BASIC, 3, 4, 6, 3), 3, 3, 5, 7),
                eca("ecanet50", Config.of(Unit.BOTTLENECK, 3, 4, 6, 3), 3, 5, 5, 7),
                eca("ecanet101", Config.of(Unit.BOTTLENECK, 3, 4, 23, 3), 3, 3, 5, 7),
                eca("ecanet152", Config.of(Unit.BOTTLENECK, 3, 8, 36, 3), 3, 3, 5, 7),
                fca("fcanet34", Config.of(Unit.BASIC, 3, 4, 6, 3)),
                fca("fcanet50", Config.of(Unit.BOTTLENECK, 3, 4, 6, 3)),
                fca("fcanet101", Config.of(Unit.BOTTLENECK, 3, 4, 23, 3)),
                fca("fcanet152", Config.of(Unit.BOTTLENECK, 3, 8, 36, 3)),
                dual("danet_resnetd50b", "dual attention network on a dilated ResNet-50", 6),
                dual("danet_resnetd101b", "dual attention network on a dilated ResNet-101", 23));
    }

    /** Without its gates. */
    static Config senet154() {
        return Config.of(Unit.NARROW_BOTTLENECK, 3, 8, 36, 3).withGroups(64, 4)
                .withStem(Stem.WIDE, Shortcut.CONVOLUTION_3X3);
    }

    /** As many parameters as in osmr/pytorchcv, keys as in timm: the authors' networks are for Caffe. */
    private static Entry sk(String name, String title, Config config) {
        return new Entry(name, title, LI, true, args -> ResNet.selective(
                config.withGroups(32, 4).read(args).withAttention(Placement.read(args)), KERNELS));
    }

    /** Keys as in BangguWu/ECANet, kernels as in the names of its weights. */
    private static Entry eca(String name, Config config, Integer... kernels) {
        return attended(name, "ResNet with ECA, kernels by stage", "Wang et al., CVPR 2020", config, "eca", "eca",
                List.of("kernel"), List.of(kernels));
    }

    private static Entry dual(String name, String title, int blocks) {
        Config config = Config.of(Unit.BOTTLENECK, 3, 4, blocks, 3).withStem(Stem.WIDE, Shortcut.CONVOLUTION);
        return new Entry(name, title, "Fu et al., CVPR 2019", false,
                args -> new DualAttentionNet(config.forTask(args.integer("classes", CITYSCAPES_CLASSES),
                        args.integer("input_channels", config.inputChannels()))
                        .withDrops(new Drops(args.number("drop_path", 0), 0)).withAttention(Placement.read(args))));
    }

    /** Keys and filters' sizes as in cfzd/FcaNet: those of the maps of an image of 224 pixels. */
    private static Entry fca(String name, Config config) {
        return attended(name, "ResNet with frequency channel attention", "Qin et al., ICCV 2021", config, "fca", "att",
                List.of("height", "width"), List.of(56, 28, 14, 7));
    }

    private static Entry attended(String name, String title, String paper, Config config, String own, String key,
            List<String> arguments, List<Integer> values) {
        return new Entry(name, title, paper, true, args -> new ResNet(config.read(args).withAttention(Placement
                .read(args, own, text -> slot(text, own, config, arguments, values)).withKey(key))));
    }

    /** The network's own attention gets each stage's own value, unless a user gives one; any other is as they type it. */
    private static Slot slot(String text, String own, Config config, List<String> arguments, List<Integer> values) {
        Slot typed = Attentions.slot(text);
        Args args = Args.parse(text);
        if (!args.owner().equals(own) || arguments.stream().anyMatch(args::has)) {
            return typed;
        }
        return new Slot(typed.key(), channels -> {
            Integer value = values.get(config.widths().indexOf(channels / config.unit().expansion()));
            Args sized = args.with("channels", channels);
            for (String argument : arguments) {
                sized = sized.with(argument, value);
            }
            return (Layer) Attentions.entry(own).create(sized);
        });
    }
}

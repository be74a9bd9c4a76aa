package dev.glimpse.model;

import dev.glimpse.attention.Attentions;
import dev.glimpse.attention.Attentions.Slot;
import dev.glimpse.attention.SkTimm;
import dev.glimpse.model.Networks.Entry;
import dev.glimpse.model.ResNet.Config;
import dev.glimpse.model.ResNet.Shortcut;
import dev.glimpse.model.ResNet.Stem;
import dev.glimpse.model.ResNet.Stride;
import dev.glimpse.model.ResNet.Unit;
import java.util.ArrayList;
import java.util.List;

/** timm's networks under its names and with its keys: what a user puts in the place of their attention has its key, too. */
final class TimmRows {
    private static final String PREFIX = "timm/";
    private static final String KEY = "se";
    private static final String NONE = "none";
    private static final String SE = "se-timm";
    private static final String ECA = "eca";
    private static final String GC = "gc-timm:fuse_add=true,fuse_scale=false";
    private static final String WANG = "Wang et al., CVPR 2020; timm";
    private static final String HU = "Hu et al., CVPR 2018; timm";

    private final List<Entry> rows = new ArrayList<>();

    private TimmRows() {}

    static List<Entry> rows() {
        TimmRows timm = new TimmRows();
        timm.resNets();
        timm.seResNets();
        timm.ecaResNets();
        timm.skResNets();
        timm.resNests();
        timm.legacyNets();
        timm.byobNets();
        return timm.rows;
    }

    private void resNets() {
        String he = "He et al., CVPR 2016; timm";
        String xie = "Xie et al., CVPR 2017; timm";
        String zagoruyko = "Zagoruyko and Komodakis, BMVC 2016; timm";
        add("resnet10t", "ResNet-10, tiered stem", he, NONE, tiered(basic(1, 1, 1, 1)));
        add("resnet14t", "ResNet-14, tiered stem", he, NONE, tiered(bottleneck(1, 1, 1, 1)));
        add("resnet18", "ResNet-18", he, NONE, basic(2, 2, 2, 2));
        add("resnet18d", "ResNet-18, deep stem", he, NONE, deep(basic(2, 2, 2, 2)));
        add("resnet26", "ResNet-26", he, NONE, bottleneck(2, 2, 2, 2));
        add("resnet26d", "ResNet-26, deep stem", he, NONE, deep(bottleneck(2, 2, 2, 2)));
        add("resnet26t", "ResNet-26, tiered stem", he, NONE, tiered(bottleneck(2, 2, 2, 2)));
        add("resnet34", "ResNet-34", he, NONE, basic(3, 4, 6, 3));
        add("resnet34d", "ResNet-34, deep stem", he, NONE, deep(basic(3, 4, 6, 3)));
        add("resnet50", "ResNet-50", he, NONE, bottleneck(3, 4, 6, 3));
        add("resnet50c", "ResNet-50, deep stem, plain shortcuts", he, NONE,
                bottleneck(3, 4, 6, 3).withStem(Stem.DEEP, Shortcut.CONVOLUTION));
        add("resnet50d", "ResNet-50, deep stem", he, NONE, deep(bottleneck(3, 4, 6, 3)));
        add("resnet50s", "ResNet-50, wide deep stem, plain shortcuts", he, NONE,
                bottleneck(3, 4, 6, 3).withStem(Stem.WIDE, Shortcut.CONVOLUTION));
        add("resnet50t", "ResNet-50, tiered stem", he, NONE, tiered(bottleneck(3, 4, 6, 3)));
        add("resnet101", "ResNet-101", he, NONE, bottleneck(3, 4, 23, 3));
        add("resnet101d", "ResNet-101, deep stem", he, NONE, deep(bottleneck(3, 4, 23, 3)));
        add("resnet152", "ResNet-152", he, NONE, bottleneck(3, 8, 36, 3));
        add("resnet152d", "ResNet-152, deep stem", he, NONE, deep(bottleneck(3, 8, 36, 3)));
        add("resnet200d", "ResNet-200, deep stem", he, NONE, deep(bottleneck(3, 24, 36, 3)));
        add("resnext50_32x4d", "ResNeXt-50", xie, NONE, bottleneck(3, 4, 6, 3).withGroups(32, 4));
        add("resnext50d_32x4d", "ResNeXt-50, deep stem", xie, NONE, deep(bottleneck(3, 4, 6, 3).withGroups(32, 4)));
        add("resnext101_32x4d", "ResNeXt-101", xie, NONE, bottleneck(3, 4, 23, 3).withGroups(32, 4));
        add("resnext101_32x8d", "ResNeXt-101, twice as wide", xie, NONE, bottleneck(3, 4, 23, 3).withGroups(32, 8));
        add("resnext101_64x4d", "ResNeXt-101, twice the groups", xie, NONE, bottleneck(3, 4, 23, 3).withGroups(64, 4));
        add("wide_resnet50_2", "Wide ResNet-50", zagoruyko, NONE, bottleneck(3, 4, 6, 3).withGroups(1, 128));
        add("wide_resnet101_2", "Wide ResNet-101", zagoruyko, NONE, bottleneck(3, 4, 23, 3).withGroups(1, 128));
    }

    private void seResNets() {
        add("seresnet18", "SE-ResNet-18", HU, SE, basic(2, 2, 2, 2));
        add("seresnet34", "SE-ResNet-34", HU, SE, basic(3, 4, 6, 3));
        add("seresnet50", "SE-ResNet-50", HU, SE, bottleneck(3, 4, 6, 3));
        add("seresnet50t", "SE-ResNet-50, tiered stem", HU, SE, tiered(bottleneck(3, 4, 6, 3)));
        add("seresnet101", "SE-ResNet-101", HU, SE, bottleneck(3, 4, 23, 3));
        add("seresnet152", "SE-ResNet-152", HU, SE, bottleneck(3, 8, 36, 3));
        add("seresnet152d", "SE-ResNet-152, deep stem", HU, SE, deep(bottleneck(3, 8, 36, 3)));
        add("seresnext26d_32x4d", "SE-ResNeXt-26, deep stem", HU, SE, deep(bottleneck(2, 2, 2, 2).withGroups(32, 4)));
        add("seresnext26t_32x4d", "SE-ResNeXt-26, tiered stem", HU, SE,
                tiered(bottleneck(2, 2, 2, 2).withGroups(32, 4)));
        add("seresnext50_32x4d", "SE-ResNeXt-50", HU, SE, bottleneck(3, 4, 6, 3).withGroups(32, 4));
        add("seresnext101_32x4d", "SE-ResNeXt-101", HU, SE, bottleneck(3, 4, 23, 3).withGroups(32, 4));
        add("seresnext101_32x8d", "SE-ResNeXt-101, twice as wide", HU, SE,
                bottleneck(3, 4, 23, 3).withGroups(32, 8));
        add("seresnext101d_32x8d", "SE-ResNeXt-101, twice as wide, deep stem", HU, SE,
                deep(bottleneck(3, 4, 23, 3).withGroups(32, 8)));
        add("seresnext101_64x4d", "SE-ResNeXt-101, twice the groups", HU, SE,
                bottleneck(3, 4, 23, 3).withGroups(64, 4));
        add("senet154", "SENet-154", HU, SE, AttentionNetRows.senet154());
    }

    private void ecaResNets() {
        add("ecaresnet26t", "ECA-ResNet-26, tiered stem", WANG, ECA, tiered(bottleneck(2, 2, 2, 2)));
        add("ecaresnet50d", "ECA-ResNet-50, deep stem", WANG, ECA, deep(bottleneck(3, 4, 6, 3)));
        add("ecaresnet50t", "ECA-ResNet-50, tiered stem", WANG, ECA, tiered(bottleneck(3, 4, 6, 3)));
        add("ecaresnet101d", "ECA-ResNet-101, deep stem", WANG, ECA, deep(bottleneck(3, 4, 23, 3)));
        add("ecaresnetlight", "ECA-ResNet, most blocks in its third stage", WANG, ECA,
                bottleneck(1, 1, 11, 3).withStem(Stem.IMAGENET, Shortcut.AVERAGE));
        add("ecaresnext26t_32x4d", "ECA-ResNeXt-26, tiered stem", WANG, ECA,
                tiered(bottleneck(2, 2, 2, 2).withGroups(32, 4)));
    }

    private void skResNets() {
        SkTimm.Config half = new SkTimm.Config(0, 1.0 / 8, 0, 16, true, true, 1, 1);
        addSelective("skresnet18", "SK-ResNet-18", half, basic(2, 2, 2, 2));
        addSelective("skresnet34", "SK-ResNet-34", half, basic(3, 4, 6, 3));
        addSelective("skresnet50", "SK-ResNet-50", SkTimm.Config.DEFAULT, bottleneck(3, 4, 6, 3));
        addSelective("skresnet50d", "SK-ResNet-50, deep stem", SkTimm.Config.DEFAULT, deep(bottleneck(3, 4, 6, 3)));
        addSelective("skresnext50_32x4d", "SK-ResNeXt-50", AttentionNetRows.KERNELS,
                bottleneck(3, 4, 6, 3).withGroups(32, 4));
    }

    private void resNests() {
        addSplit("resnest14d", "ResNeSt-14, split attention", deep(bottleneck(1, 1, 1, 1)));
        addSplit("resnest26d", "ResNeSt-26, split attention", deep(bottleneck(2, 2, 2, 2)));
        addSplit("resnest50d", "ResNeSt-50, split attention", deep(bottleneck(3, 4, 6, 3)));
        addSplit("resnest101e", "ResNeSt-101, split attention, wide deep stem",
                bottleneck(3, 4, 23, 3).withStem(Stem.WIDE, Shortcut.AVERAGE));
    }

    private void legacyNets() {
        addLegacy("seresnet18", "SE-ResNet-18", basic(2, 2, 2, 2));
        addLegacy("seresnet34", "SE-ResNet-34", basic(3, 4, 6, 3));
        addLegacy("seresnet50", "SE-ResNet-50", bottleneck(3, 4, 6, 3).withStride(Stride.IN_1X1));
        addLegacy("seresnet101", "SE-ResNet-101", bottleneck(3, 4, 23, 3).withStride(Stride.IN_1X1));
        addLegacy("seresnet152", "SE-ResNet-152", bottleneck(3, 8, 36, 3).withStride(Stride.IN_1X1));
        addLegacy("seresnext26_32x4d", "SE-ResNeXt-26", bottleneck(2, 2, 2, 2).withGroups(32, 4));
        addLegacy("seresnext50_32x4d", "SE-ResNeXt-50", bottleneck(3, 4, 6, 3).withGroups(32, 4));
        addLegacy("seresnext101_32x4d", "SE-ResNeXt-101", bottleneck(3, 4, 23, 3).withGroups(32, 4));
        addLegacy("senet154", "SENet-154", AttentionNetRows.senet154());
    }

    private void byobNets() {
        String cao = "Cao et al., ICCV Workshops 2019; timm";
        ByobNet.Config next26 = ByobNet.Config.of(2, 2, 2, 2).withGroupsOf(32).withSilu();
        addByob("resnext26ts", "ResNeXt-26, tiered stem, SiLU", "Xie et al., CVPR 2017; timm", NONE, next26);
        addByob("seresnext26ts", "SE-ResNeXt-26, tiered stem, SiLU", HU, SE, next26);
        addByob("eca_resnext26ts", "ECA-ResNeXt-26, tiered stem, SiLU", WANG, ECA, next26);
        addByob("gcresnext26ts", "ResNeXt-26 with global context, tiered stem, SiLU", cao, GC, next26);
        ByobNet.Config wide33 = ByobNet.Config.of(2, 3, 3, 2).withWidths(256, 512, 1536, 1536).withoutPool()
                .withHead(1280).withSilu();
        addByob("resnet33ts", "ResNet-33, tiered stem, SiLU", "He et al., CVPR 2016; timm", NONE, wide33);
        addByob("seresnet33ts", "SE-ResNet-33, tiered stem, SiLU", HU, SE, wide33);
        addByob("eca_resnet33ts", "ECA-ResNet-33, tiered stem, SiLU", WANG, ECA, wide33);
        addByob("gcresnet33ts", "ResNet-33 with global context, tiered stem, SiLU", cao, GC, wide33);
        addByob("gcresnet50t", "ResNet-50 with global context, tiered stem", cao, GC,
                ByobNet.Config.of(3, 4, 6, 3).withoutPool());
        addByob("gcresnext50ts", "ResNeXt-50 with global context, tiered stem, SiLU", cao, GC,
                ByobNet.Config.of(3, 4, 6, 3).withGroupsOf(32).withSilu());
    }

    private void addByob(String name, String title, String paper, String attention, ByobNet.Config defaults) {
        rows.add(new Entry(PREFIX + name, title, paper, true, args -> new ByobNet(defaults
                .forTask(args.integer("classes", defaults.classes()),
                        args.integer("input_channels", defaults.inputChannels()))
                .withDrops(defaults.drops().read(args))
                .withAttention(Placement.read(args, attention, TimmRows::slot).withKey("attn")))));
    }

    private void addSelective(String name, String title, SkTimm.Config kernels, Config defaults) {
        rows.add(new Entry(PREFIX + name, title, "Li et al., CVPR 2019; timm", true, args -> ResNet
                .selective(defaults.read(args).withAttention(Placement.read(args).withKey(KEY)), kernels)));
    }

    private void addSplit(String name, String title, Config config) {
        Config defaults = config.startingAsShortcuts();
        rows.add(new Entry(PREFIX + name, title, "Zhang et al., CVPR Workshops 2022; timm", true, args -> ResNet
                .split(defaults.read(args).withAttention(Placement.read(args).withKey(KEY)))));
    }

    private void addLegacy(String name, String title, Config defaults) {
        rows.add(new Entry(PREFIX + "legacy_" + name, title + ", keys as converted from Caffe", HU, true,
                args -> new SeNet(defaults.withDrops(SeNet.DROPS).read(args).withAttention(
                        Placement.read(args, SeNet.GATE, SeNet::slot).withKey(SeNet.KEY)))));
    }

    private void add(String name, String title, String paper, String attention, Config config) {
        Config defaults = config.startingAsShortcuts();
        rows.add(new Entry(PREFIX + name, title, paper, true, args -> new ResNet(defaults.read(args)
                .withAttention(Placement.read(args, attention, TimmRows::slot).withKey(KEY)))));
    }

    /** As users type it; timm's own squeeze-and-excitation starts as all convolutions there do. */
    private static Slot slot(String text) {
        Slot slot = Attentions.slot(text);
        return text.equals(SE) ? SeNet.startingAsConvolutions(slot) : slot;
    }

    private static Config basic(Integer... blocks) {
        return Config.of(Unit.BASIC, blocks);
    }

    private static Config bottleneck(Integer... blocks) {
        return Config.of(Unit.BOTTLENECK, blocks);
    }

    private static Config deep(Config config) {
        return config.withStem(Stem.DEEP, Shortcut.AVERAGE);
    }

    private static Config tiered(Config config) {
        return config.withStem(Stem.TIERED, Shortcut.AVERAGE);
    }
}

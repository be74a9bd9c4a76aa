package dev.glimpse.model;

import dev.glimpse.Layer;
import dev.glimpse.attention.Args;
import dev.glimpse.attention.ResidualAttention.Form;
import dev.glimpse.model.Networks.Entry;
import java.util.List;
import java.util.function.Function;

/** Classifiers other than ResNets: those that attention is most often put into. */
final class ClassicRows {
    private static final String VGG = "Simonyan and Zisserman, ICLR 2015";

    private ClassicRows() {}

    static List<Entry> rows() {
        return List.of(
                vgg("vgg11", "VGG of 11 layers", Vgg.Config.of(1, 1, 2, 2, 2)),
                vgg("vgg11_bn", "VGG of 11 layers with batch norm", Vgg.Config.of(1, 1, 2, 2, 2).normed()),
                vgg("vgg13", "VGG of 13 layers", Vgg.Config.of(2, 2, 2, 2, 2)),
                vgg("vgg13_bn", "VGG of 13 layers with batch norm", Vgg.Config.of(2, 2, 2, 2, 2).normed()),
                vgg("vgg16", "VGG of 16 layers", Vgg.Config.of(2, 2, 3, 3, 3)),
                vgg("vgg16_bn", "VGG of 16 layers with batch norm", Vgg.Config.of(2, 2, 3, 3, 3).normed()),
                vgg("vgg19", "VGG of 19 layers", Vgg.Config.of(2, 2, 4, 4, 4)),
                vgg("vgg19_bn", "VGG of 19 layers with batch norm", Vgg.Config.of(2, 2, 4, 4, 4).normed()),
                row("mobilenet", "depthwise and pointwise convolutions in turn", "Howard et al., 2017",
                        ClassicRows::mobileNet),
                row("mobilenet_v2", "inverted residuals with depthwise convolutions", "Sandler et al., CVPR 2018",
                        ClassicRows::mobileNetV2),
                row("densenet121", "layers that add to all channels before them", "Huang et al., CVPR 2017",
                        a -> denseNet(a, DenseNet.Config.of(32, 64, 6, 12, 24, 16))),
                row("googlenet", "blocks of four branches, the first Inception network", "Szegedy et al., CVPR 2015",
                        ClassicRows::googLeNet),
                row("xception", "residual blocks of depthwise separable convolutions", "Chollet, CVPR 2017",
                        ClassicRows::xception),
                row("resattnet56", "Attention-56: hourglasses as masks between stages", "Wang et al., CVPR 2017",
                        a -> residualAttention(a, 1, 1, 1)),
                row("resattnet92", "Attention-92: more of them", "Wang et al., CVPR 2017",
                        a -> residualAttention(a, 1, 2, 3)));
    }

    private static Entry vgg(String name, String title, Vgg.Config c) {
        return row(name, title, VGG, a -> new Vgg(c
                .withHidden(a.integer("hidden", c.hidden()), a.number("dropout", c.dropout()))
                .forTask(a.integer("classes", c.classes()), a.integer("input_channels", c.inputChannels()))
                .withAttention(Placement.read(a))));
    }

    private static Layer mobileNet(Args a) {
        MobileNet.Config c = MobileNet.Config.DEFAULT;
        return new MobileNet(c.withWidth(a.number("width", c.width()))
                .forTask(a.integer("classes", c.classes()), a.integer("input_channels", c.inputChannels()))
                .withAttention(Placement.read(a)));
    }

    private static Layer mobileNetV2(Args a) {
        MobileNetV2.Config c = MobileNetV2.Config.DEFAULT;
        return new MobileNetV2(c.withWidth(a.number("width", c.width())).withDrops(c.drops().read(a))
                .forTask(a.integer("classes", c.classes()), a.integer("input_channels", c.inputChannels()))
                .withAttention(Placement.read(a)));
    }

    private static Layer denseNet(Args a, DenseNet.Config c) {
        return new DenseNet(c.forTask(a.integer("classes", c.classes()), a.integer("input_channels", c.inputChannels()))
                .withAttention(Placement.read(a)));
    }

    private static Layer googLeNet(Args a) {
        GoogLeNet.Config c = GoogLeNet.Config.DEFAULT;
        return new GoogLeNet(c.withAuxiliary(a.flag("aux", c.auxiliary()))
                .withTransformInput(a.flag("transform_input", c.transformInput()))
                .withDropout(a.number("dropout", c.dropout()))
                .forTask(a.integer("classes", c.classes()), a.integer("input_channels", c.inputChannels()))
                .withAttention(Placement.read(a)));
    }

    private static Layer xception(Args a) {
        Xception.Config c = Xception.Config.DEFAULT;
        return new Xception(c.withDrops(c.drops().read(a))
                .forTask(a.integer("classes", c.classes()), a.integer("input_channels", c.inputChannels()))
                .withAttention(Placement.read(a)));
    }

    private static Entry row(String name, String title, String paper, Function<Args, Layer> factory) {
        return new Entry(name, title, paper, true, factory);
    }

    private static Layer residualAttention(Args a, Integer... modules) {
        Form form = Args.constant(a.owner(), "form", Form.class, a.text("form", "authors"));
        return new ResidualAttentionNet(new ResidualAttentionNet.Config(List.of(modules), form,
                a.integer("classes", 1000), a.integer("input_channels", 3), Placement.read(a)));
    }
}

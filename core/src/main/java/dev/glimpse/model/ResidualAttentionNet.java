package dev.glimpse.model;

import static dev.glimpse.nn.Layers.batchNorm2d;
import static dev.glimpse.nn.Layers.conv2d;
import static dev.glimpse.nn.Layers.linear;
import static dev.glimpse.nn.Layers.maxPool2d;
import static dev.glimpse.nn.Layers.relu;
import static dev.glimpse.nn.Window.stride;

import dev.glimpse.Layer;
import dev.glimpse.attention.ResidualAttention;
import dev.glimpse.attention.ResidualAttention.Form;
import dev.glimpse.attention.ResidualAttention.Trunk;
import dev.glimpse.attention.ResidualAttention.Unit;
import dev.glimpse.model.Placement.Site;
import dev.glimpse.nn.Checks;
import dev.glimpse.nn.Sequential;
import dev.glimpse.nn.Tensors;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import org.bytedeco.pytorch.LinearImpl;
import org.bytedeco.pytorch.MaxPool2dImpl;
import org.bytedeco.pytorch.Tensor;

/**
 * Residual attention networks: between the stages of a residual network stand modules whose mask branch, an hourglass, scales
 * their trunk's features.
 *
 * <pre>
 * stem       conv 7x7 /2, norm, relu, max-pool /2
 * stage 1-3  unit (/2 from the second on), then 1 to 3 attention modules that go down 3, 2 and 1 times
 * stage 4    three units
 * head       norm, relu, mean over positions, linear                     (B, classes)
 * </pre>
 *
 * Wang, Jiang, Qian, Yang, Li, Zhang, Wang, Tang: Residual Attention Network for Image Classification. CVPR 2017.
 * <a href="https://arxiv.org/abs/1704.06904">arXiv:1704.06904</a>
 *
 * <p>
 * Attention-56 has one module a stage, Attention-92 one, two and three. Keys as in their common PyTorch port
 * (tengshaofeng/ResidualAttentionNetwork-pytorch), which adds up more in its hourglasses: {@code form=port} for its weights,
 * less its unused {@code conv4}s. Unlike there, images may have any size: the masks take the size of their maps. A user's own
 * attention stands behind units and modules, under the root.
 */
public final class ResidualAttentionNet extends Layer implements ImageNetwork {
    private static final long LAST = 2048;

    /**
     * @param modules how many attention modules each of the first three stages has
     * @param form what the hourglasses add up
     */
    public record Config(List<Integer> modules, Form form, long classes, long inputChannels, Placement attention) {
        /** For ImageNet, as the authors add up. */
        public static Config of(Integer... modules) {
            return new Config(List.of(modules), Form.AUTHORS, 1000, 3, Placement.NONE);
        }

        public Config {
            modules = List.copyOf(modules);
            Checks.positive("resattnet: classes", classes);
            Checks.positive("resattnet: input_channels", inputChannels);
            if (modules.size() != 3) {
                throw new IllegalArgumentException("resattnet: modules are " + modules + ", must be three numbers");
            }
            modules.forEach(count -> Checks.positive("resattnet: modules", count));
        }
    }

    private final Sequential conv1;
    private final MaxPool2dImpl pool = register_module("mpool1", maxPool2d(3, 2, 1));
    private final List<List<UnaryOperator<Tensor>>> stages = new ArrayList<>();
    private final Sequential end;
    private LinearImpl fc;

    public ResidualAttentionNet(Config config) {
        conv1 = register_module("conv1", new Sequential(
                conv2d(config.inputChannels(), 64, 7, stride(2).withPadding(3).noBias()), batchNorm2d(64), relu()));
        List<String> places = new ArrayList<>();
        List<String> ends = new ArrayList<>();
        long in = 64;
        for (int stage = 1; stage <= 4; stage++) {
            long out = 128L << stage;
            List<UnaryOperator<Tensor>> blocks = new ArrayList<>();
            add(blocks, places, "residual_block" + stage, new Unit(in, out / 4, out, stage == 1 ? 1 : 2), config, out);
            for (int i = 1; stage < 4 && i <= config.modules().get(stage - 1); i++) {
                add(blocks, places, "attention_module" + stage + (i == 1 ? "" : "_" + i), new ResidualAttention(out,
                        new ResidualAttention.Config(4 - stage, 4, Trunk.BLOCKS, config.form())), config, out);
            }
            for (int i = 5; stage == 4 && i <= 6; i++) {
                add(blocks, places, "residual_block" + i, new Unit(out, out / 4, out, 1), config, out);
            }
            ends.add("stage" + stage);
            int number = stage;
            config.attention().create("stage" + stage, stage == 4 ? Site.LAST_STAGE_END : Site.STAGE_END, out)
                    .ifPresent(layer -> blocks.add(register_module(config.attention().key() + number, layer)::forward));
            stages.add(blocks);
            in = out;
        }
        config.attention().requireKnown("resattnet", places, ends);
        end = register_module("mpool2", new Sequential(batchNorm2d(LAST), relu()));
        fc = register_module("fc", linear(LAST, config.classes()));
    }

    /** A unit or a module, and the user's attention behind it. */
    private void add(List<UnaryOperator<Tensor>> blocks, List<String> places, String path, Layer block, Config config,
            long channels) {
        blocks.add(register_module(path, block)::forward);
        places.add(path);
        config.attention().create(path, Site.BLOCK, channels).ifPresent(
                layer -> blocks.add(register_module(path + "_" + config.attention().key(), layer)::forward));
    }

    /** (B, input channels, H, W) to scores (B, classes). */
    @Override
    public Tensor forward(Tensor images) {
        return classify(features(images));
    }

    @Override
    public Tensor features(Tensor images) {
        return stages(images).getLast();
    }

    @Override
    public List<Tensor> stages(Tensor images) {
        Tensor x = Steps.run(image -> pool.forward(conv1.forward(image)), images);
        return Steps.ends(stages, x); // (B, 256, H/4, W/4) to (B, 2048, H/32, W/32)
    }

    @Override
    public Tensor classify(Tensor features) {
        return fc.forward(Tensors.spatialMean(end.forward(features)).flatten(1, -1));
    }

    @Override
    public void replaceClassifier(long classes) {
        fc = replace_module("fc", linear(LAST, classes));
    }
}

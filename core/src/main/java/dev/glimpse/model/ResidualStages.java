package dev.glimpse.model;

import dev.glimpse.Layer;
import dev.glimpse.model.Placement.Site;
import dev.glimpse.model.ResNet.Config;
import dev.glimpse.nn.Sequential;
import dev.glimpse.nn.Window;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.bytedeco.pytorch.Module;
import org.bytedeco.pytorch.Tensor;

/** The stages of a residual network, under the keys {@code layer1} and on, and the attention behind them. */
final class ResidualStages {
    /** Builds a block of a network. */
    interface Blocks {
        /**
         * @param in how many channels come in
         * @param width the stage's
         * @param window how its 3x3 convolution moves
         * @param path the block's place
         */
        Layer create(long in, long width, Window window, Config config, String path);
    }

    private final List<Stage> stages = new ArrayList<>();
    private final long channels;

    /** @param network whose children they become */
    ResidualStages(Layer network, Config config, Blocks factory) {
        this(network, config, factory, 0);
    }

    /**
     * The same with larger maps for segmentation: a stage that does not halve them dilates its convolutions instead, from its
     * second block on.
     *
     * @param dilated how many of the last stages do not halve
     */
    ResidualStages(Layer network, Config config, Blocks factory, int dilated) {
        Placement attention = config.attention();
        List<String> places = new ArrayList<>();
        List<String> stagePlaces = new ArrayList<>();
        long in = config.stem().channels();
        long dilation = 1;
        int all = config.blocks().stream().mapToInt(Integer::intValue).sum();
        for (int stage = 0; stage < config.widths().size(); stage++) {
            int number = stage + 1;
            String path = "layer" + number;
            long width = config.widths().get(stage);
            boolean dilates = stage >= Math.max(1, config.widths().size() - dilated);
            long firstDilation = dilation;
            dilation *= dilates ? 2 : 1;
            Layer[] blocks = new Layer[config.blocks().get(stage)];
            for (int i = 0; i < blocks.length; i++) {
                Config own = config.withDrops(config.drops().at(places.size(), all));
                places.add(path + "." + i);
                Window window = i == 0 ? window(stage > 0 && !dilates ? 2 : 1, firstDilation) : window(1, dilation);
                blocks[i] = factory.create(in, width, window, own, path + "." + i);
                in = width * config.unit().expansion();
            }
            stagePlaces.add(path);
            Sequential layer = network.register_module(path, new Sequential(blocks));
            Site site = number == config.widths().size() ? Site.LAST_STAGE_END : Site.STAGE_END;
            Optional<Layer> behind = attention.create(path, site, in)
                    .map(created -> network.register_module(attention.key() + number, created));
            stages.add(new Stage(layer, behind));
        }
        attention.requireKnown("resnet", places, stagePlaces);
        channels = in;
    }

    private static Window window(long stride, long dilation) {
        return Window.stride(stride).withPadding(dilation).withDilation(dilation);
    }

    /** How many channels the last stage gives. */
    long channels() {
        return channels;
    }

    /** The maps at the end of each stage. */
    List<Tensor> all(Tensor x) {
        List<Tensor> maps = new ArrayList<>();
        Tensor y = x;
        for (Stage stage : stages) {
            y = stage.forward(y);
            maps.add(y);
        }
        return maps;
    }

    /** The maps at the end of the last stage. */
    Tensor last(Tensor x) {
        Tensor y = x;
        for (Stage stage : stages) {
            y = stage.forward(y);
        }
        return y;
    }

    /** A stage's blocks, and what stands behind them. */
    private record Stage(Sequential blocks, Optional<Layer> attention) {
        Tensor forward(Tensor x) {
            Tensor y = x;
            for (Module block : blocks.parts().values()) {
                y = Steps.run(((Layer) block)::forward, y);
            }
            return attention.isPresent() ? Steps.run(attention.get()::forward, y) : y;
        }
    }
}

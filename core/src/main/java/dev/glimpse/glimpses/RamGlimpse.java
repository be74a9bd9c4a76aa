package dev.glimpse.glimpses;

import static dev.glimpse.nn.Layers.linear;

import dev.glimpse.nn.Checks;
import org.bytedeco.pytorch.LinearImpl;
import org.bytedeco.pytorch.Module;
import org.bytedeco.pytorch.Tensor;

/**
 * One glimpse of the recurrent attention model: what is seen and where it is, taken into what was seen before.
 *
 * <pre>
 * g  = relu(W3 relu(W1 retina(x, l)) + W4 relu(W2 l))      the sensor      (B, glimpse + location features)
 * h' = relu(Wi g + Wh h)                                   the core        (B, hidden)
 * </pre>
 *
 * Mnih, Heess, Graves, Kavukcuoglu: Recurrent Models of Visual Attention. NeurIPS 2014,
 * <a href="https://arxiv.org/abs/1406.6247">arXiv:1406.6247</a>; keys of kevinzakka/recurrent-visual-attention.
 */
public final class RamGlimpse extends Module {
    private final Sensor sensor;
    private final Core rnn;

    /**
     * @param channels of the images
     * @param glimpseHidden features of what is seen
     * @param locationHidden features of where it is
     * @param hidden size of the state
     */
    public RamGlimpse(Retina retina, long channels, long glimpseHidden, long locationHidden, long hidden) {
        sensor = register_module("sensor", new Sensor(retina, channels, glimpseHidden, locationHidden));
        rnn = register_module("rnn", new Core(glimpseHidden + locationHidden, hidden));
    }

    /** (B, C, H, W), (B, 2) in -1 to 1 and (B, hidden) to the next state, (B, hidden). */
    public Tensor forward(Tensor images, Tensor locations, Tensor state) {
        return rnn.forward(sensor.forward(images, locations), state);
    }

    /** What is seen, and where. */
    static final class Sensor extends Module {
        private final Retina retina;
        private final LinearImpl what1;
        private final LinearImpl where1;
        private final LinearImpl what2;
        private final LinearImpl where2;

        Sensor(Retina retina, long channels, long glimpseHidden, long locationHidden) {
            this.retina = retina;
            Checks.positive("ram: channels", channels);
            Checks.positive("ram: glimpse_hidden", glimpseHidden);
            Checks.positive("ram: location_hidden", locationHidden);
            long features = glimpseHidden + locationHidden;
            what1 = register_module("fc1", linear(retina.size(channels), glimpseHidden));
            where1 = register_module("fc2", linear(2, locationHidden));
            what2 = register_module("fc3", linear(glimpseHidden, features));
            where2 = register_module("fc4", linear(locationHidden, features));
        }

        /** (B, C, H, W) and (B, 2) to (B, features). */
        Tensor forward(Tensor images, Tensor locations) {
            Tensor what = what2.forward(what1.forward(retina.see(images, locations)).relu());
            Tensor where = where2.forward(where1.forward(locations).relu());
            return what.add(where).relu();
        }
    }

    /** What was seen so far. */
    static final class Core extends Module {
        private final LinearImpl input;
        private final LinearImpl before;

        Core(long features, long hidden) {
            input = register_module("i2h", linear(features, Checks.positive("ram: hidden", hidden)));
            before = register_module("h2h", linear(hidden, hidden));
        }

        /** (B, features) and (B, hidden) to (B, hidden). */
        Tensor forward(Tensor features, Tensor state) {
            return input.forward(features).add(before.forward(state)).relu();
        }
    }
}

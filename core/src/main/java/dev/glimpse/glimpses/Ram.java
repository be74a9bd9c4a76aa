package dev.glimpse.glimpses;

import static dev.glimpse.nn.Layers.linear;

import dev.glimpse.Layer;
import dev.glimpse.attention.Args;
import dev.glimpse.nn.Checks;
import dev.glimpse.nn.Tensors;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.LinearImpl;
import org.bytedeco.pytorch.Module;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.ScalarOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * Recurrent attention model: looks at an image through a small {@link Retina}, one place after the other, chooses each
 * place by what it saw before, and names what is there after the last glimpse.
 *
 * <pre>
 * h_t     = glimpse(x, l_t, h_{t-1})                         l_1 anywhere, h_0 = 0
 * mu_t    = tanh(W' relu(W h_t))                             the locator
 * l_{t+1} = mu_t + std * noise, cut off at -1 and 1          (B, 2)
 * b_t     = w h_t                                            the baseline: the reward to be expected
 * scores  = log softmax(V h_T)                               (B, classes)
 * </pre>
 *
 * Mnih, Heess, Graves, Kavukcuoglu: Recurrent Models of Visual Attention. NeurIPS 2014,
 * <a href="https://arxiv.org/abs/1406.6247">arXiv:1406.6247</a>
 *
 * <p>
 * Keys and sizes of kevinzakka/recurrent-visual-attention: as there, locator and baseline see the state without sending
 * gradients into it, and a location's density is taken before it is cut off. Unlike there, no location is drawn after the
 * last glimpse, since nothing would look at it, and several looks' probabilities are averaged, not their logarithms.
 */
public final class Ram extends Layer {
    private static final double LOG_ROOT_TWO_PI = 0.5 * Math.log(2 * Math.PI);

    /**
     * @param channels of the images
     * @param glimpses how many places it looks at
     * @param glimpseHidden features of what is seen
     * @param locationHidden features of where it is
     * @param hidden size of the state
     * @param std standard deviation of locations around the locator's mean, half the image being 1
     * @param samples looks at an image that are averaged in eval mode
     */
    public record Config(Retina retina, long channels, long classes, long glimpses, long glimpseHidden,
            long locationHidden, long hidden, double std, long samples) {
        public Config {
            Checks.positive("ram: classes", classes);
            Checks.positive("ram: glimpses", glimpses);
            Checks.positive("ram: samples", samples);
            Checks.above("ram: std", std, 0);
            if (hidden < 2) {
                throw new IllegalArgumentException("ram: hidden is " + hidden + ", must be at least 2");
            }
        }

        /**
         * Reads what users type.
         *
         * @param usual the retina where nothing else is said
         * @param std likewise
         */
        public static Config read(Args args, long classes, Retina usual, double std) {
            Retina retina = new Retina(args.integer("patch", usual.patch()), args.integer("patches", usual.patches()),
                    args.integer("scale", usual.scale()));
            return new Config(retina, 1, classes, args.integer("glimpses", 6), args.integer("glimpse_hidden", 128),
                    args.integer("location_hidden", 128), args.integer("hidden", 256), args.number("std", std),
                    args.integer("samples", 4));
        }
    }

    /**
     * Images, looked at.
     *
     * @param scores logarithms of the classes' probabilities, (B, classes)
     * @param locations of the glimpses, T times (B, 2), across and down, in -1 to 1
     * @param densities logarithms of those with which each location but the first was drawn, (T - 1, B); gradients flow to
     *        the locator
     * @param baselines after each glimpse, (T, B)
     */
    public record Look(Tensor scores, List<Tensor> locations, Tensor densities, Tensor baselines) {
        public Look {
            locations = List.copyOf(locations);
        }
    }

    private final Config config;
    private final RamGlimpse.Sensor sensor;
    private final RamGlimpse.Core rnn;
    private final Locator locator;
    private final Single classifier;
    private final Single baseliner;

    public Ram(Config config) {
        this.config = config;
        sensor = register_module("sensor", new RamGlimpse.Sensor(config.retina(), config.channels(),
                config.glimpseHidden(), config.locationHidden()));
        rnn = register_module("rnn",
                new RamGlimpse.Core(config.glimpseHidden() + config.locationHidden(), config.hidden()));
        locator = register_module("locator", new Locator(config.hidden()));
        classifier = register_module("classifier", new Single(config.hidden(), config.classes()));
        baseliner = register_module("baseliner", new Single(config.hidden(), 1));
    }

    public Config config() {
        return config;
    }

    /** (B, C, H, W) to the logarithms of the classes' probabilities, (B, classes): of one look in training, else of several. */
    @Override
    public Tensor forward(Tensor images) {
        return is_training() ? look(images, Chance.drawn(images, config.glimpses())).scores() : mean(looks(images));
    }

    /** Looks once, at places drawn by libtorch's generator. */
    public Look look(Tensor images) {
        return look(images, Chance.drawn(images, config.glimpses()));
    }

    /** Looks several times, each image at places of its own, which are the same whenever it is looked at. */
    public List<Look> looks(Tensor images) {
        List<Look> looks = new ArrayList<>();
        for (int sample = 0; sample < config.samples(); sample++) {
            looks.add(look(images, Chance.of(images, config.glimpses(), sample)));
        }
        return looks;
    }

    /** The logarithms of the mean probabilities of some looks, (B, classes). */
    public static Tensor mean(List<Look> looks) {
        return Tensors.stack(0, looks.stream().map(Look::scores).toArray(Tensor[]::new)).logsumexp(0)
                .sub(new Scalar(Math.log(looks.size())));
    }

    /** Looks once, with what chance there is given. */
    public Look look(Tensor images, Chance chance) {
        Tensor state = Tensors.zeros(ScalarType.Float, images.size(0), config.hidden()).type_as(images);
        Tensor location = chance.start();
        List<Tensor> locations = new ArrayList<>();
        List<Tensor> densities = new ArrayList<>();
        List<Tensor> baselines = new ArrayList<>();
        for (int t = 0; t < config.glimpses(); t++) {
            if (t > 0) {
                Tensor mean = locator.forward(state.detach()); // (B, 2)
                Tensor drawn = mean.detach().add(chance.noise().get(t - 1).mul(new Scalar(config.std())));
                densities.add(density(drawn, mean));
                location = within(drawn);
            }
            locations.add(location);
            state = rnn.forward(sensor.forward(images, location), state); // (B, hidden)
            baselines.add(baseliner.forward(state.detach()).squeeze(1));
        }
        Tensor scores = classifier.forward(state).log_softmax(1);
        Tensor drawn = densities.isEmpty() ? Tensors.zeros(ScalarType.Float, 0, images.size(0)) : stack(densities);
        return new Look(scores, locations, drawn, stack(baselines));
    }

    private static Tensor stack(List<Tensor> tensors) {
        return Tensors.stack(0, tensors.toArray(Tensor[]::new));
    }

    /** The logarithm of a location's normal density around its mean, both coordinates together: (B). */
    private Tensor density(Tensor drawn, Tensor mean) {
        double std = config.std();
        return drawn.sub(mean).square().sum(1).mul(new Scalar(-0.5 / (std * std)))
                .sub(new Scalar(2 * (Math.log(std) + LOG_ROOT_TWO_PI)));
    }

    private static Tensor within(Tensor locations) {
        return locations.clamp(new ScalarOptional(new Scalar(-1.0)), new ScalarOptional(new Scalar(1.0)));
    }

    /** Where to look next. */
    private static final class Locator extends Module {
        private final LinearImpl features;
        private final LinearImpl place;

        Locator(long hidden) {
            features = register_module("fc", linear(hidden, hidden / 2));
            place = register_module("fc_lt", linear(hidden / 2, 2));
        }

        /** (B, hidden) to (B, 2). */
        Tensor forward(Tensor state) {
            return place.forward(features.forward(state).relu()).tanh();
        }
    }

    /** A layer that stands under a name of its own. */
    private static final class Single extends Module {
        private final LinearImpl fc;

        Single(long hidden, long out) {
            fc = register_module("fc", linear(hidden, out));
        }

        Tensor forward(Tensor state) {
            return fc.forward(state);
        }
    }
}

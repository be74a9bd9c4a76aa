package dev.glimpse.system.caption;

import dev.glimpse.Layer;
import dev.glimpse.model.ImageNetwork;
import dev.glimpse.model.Networks;
import dev.glimpse.nn.Scopes;
import dev.glimpse.nn.Tensors;
import dev.glimpse.sequence.CaptionDecoder;
import dev.glimpse.sequence.Gaze;
import dev.glimpse.system.caption.CaptionConfig.Kind;
import dev.glimpse.train.RunConfig;
import java.util.List;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;

/** An encoder of pictures and a decoder that says captions; the baseline of hard attention with one draw is kept with them. */
final class CaptionNetwork extends Layer {
    private static final double BASELINE_STAYS = 0.9;
    private static final int PROBE = 64; // pixels of a side, to count a network's channels by

    private final CaptionConfig config;
    private final Layer encoder;
    private final CaptionDecoder decoder;
    private final Tensor baseline;

    /** @throws IllegalArgumentException in one line where there is no such encoder or stage */
    CaptionNetwork(CaptionConfig config, RunConfig run) {
        this.config = config;
        boolean small = config.encoder().equals(CaptionConfig.SMALL);
        encoder = register_module("encoder", small ? new SmallEncoder() : network(config.encoder()));
        long channels = small ? SmallEncoder.CHANNELS : channels();
        decoder = register_module("decoder", new CaptionDecoder(config.decoder(run, channels)));
        baseline = register_buffer("baseline", Tensors.of(new float[1], 1));
    }

    private static Layer network(String name) {
        Layer network = Networks.create(name, Map.of());
        if (!(network instanceof ImageNetwork image)) {
            throw new IllegalArgumentException(
                    "caption: encoder is '" + name
                            + "', which has no stages; take small, or a ResNet such as resnet18");
        }
        image.replaceClassifier(1); // nobody asks it
        return network;
    }

    private long channels() {
        encoder.eval();
        try (PointerScope _ = new PointerScope()) {
            return Scopes.noGrad(() -> maps(Tensors.of(new float[3 * PROBE * PROBE], 1, 3, PROBE, PROBE))).size(1);
        } finally {
            encoder.train(true);
        }
    }

    private Tensor maps(Tensor images) {
        if (!(encoder instanceof ImageNetwork network)) {
            return encoder.forward(images);
        }
        List<Tensor> stages = network.stages(images);
        if (config.stage() > stages.size()) {
            throw new IllegalArgumentException("caption: stage is " + config.stage() + ", but " + config.encoder()
                    + " has " + stages.size());
        }
        return stages.get(config.stage() - 1);
    }

    /** Images (B, 3, S, S) to the places that the decoder looks at (B, N, C), row by row of the grid. */
    @Override
    public Tensor forward(Tensor images) {
        return maps(images).flatten(2, 3).transpose(1, 2).contiguous();
    }

    CaptionDecoder decoder() {
        return decoder;
    }

    /** Where nothing is drawn at random. */
    Gaze gaze() {
        return config.kind() == Kind.SOFT ? Gaze.SOFT : Gaze.LIKELIEST;
    }

    /** What a word has cost so far, a moving average: (1). */
    Tensor baseline() {
        return baseline;
    }

    /** Takes a batch into the average. @param cost a word's, a scalar without gradient */
    void average(Tensor cost) {
        Scopes.noGrad(() -> baseline.mul_(new Scalar(BASELINE_STAYS))
                .add_(cost.mul(new Scalar(1 - BASELINE_STAYS))));
    }
}

package dev.glimpse.attention;

import static dev.glimpse.attention.AttentionMaps.Kind.CHANNEL_PAIRS;
import static dev.glimpse.attention.AttentionMaps.seen;

import dev.glimpse.nn.Init;
import dev.glimpse.Layer;
import dev.glimpse.nn.Checks;
import dev.glimpse.nn.Memory;
import dev.glimpse.nn.Tensors;
import java.util.Locale;
import org.bytedeco.pytorch.GradMode;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * DANet's channel attention: adds to each channel a mixture of all channels, weighted by their inner products.
 *
 * <pre>
 * E = X X^T                           X = x as (B, 1, C, N); (B, 1, C, C), not scaled
 * A = softmax(rowmax(E) - E)          (B, 1, C, C): form=code
 * A = softmax(E)                      form=paper
 * y = gamma A X + x                   (B, C, H, W)
 * </pre>
 *
 * Fu, Liu, Tian, Li, Bao, Fang, Lu: Dual Attention Network for Scene Segmentation. CVPR 2019.
 * <a href="https://arxiv.org/abs/1809.02983">arXiv:1809.02983</a>
 *
 * <p>
 * {@code form=code}, the default, is the authors' code: it turns the likeness around, so that a channel takes most of those
 * least like it; the row's maximum shifts all of its scores alike and drops out of the softmax. {@code form=paper} is the
 * paper's equation, in which a channel takes nearly all from itself, since no product is as large as its own square.
 * Published weights want the default. Gamma, the only parameter, starts at 0: the layer starts as the identity.
 */
public final class Cam extends Layer implements StartsAsIdentity {
    /** Where code and paper differ. */
    public enum Form {
        CODE, PAPER;

        String word() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** @param form the authors' code, or the paper's equation */
    public record Config(Form form) {
        /** The authors' code. */
        public static final Config DEFAULT = new Config(Form.CODE);

        static Config read(Args args) {
            return new Config(Args.constant("cam", "form", Form.class, args.text("form", DEFAULT.form.word())));
        }
    }

    private final long channels;
    private final Form form;
    private final Tensor gamma;

    public Cam(long channels) {
        this(channels, Config.DEFAULT);
    }

    public Cam(long channels, Config config) {
        this.channels = Checks.positive("cam: channels", channels);
        form = config.form();
        gamma = register_parameter("gamma", Tensors.zeros(ScalarType.Float, 1));
    }

    /** (B, C, H, W) to the same. */
    @Override
    public Tensor forward(Tensor x) {
        Checks.maps("cam", channels, x);
        Memory.require("cam", Memory.bytes(x, GradMode.is_enabled() ? 5 : 3, x.size(0), channels, channels),
                "use a smaller batch or fewer channels");
        Tensor flat = x.flatten(2, 3).unsqueeze(1); // (B, 1, C, N)
        Tensor energy = flat.matmul(flat.transpose(2, 3)); // (B, 1, C, C)
        Tensor weights = (form == Form.CODE ? energy.neg() : energy).softmax(-1); // (B, 1, C, C)
        Tensor mixed = seen(this, CHANNEL_PAIRS, weights).matmul(flat); // (B, 1, C, N)
        return x.add(gamma.mul(mixed.view(Tensors.shape(x))));
    }

    @Override
    public void open() {
        Init.constant(gamma, 1);
    }

    @Override
    public boolean scale(double factor) {
        Init.scale(gamma, factor);
        return true;
    }
}

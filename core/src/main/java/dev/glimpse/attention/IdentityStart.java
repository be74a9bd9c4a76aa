package dev.glimpse.attention;

import dev.glimpse.Layer;
import dev.glimpse.nn.Tensors;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * Lets an attention into a trained network without breaking it: at first the network computes what it did before.
 *
 * <pre>
 * y = x + alpha * (attention(x) - x)          alpha a learned number that starts at 0
 * </pre>
 *
 * Once alpha has moved, training reaches the attention too; at 1 it stands alone. While alpha is exactly 0 only alpha gets a
 * gradient. This form is Glimpse's own: it is in no paper of the modules it wraps.
 */
public final class IdentityStart extends Layer {
    private final Layer attention;
    private final Tensor alpha;

    /** @param attention a layer that keeps its input's shape */
    public IdentityStart(Layer attention) {
        this.attention = register_module("attention", attention);
        alpha = register_parameter("alpha", Tensors.zeros(ScalarType.Float, 1));
    }

    /** (B, C, H, W) to the same. */
    @Override
    public Tensor forward(Tensor x) {
        return x.add(attention.forward(x).sub(x).mul(alpha));
    }

    /** The attention that is let in. */
    public Layer attention() {
        return attention;
    }
}

package dev.glimpse.attention;

import dev.glimpse.Layer;
import dev.glimpse.nn.Init;
import dev.glimpse.nn.Tensors;
import java.util.LinkedHashMap;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * Lets an attention into a trained network without breaking it: at first the network computes what it did before.
 *
 * <pre>
 * y = x + alpha * (attention(x) - x)          alpha a learned number that starts at 0
 * </pre>
 *
 * While alpha is exactly 0 only alpha gets a gradient; once it has moved, training reaches the attention too; at 1 the
 * attention stands alone. A layer whose authors let it start as the identity ({@code nonlocal}, {@code cc}, {@code gc}, ...)
 * gives that up inside of this one, since two factors of zero would never leave zero. This form is Glimpse's own: it is in
 * none of the papers.
 */
public final class IdentityStart extends Layer {
    private final Layer attention;
    private final Tensor alpha;

    /** @param attention a layer that keeps its input's shape */
    public IdentityStart(Layer attention) {
        this.attention = register_module("attention", attention);
        alpha = register_parameter("alpha", Tensors.zeros(ScalarType.Float, 1));
        if (attention instanceof StartsAsIdentity starter) {
            starter.open();
        }
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

    /**
     * Works alpha into the attention's own weights and sets it to 1, so that the attention alone computes what both did.
     *
     * @return false where the attention's form does not allow it, that is where it is not its input and an addition:
     *         {@code cbam}, {@code se} and all that multiply; nothing is then changed
     */
    public boolean fold() {
        double factor = alpha.item_double();
        boolean folded = factor == 1 || attention instanceof StartsAsIdentity starter && starter.scale(factor);
        if (folded) {
            Init.constant(alpha, 1);
        }
        return folded;
    }

    /**
     * A network's weights as the same network has them whose attentions do not start this way.
     *
     * @param weights the network's state dict
     * @throws IllegalArgumentException naming an attention whose alpha is not 1: {@link #fold} it first
     */
    public static Map<String, Tensor> withoutWrappers(Layer network, Map<String, Tensor> weights) {
        Map<String, Tensor> plain = new LinkedHashMap<>(weights);
        network.walk().forEach((path, module) -> {
            if (module instanceof IdentityStart wrapper) {
                if (wrapper.alpha.item_double() != 1) {
                    throw new IllegalArgumentException(path + ": its alpha is " + wrapper.alpha.item_double()
                            + ", not 1: it stays part of the network unless fold() can work it in");
                }
                plain.remove(path + ".alpha");
                weights.keySet().stream().filter(key -> key.startsWith(path + ".attention.")).forEach(
                        key -> plain.put(path + key.substring((path + ".attention").length()), plain.remove(key)));
            }
        });
        return plain;
    }
}

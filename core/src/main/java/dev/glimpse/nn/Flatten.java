package dev.glimpse.nn;

import dev.glimpse.Layer;
import org.bytedeco.pytorch.Tensor;

/** Joins all dimensions but the first: (B, C, H, W) to (B, C*H*W). */
public final class Flatten extends Layer {
    @Override
    public Tensor forward(Tensor x) {
        return x.flatten(1, -1);
    }
}

package dev.glimpse.attention;

import java.util.Map;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;

/** Layers in evaluation by plain products and sums, from a module's state: what the modules' own layers are judged by. */
final class Plain {
    private static final double EPSILON = 1e-5;
    private final Map<String, Tensor> state;

    Plain(Map<String, Tensor> state) {
        this.state = state;
    }

    /** A 1x1 convolution: (B, C, M) to (B, C', M). */
    Tensor conv(String key, Tensor x) {
        Tensor weight = state.get(key + ".weight");
        Tensor y = weight.view(weight.size(0), weight.size(1)).matmul(x);
        Tensor bias = state.get(key + ".bias");
        return bias == null ? y : y.add(bias.view(-1, 1));
    }

    /** Batch normalisation by the running statistics: (B, C, M) to the same. */
    Tensor norm(String key, Tensor x) {
        Tensor deviation = state.get(key + ".running_var").add(new Scalar(EPSILON)).sqrt();
        Tensor normed = x.sub(state.get(key + ".running_mean").view(-1, 1)).div(deviation.view(-1, 1));
        return normed.mul(state.get(key + ".weight").view(-1, 1)).add(state.get(key + ".bias").view(-1, 1));
    }
}

package dev.glimpse.model;

import dev.glimpse.io.StateDict;
import dev.glimpse.nn.Tensors;
import java.util.Map;
import org.bytedeco.pytorch.Module;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;

/** A network's steps by the keys of its state alone, in evaluation mode: what a test writes its networks with. */
record ByKeys(Map<String, Tensor> state) {
    static ByKeys of(Module network) {
        return new ByKeys(StateDict.of(network));
    }

    boolean has(String key) {
        return state.containsKey(key);
    }

    Tensor conv(String key, Tensor x, long stride, long groups) {
        return conv(key, x, stride, groups, 1);
    }

    /** Padded so that a stride of 1 keeps the size. */
    Tensor conv(String key, Tensor x, long stride, long groups, long dilation) {
        Tensor weight = state.get(key + ".weight");
        long padding = dilation * (weight.size(2) / 2);
        TensorOptional bias =
                has(key + ".bias") ? new TensorOptional(state.get(key + ".bias")) : new TensorOptional();
        return torch.conv2d(x, weight, bias, new long[]{stride, stride}, new long[]{padding, padding},
                new long[]{dilation, dilation}, groups);
    }

    Tensor norm(String key, Tensor x) {
        return torch.batch_norm(x, optional(key + ".weight"), optional(key + ".bias"), optional(key + ".running_mean"),
                optional(key + ".running_var"), false, 0.1, 1e-5, false);
    }

    /** A convolution and its norm under timm's keys. */
    Tensor normed(String key, Tensor x, long stride, long groups) {
        return norm(key + ".bn", conv(key + ".conv", x, stride, groups));
    }

    /** Over the values of (B, n). */
    Tensor layerNorm(String key, Tensor x) {
        Tensor centred = x.sub(Tensors.mean(x, 1));
        Tensor scaled = centred.div(Tensors.mean(centred.square(), 1).add(new Scalar(1e-6)).sqrt());
        return scaled.mul(state.get(key + ".weight")).add(state.get(key + ".bias"));
    }

    /** A linear layer on the means over positions. */
    Tensor head(String key, Tensor x) {
        Tensor pooled = Tensors.spatialMean(x).flatten(1, -1);
        return pooled.matmul(state.get(key + ".weight").t()).add(state.get(key + ".bias"));
    }

    /** {@code x} times the sigmoid of two convolutions of its means. */
    Tensor squeezed(String key, Tensor x) {
        Tensor hidden = conv(key + ".fc1", Tensors.spatialMean(x), 1, 1).relu();
        return x.mul(conv(key + ".fc2", hidden, 1, 1).sigmoid());
    }

    static Tensor maxPool(Tensor x, long padding, boolean ceil) {
        return torch.max_pool2d(x, new long[]{3, 3}, new long[]{2, 2}, new long[]{padding, padding},
                new long[]{1, 1}, ceil);
    }

    private TensorOptional optional(String key) {
        return new TensorOptional(state.get(key));
    }
}

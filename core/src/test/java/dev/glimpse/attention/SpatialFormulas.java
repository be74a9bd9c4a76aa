package dev.glimpse.attention;

import java.util.Map;
import org.bytedeco.pytorch.LongOptional;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/** Layers over maps as sums of shifted copies, for tests to compare with. */
final class SpatialFormulas {
    private static final double EPSILON = 1e-5;

    private SpatialFormulas() {}

    /** A convolution with the weight and, where there is one, the bias under a key. */
    static Tensor conv(Tensor x, Map<String, Tensor> state, String key, long padding, long dilation, long stride) {
        Tensor weight = state.get(key + ".weight"); // (O, C, k, k)
        Tensor padded = torch.constant_pad_nd(x, padding, padding, padding, padding);
        long reach = dilation * (weight.size(2) - 1);
        long height = (padded.size(2) - reach - 1) / stride + 1;
        long width = (padded.size(3) - reach - 1) / stride + 1;
        Tensor sum = null;
        for (long i = 0; i < weight.size(2); i++) {
            for (long j = 0; j < weight.size(3); j++) {
                Tensor rows = every(padded, 2, i * dilation, height, stride);
                Tensor tap = every(rows, 3, j * dilation, width, stride).flatten(2, 3); // (B, C, N)
                Tensor term = weight.select(2, i).select(2, j).matmul(tap); // (B, O, N)
                sum = sum == null ? term : sum.add(term);
            }
        }
        Tensor y = sum.view(x.size(0), weight.size(0), height, width);
        return state.containsKey(key + ".bias") ? y.add(channelwise(state.get(key + ".bias"))) : y;
    }

    /** A 1x1 convolution. */
    static Tensor conv(Tensor x, Map<String, Tensor> state, String key) {
        return conv(x, state, key, 0, 1, 1);
    }

    /** Batch normalisation by the statistics under a key, or by the batch's own. */
    static Tensor norm(Tensor x, Map<String, Tensor> state, String key, boolean training) {
        Tensor mean = channelwise(state.get(key + ".running_mean"));
        Tensor variance = channelwise(state.get(key + ".running_var"));
        if (training) {
            Tensor flat = x.transpose(0, 1).flatten(1, -1); // (C, values)
            mean = channelwise(flat.mean(1));
            variance = channelwise(flat.sub(flat.mean(1).unsqueeze(1)).pow(new Scalar(2)).mean(1));
        }
        return x.sub(mean).div(variance.add(new Scalar(EPSILON)).sqrt()).mul(channelwise(state.get(key + ".weight")))
                .add(channelwise(state.get(key + ".bias")));
    }

    /** A linear layer over (B, in). */
    static Tensor linear(Tensor x, Map<String, Tensor> state, String key) {
        return x.matmul(state.get(key + ".weight").t()).add(state.get(key + ".bias"));
    }

    private static Tensor channelwise(Tensor values) {
        return values.view(1, -1, 1, 1);
    }

    private static Tensor every(Tensor x, long dim, long start, long count, long step) {
        return x.slice(dim, new LongOptional(start), new LongOptional(start + (count - 1) * step + 1), step);
    }
}

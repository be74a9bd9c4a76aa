package dev.glimpse.train;

import dev.glimpse.Layer;
import dev.glimpse.io.StateDict;
import java.util.Locale;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.DeviceType;
import org.bytedeco.pytorch.global.torch.MemoryFormat;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** In which numbers and which order in memory a network computes; its parameters stay float32. */
public record Mode(Precision precision, Layout layout) {
    /** What everything can do. */
    public static final Mode PLAIN = new Mode(Precision.FP32, Layout.NCHW);

    /** The type of a forward's numbers. */
    public enum Precision {
        /** float32. */
        FP32,
        /** bfloat16 where libtorch's autocast finds it safe, else float32. */
        BF16
    }

    /** The order in memory of maps (B, C, H, W). */
    public enum Layout {
        /** A channel behind the other. */
        NCHW,
        /** All channels of a position together: channels-last. */
        NHWC
    }

    /** Lays a network's convolutions out as its maps will be: once, after its weights were loaded. */
    public void prepare(Layer network) {
        if (layout == Layout.NHWC) {
            StateDict.parameters(network).values().stream().filter(parameter -> parameter.dim() == 4)
                    .forEach(parameter -> parameter.set_data(parameter.detach().contiguous(MemoryFormat.ChannelsLast)));
        }
    }

    /** The network's output in float32, however it was computed. */
    public Tensor forward(Layer network, Tensor images) {
        Tensor input = layout == Layout.NHWC ? images.contiguous(MemoryFormat.ChannelsLast) : images;
        if (precision == Precision.FP32) {
            return network.forward(input);
        }
        torch.set_autocast_enabled(DeviceType.CPU, true);
        try {
            return network.forward(input).to(ScalarType.Float);
        } finally {
            torch.set_autocast_enabled(DeviceType.CPU, false);
            torch.clear_cache(); // else the next forward takes this one's weights
        }
    }

    /** Reads {@code bf16 nhwc}. */
    static Mode parse(String text) {
        String[] words = text.toUpperCase(Locale.ROOT).split(" ");
        return new Mode(Precision.valueOf(words[0]), Layout.valueOf(words[1]));
    }

    /** {@code bf16 nhwc}. */
    @Override
    public String toString() {
        return (precision + " " + layout).toLowerCase(Locale.ROOT);
    }
}

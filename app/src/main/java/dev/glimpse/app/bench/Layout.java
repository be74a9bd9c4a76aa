package dev.glimpse.app.bench;

import dev.glimpse.nn.Scopes;
import java.util.Locale;
import org.bytedeco.pytorch.Module;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch.MemoryFormat;

/** How a map lies in memory. */
public enum Layout {
    NCHW(MemoryFormat.Contiguous), NHWC(MemoryFormat.ChannelsLast);

    private final MemoryFormat format;

    Layout(MemoryFormat format) {
        this.format = format;
    }

    /** As it is typed. */
    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** The map in this layout. */
    public Tensor of(Tensor map) {
        return map.contiguous(format);
    }

    /** Turns a module's convolutions to this layout, as its maps are. */
    void turn(Module module) {
        TensorVector parameters = module.parameters();
        Scopes.noGrad(() -> {
            for (long i = 0; i < parameters.size(); i++) {
                Tensor parameter = parameters.get(i);
                if (parameter.dim() == 4) {
                    parameter.set_data(of(parameter.detach()));
                }
            }
            return parameters;
        });
    }
}

package dev.glimpse.nn;

import dev.glimpse.Layer;
import org.bytedeco.pytorch.Module;
import org.bytedeco.pytorch.Tensor;

/**
 * Runs modules one after the other, with PyTorch's keys {@code 0, 1, ...}. Libtorch's own loses the Java types of its
 * elements.
 */
public final class Sequential extends Layer {
    /** Takes layers of ours and of libtorch's. */
    public Sequential(Module... modules) {
        for (int i = 0; i < modules.length; i++) {
            register_module(Integer.toString(i), modules[i]);
        }
    }

    /** Appends a module under a key of its own, as some authors' code names its steps. */
    public Sequential then(String key, Module module) {
        register_module(key, module);
        return this;
    }

    /** Any shape that the first module takes, to the one that the last gives. */
    @Override
    public Tensor forward(Tensor x) {
        Tensor y = x;
        for (Module module : parts().values()) {
            y = Layers.forward(module, y);
        }
        return y;
    }
}

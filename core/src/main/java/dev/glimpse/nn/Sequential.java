package dev.glimpse.nn;

import dev.glimpse.Layer;
import java.util.Map;
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

    /** The same modules but for the last, in whose place another stands. */
    public Sequential withLast(Module last) {
        Sequential changed = new Sequential();
        int left = parts().size();
        for (Map.Entry<String, Module> part : parts().entrySet()) {
            changed.then(part.getKey(), --left == 0 ? last : part.getValue());
        }
        return changed;
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

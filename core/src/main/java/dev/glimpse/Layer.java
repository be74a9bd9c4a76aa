package dev.glimpse;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import org.bytedeco.pytorch.Module;
import org.bytedeco.pytorch.Tensor;

/**
 * A module with one tensor in and one tensor out.
 *
 * <p>
 * Sub-modules are registered on assignment, {@code fc = register_module("fc", linear(8, 2))}; the key is the one of the
 * authors' state dict. A layer remembers its sub-modules as the Java objects they are, which libtorch does not, so that
 * they can be walked with {@link #walk}.
 *
 * <p>
 * {@code forward} owns no memory: it opens and closes nothing. Whoever owns the loop opens one
 * {@link org.bytedeco.javacpp.PointerScope} a step. Layers are built outside of such scopes.
 */
public abstract class Layer extends Module {
    private final Map<String, Module> parts = new LinkedHashMap<>();

    /** Computes the layer's output; shapes are in the class's own documentation. */
    public abstract Tensor forward(Tensor x);

    @Override
    public final <M extends Module> M register_module(String name, M module) {
        parts.put(name, module);
        return super.register_module(name, module);
    }

    /** Puts a module in the place of another, whose parameters are then this layer's no more. */
    protected final <M extends Module> M replace_module(String name, M module) {
        unregister_module(name);
        return register_module(name, module);
    }

    /** The sub-modules by key, in the order of registration. */
    public final Map<String, Module> parts() {
        return Collections.unmodifiableMap(parts);
    }

    /** All sub-modules at any depth by their path ({@code layer1.0.cbam}), parents first. */
    public final Map<String, Module> walk() {
        Map<String, Module> found = new LinkedHashMap<>();
        walk("", found);
        return found;
    }

    private void walk(String prefix, Map<String, Module> found) {
        parts.forEach((name, child) -> {
            found.put(prefix + name, child);
            if (child instanceof Layer layer) {
                layer.walk(prefix + name + ".", found);
            }
        });
    }
}

package dev.glimpse.golden;

import dev.glimpse.attention.Args;
import dev.glimpse.glimpses.RamGlimpse;
import dev.glimpse.glimpses.Retina;
import dev.glimpse.sequence.AdditiveAttention;
import dev.glimpse.sequence.Transformer;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiFunction;
import java.util.function.Function;
import org.bytedeco.pytorch.Module;
import org.bytedeco.pytorch.Tensor;

/** Parts of whole systems that golden files name, beside the attention modules. */
final class SystemParts {
    /**
     * @param factory builds it; reads every argument it knows
     * @param call runs it on the file's inputs
     */
    record Part(Function<Args, Module> factory, BiFunction<Module, List<Tensor>, List<Tensor>> call) {
        Module create(Args args) {
            Module module = factory.apply(args);
            args.requireAllRead();
            return module;
        }
    }

    private static final Map<String, Part> PARTS = parts();

    private SystemParts() {}

    /** By name, in the order of their papers. */
    static Map<String, Part> table() {
        return PARTS;
    }

    private static Map<String, Part> parts() {
        Map<String, Part> parts = new LinkedHashMap<>();
        parts.put("ram-glimpse", new Part(SystemParts::ramGlimpse,
                (module, in) -> List.of(((RamGlimpse) module).forward(in.get(0), in.get(1), in.get(2)))));
        parts.put("additive", new Part(a -> new AdditiveAttention(a.required("encoder"), a.required("decoder")),
                SystemParts::additive));
        parts.put("transformer", new Part(a -> new Transformer(Transformer.Config.read(a)), (module,
                in) -> List.of(((Transformer) module).forward(in.get(0), in.get(1)).flatten(0, 1))));
        return Collections.unmodifiableMap(parts);
    }

    private static Module ramGlimpse(Args args) {
        return new RamGlimpse(new Retina(args.required("patch"), args.required("patches"), args.required("scale")),
                args.required("channels"), args.required("glimpse_hidden"), args.required("location_hidden"),
                args.required("hidden"));
    }

    private static List<Tensor> additive(Module module, List<Tensor> in) {
        AdditiveAttention.Result result = ((AdditiveAttention) module).forward(in.get(0), in.get(1), in.get(2));
        return List.of(result.context(), result.weights());
    }
}

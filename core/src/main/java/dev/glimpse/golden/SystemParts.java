package dev.glimpse.golden;

import dev.glimpse.attention.Args;
import dev.glimpse.glimpses.RamGlimpse;
import dev.glimpse.glimpses.Retina;
import dev.glimpse.nn.Tensors;
import dev.glimpse.sequence.AdditiveAttention;
import dev.glimpse.sequence.CaptionAttention;
import dev.glimpse.sequence.CaptionDecoder;
import dev.glimpse.sequence.Gaze;
import dev.glimpse.sequence.Transformer;
import java.util.Arrays;
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
        parts.put("caption-attention", new Part(a -> new CaptionAttention(a.required("encoder"), a.required("decoder"),
                a.required("attention"), Args.constant(a.owner(), "activation", CaptionAttention.Activation.class,
                        a.text("activation", "relu"))),
                SystemParts::captionAttention));
        parts.put("caption-decoder", new Part(a -> new CaptionDecoder(
                CaptionDecoder.Config.usual(a.integer("encoder", 2048), a.required("vocab")).read(a)),
                SystemParts::captionDecoder));
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

    private static List<Tensor> captionAttention(Module module, List<Tensor> in) {
        CaptionAttention.Result result = ((CaptionAttention) module).forward(in.get(0), in.get(1));
        return List.of(result.context(), result.weights());
    }

    /** The file has the grid as (B, h, w, enc), and a length a caption, the beginning's mark counted. */
    private static List<Tensor> captionDecoder(Module module, List<Tensor> in) {
        long[] lengths = Tensors.toLongs(in.get(2));
        int steps = Math.toIntExact(Arrays.stream(lengths).max().orElseThrow() - 1);
        float[] spoken = new float[lengths.length * steps];
        for (int i = 0; i < lengths.length; i++) {
            Arrays.fill(spoken, i * steps, i * steps + (int) lengths[i] - 1, 1);
        }
        CaptionDecoder.Result result = ((CaptionDecoder) module).forward(in.get(0).flatten(1, 2),
                in.get(1).narrow(1, 0, steps + 1), Tensors.of(spoken, lengths.length, steps), Gaze.SOFT);
        return List.of(result.scores(), result.weights());
    }
}

package dev.glimpse.app;

import dev.glimpse.Layer;
import dev.glimpse.attention.Attentions.Entry;
import dev.glimpse.attention.Attentions.Size;
import dev.glimpse.io.StateDict;
import dev.glimpse.kernel.Kernels;
import dev.glimpse.nn.Cost;
import dev.glimpse.nn.Memory;
import dev.glimpse.nn.NativeHeap;
import dev.glimpse.nn.Scopes;
import dev.glimpse.nn.Tensors;
import java.lang.ref.Reference;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.BoolOptional;
import org.bytedeco.pytorch.Module;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorArrayRefOptional;
import org.bytedeco.pytorch.global.torch;

/**
 * What a module costs at a size. Times are medians in seconds, the four measured in turns so that a slow moment of the
 * machine falls on all.
 *
 * @param parameters numbers that are trained
 * @param cost of one forward
 * @param activationBytes what a training step's forward leaves allocated until its backward; empty where the C library
 *        cannot tell
 * @param copy copying the inputs once: the least that any layer of that size can take
 * @param inference a forward without gradients
 * @param forward a training step's forward
 * @param backward its backward
 */
record Profile(long parameters, Cost cost, OptionalLong activationBytes, double copy, double inference, double forward,
        double backward) {
    private static final int WARM_UP = 3;
    private static final int ROUNDS = 15;
    private static final int GROWTHS = 9;
    private static final long ENOUGH_NANOS = 3_000_000_000L;

    /** Runs the module on random inputs; in training mode when the batch is more than one map. */
    static Profile of(Module module, Entry entry, Size size) {
        requireMemory(entry.name(), entry.exampleInputs().apply(size));
        return of(module, inputs -> entry.call().apply(module, inputs), () -> entry.inputs(size), size.batch() > 1);
    }

    /** Runs a network on random images that ask for no gradient, as in training. */
    static Profile of(Layer network, long... images) {
        requireMemory("profile", List.<long[]>of(images));
        return of(network, inputs -> List.of(network.forward(inputs.getFirst())),
                () -> List.of(torch.randn(images)), images[0] > 1);
    }

    /** The inputs, their copy, an output and three gradients at least; what a module needs beside them it asks for itself. */
    private static void requireMemory(String name, List<long[]> shapes) {
        double bytes = shapes.stream().mapToDouble(shape -> {
            double elements = 1;
            for (long size : shape) {
                elements *= size;
            }
            return elements * Float.BYTES;
        }).sum();
        Memory.require(name, (long) Math.min(Long.MAX_VALUE, 6 * bytes),
                "use a smaller size or batch, or fewer channels");
    }

    private static Profile of(Module module, UnaryOperator<List<Tensor>> call, Supplier<List<Tensor>> random,
            boolean batchNormTrains) {
        try (PointerScope _ = new PointerScope()) {
            List<Tensor> inputs = random.get();
            module.eval();
            Tensor first = Scopes.noGrad(() -> call.apply(inputs)).getFirst();
            Step step = new Step(module, call, inputs, batchNormTrains, Tensors.shape(first));
            Cost cost = step.cost();
            List<double[]> rounds = new ArrayList<>();
            long start = System.nanoTime();
            for (int round = 0; round < WARM_UP + ROUNDS; round++) {
                double copy = step.copy();
                double inference = step.inference();
                double[] training = step.training();
                if (round >= WARM_UP || System.nanoTime() - start > ENOUGH_NANOS) {
                    rounds.add(new double[]{copy, inference, training[0], training[1]});
                }
                if (!rounds.isEmpty() && System.nanoTime() - start > ENOUGH_NANOS) {
                    break;
                }
            }
            OptionalLong activations = step.activationBytes(); // last: by now the compiler is done allocating beside
            return new Profile(StateDict.parameterCount(module), cost, activations, median(rounds, 0),
                    median(rounds, 1), median(rounds, 2), median(rounds, 3));
        }
    }

    /** For machines: sizes in bytes, times in milliseconds. */
    Map<String, Object> asMap() {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("parameters", parameters);
        map.put("multiply_adds", cost.multiplyAdds());
        map.put("bytes_read", cost.bytesRead());
        map.put("bytes_written", cost.bytesWritten());
        map.put("activation_bytes", activationBytes.isPresent() ? activationBytes.getAsLong() : null);
        map.put("copy_ms", 1e3 * copy);
        map.put("inference_ms", 1e3 * inference);
        map.put("training_forward_ms", 1e3 * forward);
        map.put("training_backward_ms", 1e3 * backward);
        return map;
    }

    private static double median(List<double[]> rounds, int column) {
        double[] sorted = rounds.stream().mapToDouble(round -> round[column]).sorted().toArray();
        int middle = sorted.length / 2;
        return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }

    /** The four things that are timed; each owns a scope. */
    private record Step(Module module, UnaryOperator<List<Tensor>> call, List<Tensor> inputs, boolean batchNormTrains,
            long[] outputShape) {
        double copy() {
            return seconds(() -> inputs.forEach(x -> x.detach().clone()));
        }

        double inference() {
            module.eval();
            return seconds(() -> Scopes.noGrad(() -> call.apply(inputs)));
        }

        double[] training() {
            module.train(batchNormTrains);
            try (PointerScope _ = new PointerScope()) {
                Tensor cotangent = torch.ones(outputShape);
                long start = System.nanoTime();
                Tensor output = call.apply(inputs).getFirst();
                long middle = System.nanoTime();
                output.backward(cotangent, new BoolOptional(), false, new TensorArrayRefOptional());
                long end = System.nanoTime();
                return new double[]{(middle - start) / 1e9, (end - middle) / 1e9};
            }
        }

        Cost cost() {
            module.train(batchNormTrains);
            try (PointerScope _ = new PointerScope()) {
                List<Tensor> learned = inputs.stream().map(x -> x.detach().set_requires_grad(true)).toList();
                return Cost.of(Kernels.with(Kernels.Choice.LIBTORCH, () -> call.apply(learned)));
            }
        }

        /** The median: the JVM allocates and frees beside. */
        OptionalLong activationBytes() {
            if (NativeHeap.bytesInUse().isEmpty()) {
                return OptionalLong.empty();
            }
            module.train(batchNormTrains);
            long[] growths = new long[GROWTHS];
            for (int i = 0; i < growths.length; i++) {
                try (PointerScope _ = new PointerScope()) {
                    long before = NativeHeap.bytesInUse().getAsLong();
                    List<Tensor> outputs = call.apply(inputs);
                    growths[i] = NativeHeap.bytesInUse().getAsLong() - before;
                    Reference.reachabilityFence(outputs);
                }
            }
            Arrays.sort(growths);
            return OptionalLong.of(Math.max(0, growths[growths.length / 2]));
        }

        private static double seconds(Runnable work) {
            try (PointerScope _ = new PointerScope()) {
                long start = System.nanoTime();
                work.run();
                return (System.nanoTime() - start) / 1e9;
            }
        }
    }
}

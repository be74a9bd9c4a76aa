package dev.glimpse.nn;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import org.bytedeco.pytorch.Edge;
import org.bytedeco.pytorch.InputMetadata;
import org.bytedeco.pytorch.Node;
import org.bytedeco.pytorch.SymIntArrayRef;
import org.bytedeco.pytorch.Tensor;

/**
 * What a forward cost, read off the graph that it left for its backward: nothing is declared by hand, so it holds for any
 * module, at any size.
 *
 * <p>
 * Multiply-adds are those of convolutions, linear layers and matrix products, as papers and PyTorch's counters have it:
 * additions, norms, pools and element-wise products are not counted. The traffic is that of the operations one by one, as
 * if nothing stayed in a cache: each reads its inputs and writes its result. Only what a gradient flows to is seen, so the
 * input and all parameters must require one; a constant table that is multiplied in is not in the traffic. A kernel
 * of ours leaves no graph of what it does: run the forward by libtorch's operations.
 *
 * @param multiplyAdds multiplications, each with the addition that follows it
 * @param bytesRead the sum over operations of their inputs' bytes
 * @param bytesWritten the sum over operations of their results' bytes
 */
public record Cost(long multiplyAdds, long bytesRead, long bytesWritten) {
    /** Operations that only look at their input's memory in another way, or stand for a leaf. */
    private static final Pattern FREE =
            Pattern.compile("((.*::)?AccumulateGrad|(View|UnsafeView|ReshapeAlias|Alias|T|Transpose"
                    + "|Permute|Expand|Squeeze|Unsqueeze|Slice|Narrow|Select|Split|SplitWithSizes|UnsafeSplit|Unbind|AsStrided"
                    + "|Diagonal|Unfold|Chunk|Movedim|Detach)Backward\\d*)");

    /** Reads the graph behind a forward's outputs. */
    public static Cost of(List<Tensor> outputs) {
        long multiplyAdds = 0;
        long read = 0;
        long written = 0;
        for (Node node : nodes(outputs)) {
            String name = node.name().getString();
            if (FREE.matcher(name).matches()) {
                continue;
            }
            List<Value> inputs = inputs(node);
            List<Value> results = results(node);
            multiplyAdds += multiplyAdds(name, inputs, results);
            read += inputs.stream().mapToLong(Value::bytes).sum();
            written += results.stream().mapToLong(Value::bytes).sum();
        }
        return new Cost(multiplyAdds, read, written);
    }

    private static long multiplyAdds(String node, List<Value> inputs, List<Value> results) {
        String operation = node.replaceFirst("Backward\\d*$", "");
        return switch (operation) {
            case "Convolution" -> {
                long[] weight = inputs.get(1).shape();
                yield results.getFirst().elements() * inputs.get(1).elements() / weight[0];
            }
            case "Mm", "Bmm", "Mv", "Dot" -> results.getFirst().elements() * shared(inputs.get(0), inputs.get(1));
            case "Addmm", "Baddbmm" -> results.getFirst().elements() * shared(inputs.get(1), inputs.get(2));
            case "ScaledDotProductFlashAttentionForCpu" -> {
                long queries = inputs.get(0).elements();
                long keys = inputs.get(1).shape()[2];
                yield queries * keys + results.getFirst().elements() * keys;
            }
            default -> 0;
        };
    }

    /** The length over which a product of matrices sums; one of the two may be a constant, which the graph does not hold. */
    private static long shared(Value left, Value right) {
        return left.shape().length > 0 ? left.shape()[left.shape().length - 1]
                : right.shape()[Math.max(0, right.shape().length - 2)];
    }

    private static List<Node> nodes(List<Tensor> outputs) {
        List<Node> found = new ArrayList<>();
        Set<Long> seen = new HashSet<>();
        Deque<Node> open = new ArrayDeque<>();
        for (Tensor output : outputs) {
            if (output.requires_grad() && !output.is_leaf()) {
                open.add(output.grad_fn());
            }
        }
        while (!open.isEmpty()) {
            Node node = open.remove();
            if (!seen.add(node.address())) {
                continue;
            }
            found.add(node);
            for (int i = 0; i < node.num_outputs(); i++) {
                Edge edge = node.next_edge(i);
                if (edge.is_valid()) {
                    open.add(edge.function());
                }
            }
        }
        return found;
    }

    private static List<Value> inputs(Node node) {
        List<Value> inputs = new ArrayList<>();
        for (int i = 0; i < node.num_outputs(); i++) {
            Edge edge = node.next_edge(i);
            inputs.add(edge.is_valid() ? Value.of(edge.function().input_metadata(edge.input_nr())) : Value.NONE);
        }
        return inputs;
    }

    private static List<Value> results(Node node) {
        List<Value> results = new ArrayList<>();
        for (int i = 0; i < node.num_inputs(); i++) {
            results.add(Value.of(node.input_metadata(i)));
        }
        return results;
    }

    /** A tensor in the graph. */
    private record Value(long[] shape, long elementSize) {
        private static final Value NONE = new Value(new long[]{}, 0);

        static Value of(InputMetadata metadata) {
            if (metadata.was_default_constructed()) {
                return NONE;
            }
            SymIntArrayRef sizes = metadata.shape_as_dim_vector();
            long[] shape = new long[(int) sizes.size()];
            for (int i = 0; i < shape.length; i++) {
                shape[i] = sizes.at(i).expect_int();
            }
            return new Value(shape, metadata.dtype().itemsize());
        }

        long elements() {
            return Arrays.stream(shape).reduce(1, Math::multiplyExact);
        }

        long bytes() {
            return elements() * elementSize;
        }
    }
}

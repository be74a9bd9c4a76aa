package dev.glimpse.kernel;

import dev.glimpse.nn.Scopes;
import dev.glimpse.nn.Tensors;
import java.util.function.UnaryOperator;
import org.bytedeco.pytorch.BoolOptional;
import org.bytedeco.pytorch.Dispatcher;
import org.bytedeco.pytorch.GenericList;
import org.bytedeco.pytorch.GradMode;
import org.bytedeco.pytorch.IValue;
import org.bytedeco.pytorch.IValueVector;
import org.bytedeco.pytorch.IntType;
import org.bytedeco.pytorch.OperatorHandle;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorArrayRefOptional;
import org.bytedeco.pytorch.TensorBase;
import org.bytedeco.pytorch.TensorTensorHook;
import org.bytedeco.pytorch.Type;

/**
 * A result that was computed outside of autograd, grafted into its graph with a backward of our own.
 *
 * <p>
 * Libtorch's nodes cannot be written in Java. But the gradient of any tensor can be replaced by a hook: the result takes
 * the place of the data of something that merely passes the input through, and the hook on the input turns the result's
 * gradient into the input's.
 */
final class Graft {
    private static final class UnsafeView {
        /** Whatever scope is open when it is first needed does not free it. */
        static final OperatorHandle OPERATOR =
                Dispatcher.singleton().findSchemaOrThrow("aten::_unsafe_view", "").retainReference();
    }

    /** What happens when the gradient comes. */
    private static final class Hook extends TensorTensorHook {
        private final transient UnaryOperator<Tensor> backward;

        Hook(UnaryOperator<Tensor> backward) {
            this.backward = backward;
        }

        @Override
        public TensorBase call(TensorBase gradient) {
            if (GradMode.is_enabled()) {
                throw new IllegalStateException("a fused kernel has no gradient of its gradient: run the forward with "
                        + "-D" + Kernels.PROPERTY + "=composed");
            }
            return backward.apply(new Tensor(gradient));
        }
    }

    private Graft() {}

    /**
     * The result as if it had been computed from the input by operations that autograd knows.
     *
     * @param input what the result's gradient flows to; need not require a gradient
     * @param result of the input's shape, type and memory format, without a graph
     * @param backward from the result's gradient to the input's; runs with gradients off, and may run several times
     */
    static Tensor onto(Tensor input, Tensor result, UnaryOperator<Tensor> backward) {
        Tensor grafted = passedThrough(anchor(input, backward));
        grafted.set_data(result);
        return grafted;
    }

    /** The same for maps (B, M, H, W) that become one, (B, 1, H, W): what passes through is the first of them. */
    static Tensor ontoOne(Tensor input, Tensor result, UnaryOperator<Tensor> backward) {
        Tensor anchor = anchor(input, gradient -> backward.apply(gradient.narrow(1, 0, 1)));
        Tensor grafted = passedThrough(anchor.narrow(1, 0, 1));
        grafted.set_data(result);
        return grafted;
    }

    /** Gives a gate or a parameter its gradient; the graph behind it is kept, since the graph around may run again. */
    static void backward(Tensor tensor, Tensor gradient) {
        tensor.backward(gradient.view(tensor.sizes()).to(tensor.scalar_type()), new BoolOptional(true), false,
                new TensorArrayRefOptional());
    }

    private static Tensor anchor(Tensor input, UnaryOperator<Tensor> backward) {
        if (input.is_inference()) {
            throw new IllegalArgumentException("the map was made in inference mode, which leaves no gradients: make it "
                    + "outside, or clone it there");
        }
        Tensor learned = input.requires_grad() ? input : input.detach().set_requires_grad(true);
        // a view, since its gradient goes on as a view of what the hook gives: Java still holds that, and a leaf would copy it
        Tensor anchor = learned.view(Tensors.shape(learned));
        anchor.register_hook(new Hook(backward));
        return anchor;
    }

    /** Not by alias: on a view of the anchor an in-place operation would be recorded as one on the anchor. */
    private static Tensor passedThrough(Tensor anchor) {
        return Scopes.lettingGo(() -> {
            GenericList sizes = new GenericList(new Type.TypePtr(IntType.getIntTypePtr().get()));
            for (long dim = 0; dim < anchor.dim(); dim++) {
                sizes.push_back(new IValue(anchor.size(dim)));
            }
            IValueVector stack = new IValueVector(new IValue(anchor), new IValue(sizes));
            UnsafeView.OPERATOR.callBoxed(stack);
            return new Tensor(stack.get(0).toTensor()); // what it gives is a part of the stack
        });
    }
}

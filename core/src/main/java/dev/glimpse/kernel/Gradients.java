package dev.glimpse.kernel;

import dev.glimpse.nn.Tensors;
import java.util.function.LongConsumer;
import org.bytedeco.pytorch.BoolOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** The gradients of a kernel's parameters, handed to autograd at once: each call of its engine costs as much as a small layer. */
final class Gradients {
    private final TensorVector parameters = new TensorVector();
    private final TensorVector values = new TensorVector();

    /**
     * Computes a parameter's gradient if one is wanted.
     *
     * @param parameter may be undefined
     * @param set is given the address of as many float32 numbers, which it sets
     */
    void add(Tensor parameter, LongConsumer set) {
        if (parameter.defined() && parameter.requires_grad()) {
            boolean plain = parameter.scalar_type().intern() == ScalarType.Float && parameter.is_contiguous();
            Tensor gradient = plain ? torch.empty_like(parameter)
                    : Tensors.empty(ScalarType.Float, Tensors.shape(parameter));
            set.accept(gradient.data_ptr().address());
            parameters.push_back(parameter);
            values.push_back(plain ? gradient : gradient.to(parameter.scalar_type()));
        }
    }

    void flow() {
        if (!parameters.empty()) {
            torch.backward(parameters, values, new BoolOptional(true), false, new TensorVector());
        }
    }
}

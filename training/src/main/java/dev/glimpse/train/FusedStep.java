package dev.glimpse.train;

import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Dispatcher;
import org.bytedeco.pytorch.GenericList;
import org.bytedeco.pytorch.IValue;
import org.bytedeco.pytorch.IValueVector;
import org.bytedeco.pytorch.OperatorHandle;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorType;
import org.bytedeco.pytorch.Type;

/**
 * One of libtorch's operations that update many parameters in one pass over them, which have no function of their own in
 * Java. It takes half the time of the same rule made of single operations.
 */
final class FusedStep {
    private final OperatorHandle operator;

    /** @param name as in {@code aten::_fused_adamw_}, without a scope around that would free it */
    FusedStep(String name) {
        operator = Dispatcher.singleton().findSchemaOrThrow(name, "").retainReference();
    }

    /** @param arguments lists of tensors, numbers and flags; null for what is left out */
    void call(Object... arguments) {
        try (PointerScope _ = new PointerScope(); IValueVector stack = new IValueVector(arguments.length)) {
            for (int i = 0; i < arguments.length; i++) {
                stack.put(i, value(arguments[i]));
            }
            operator.callBoxed(stack);
        }
    }

    private static IValue value(Object argument) {
        return switch (argument) {
            case null -> new IValue();
            case Double number -> new IValue(number.doubleValue());
            case Boolean flag -> new IValue(flag.booleanValue());
            case List<?> tensors -> {
                GenericList list = new GenericList(new Type.TypePtr(TensorType.get()));
                tensors.forEach(tensor -> list.push_back(new IValue((Tensor) tensor)));
                yield new IValue(list);
            }
            default -> throw new IllegalArgumentException(argument.getClass() + " is no argument of an update");
        };
    }
}

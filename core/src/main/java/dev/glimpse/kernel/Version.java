package dev.glimpse.kernel;

import org.bytedeco.pytorch.Tensor;

/** A tensor that a backward of ours needs as it was in the forward; libtorch looks after those of its own alone. */
record Version(Tensor tensor, String title, long number) {
    Version(Tensor tensor, String title) {
        this(tensor, title, tensor._version());
    }

    void require() {
        if (tensor.isNull()) {
            throw new IllegalStateException(
                    "the PointerScope that was open in the forward has been closed, and with it "
                            + "went what backward needs: close it after backward");
        }
        if (tensor._version() != number) {
            throw new IllegalStateException(
                    "the " + title + " has been changed in place since the forward: the gradient "
                            + "needs it as it was; change a copy, or run with -D" + Kernels.PROPERTY + "=composed");
        }
    }
}

package dev.glimpse.nn;

import org.bytedeco.pytorch.Module;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.kFanIn;
import org.bytedeco.pytorch.kFanOut;
import org.bytedeco.pytorch.kReLU;
import org.bytedeco.pytorch.FanModeType;
import org.bytedeco.pytorch.Nonlinearity;

/** Initial values of parameters. */
public final class Init {
    private Init() {}

    /** He et al. 2015 for convolutions before a ReLU: normal, variance 2 / (out channels x kernel size). */
    public static void kaimingFanOut(Tensor weight) {
        torch.kaiming_normal_(weight, 0, new FanModeType(new kFanOut()), new Nonlinearity(new kReLU()));
    }

    /** The same for a convolution in groups, each of whose inputs reaches one group's channels. */
    public static void kaimingGrouped(Tensor weight, long groups) {
        torch.normal_(weight, 0, Math.sqrt(2.0 * groups / (weight.size(0) * weight.size(2) * weight.size(3))));
    }

    /** The same with the inputs counted: normal, variance 2 / (in channels x kernel size). */
    public static void kaimingFanIn(Tensor weight) {
        torch.kaiming_normal_(weight, 0, new FanModeType(new kFanIn()), new Nonlinearity(new kReLU()));
    }

    /** For a depthwise convolution, each of whose inputs reaches but one channel. */
    public static void kaimingDepthwise(Tensor weight) {
        torch.normal_(weight, 0, Math.sqrt(2.0 / (weight.size(2) * weight.size(3))));
    }

    /** Sets every parameter of a layer to zero: what follows it then starts as if it were not there. */
    public static void zero(Module layer) {
        TensorVector parameters = layer.parameters();
        for (long i = 0; i < parameters.size(); i++) {
            constant(parameters.get(i), 0);
        }
    }

    /** Multiplies every parameter of a layer. */
    public static void scale(Module layer, double factor) {
        TensorVector parameters = layer.parameters();
        for (long i = 0; i < parameters.size(); i++) {
            scale(parameters.get(i), factor);
        }
    }

    /** Multiplies every element. */
    public static void scale(Tensor parameter, double factor) {
        Scopes.noGrad(() -> parameter.mul_(new Scalar(factor)));
    }

    /** Normal, mean 0. */
    public static void normal(Tensor parameter, double deviation) {
        torch.normal_(parameter, 0, deviation);
    }

    /** Sets every element. */
    public static void constant(Tensor parameter, double value) {
        torch.constant_(parameter, new Scalar(value));
    }

    /** Sets each element, row by row. */
    public static void values(Tensor parameter, float... values) {
        Scopes.noGrad(() -> parameter.copy_(Tensors.of(values, Tensors.shape(parameter))));
    }
}

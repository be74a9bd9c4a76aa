package dev.glimpse.nn;

import dev.glimpse.Layer;
import org.bytedeco.javacpp.LongPointer;
import org.bytedeco.pytorch.AvgPool2dImpl;
import org.bytedeco.pytorch.AvgPool2dOptions;
import org.bytedeco.pytorch.BatchNorm1dImpl;
import org.bytedeco.pytorch.BatchNorm2dImpl;
import org.bytedeco.pytorch.BatchNorm3dImpl;
import org.bytedeco.pytorch.BatchNormOptions;
import org.bytedeco.pytorch.Conv1dImpl;
import org.bytedeco.pytorch.Conv1dOptions;
import org.bytedeco.pytorch.Conv2dImpl;
import org.bytedeco.pytorch.Conv2dOptions;
import org.bytedeco.pytorch.Conv3dImpl;
import org.bytedeco.pytorch.Conv3dOptions;
import org.bytedeco.pytorch.Dropout2dImpl;
import org.bytedeco.pytorch.DropoutImpl;
import org.bytedeco.pytorch.DoubleOptional;
import org.bytedeco.pytorch.GRUImpl;
import org.bytedeco.pytorch.GRUOptions;
import org.bytedeco.pytorch.LayerNormImpl;
import org.bytedeco.pytorch.LayerNormOptions;
import org.bytedeco.pytorch.LeakyReLUImpl;
import org.bytedeco.pytorch.LinearImpl;
import org.bytedeco.pytorch.LinearOptions;
import org.bytedeco.pytorch.LongVector;
import org.bytedeco.pytorch.MaxPool2dImpl;
import org.bytedeco.pytorch.MaxPool2dOptions;
import org.bytedeco.pytorch.Module;
import org.bytedeco.pytorch.ReLU6Impl;
import org.bytedeco.pytorch.ReLU6Options;
import org.bytedeco.pytorch.ReLUImpl;
import org.bytedeco.pytorch.ReLUOptions;
import org.bytedeco.pytorch.SigmoidImpl;
import org.bytedeco.pytorch.Tensor;

/** Factories for libtorch's layers, with PyTorch's defaults. The options objects and native vectors stay in here. */
public final class Layers {
    /** PyTorch's default for batch normalisation: how much of a batch's statistics enters the running ones. */
    public static final double BATCH_NORM_MOMENTUM = 0.1;
    private static final double BATCH_NORM_EPSILON = 1e-5;

    private Layers() {}

    /** A convolution over (B, in, L) with PyTorch's default window. */
    public static Conv1dImpl conv1d(long in, long out, long kernel) {
        return conv1d(in, out, kernel, Window.DEFAULT);
    }

    /** A convolution over (B, in, L). */
    public static Conv1dImpl conv1d(long in, long out, long kernel, Window window) {
        Conv1dOptions options = new Conv1dOptions(in, out, one(kernel));
        options.stride().put(window.stride());
        options.padding().put(one(window.padding()));
        options.dilation().put(window.dilation());
        options.groups().put(window.groups());
        options.bias().put(window.bias());
        return new Conv1dImpl(options);
    }

    /** A convolution over (B, in, H, W) with PyTorch's default window. */
    public static Conv2dImpl conv2d(long in, long out, long kernel) {
        return conv2d(in, out, kernel, Window.DEFAULT);
    }

    /** A convolution over (B, in, H, W) with a square kernel. */
    public static Conv2dImpl conv2d(long in, long out, long kernel, Window window) {
        return conv2d(in, out, kernel, kernel, window);
    }

    /** A convolution over (B, in, H, W) with a kernel of the given height and width. */
    public static Conv2dImpl conv2d(long in, long out, long kernelHeight, long kernelWidth, Window window) {
        Conv2dOptions options = new Conv2dOptions(in, out, new LongPointer(kernelHeight, kernelWidth));
        options.stride().put(both(window.stride()));
        options.padding().put(both(window.padding()));
        options.dilation().put(both(window.dilation()));
        options.groups().put(window.groups());
        options.bias().put(window.bias());
        return new Conv2dImpl(options);
    }

    /** A convolution along the height of (B, C, H, W), which keeps the map's size; the kernel is odd. */
    public static Conv2dImpl heightConv2d(long channels, long kernel, long groups) {
        Conv2dOptions options = new Conv2dOptions(channels, channels, new LongPointer(kernel, 1));
        options.padding().put(new LongPointer(kernel / 2, 0));
        options.groups().put(groups);
        return new Conv2dImpl(options);
    }

    /** A convolution over (B, in, T, H, W) with a cubic kernel. */
    public static Conv3dImpl conv3d(long in, long out, long kernel, Window window) {
        Conv3dOptions options = new Conv3dOptions(in, out, all(kernel));
        options.stride().put(all(window.stride()));
        options.padding().put(all(window.padding()));
        options.dilation().put(all(window.dilation()));
        options.groups().put(window.groups());
        options.bias().put(window.bias());
        return new Conv3dImpl(options);
    }

    /** {@code x W^T + b} over the last dimension. */
    public static LinearImpl linear(long in, long out) {
        return new LinearImpl(in, out);
    }

    /** {@code x W^T} over the last dimension. */
    public static LinearImpl linearNoBias(long in, long out) {
        LinearOptions options = new LinearOptions(in, out);
        options.bias().put(false);
        return new LinearImpl(options);
    }

    /**
     * A gated recurrent unit over (B, L, in).
     *
     * @param bothDirections whether another reads from the end, whose features stand behind the first's
     */
    public static GRUImpl gru(long in, long hidden, boolean bothDirections) {
        GRUOptions options = new GRUOptions(in, hidden);
        options.batch_first().put(true);
        options.bidirectional().put(bothDirections);
        return new GRUImpl(options);
    }

    /** Batch normalisation over (B, C) or (B, C, L). */
    public static BatchNorm1dImpl batchNorm1d(long channels) {
        return new BatchNorm1dImpl(new BatchNormOptions(channels));
    }

    /** Batch normalisation over (B, C, T, H, W). */
    public static BatchNorm3dImpl batchNorm3d(long channels) {
        return new BatchNorm3dImpl(new BatchNormOptions(channels));
    }

    /** Batch normalisation over (B, C, H, W). */
    public static BatchNorm2dImpl batchNorm2d(long channels) {
        return batchNorm2d(channels, BATCH_NORM_MOMENTUM);
    }

    /** Batch normalisation over (B, C, H, W) whose running statistics take in {@code momentum} of each batch's. */
    public static BatchNorm2dImpl batchNorm2d(long channels, double momentum) {
        return batchNorm2d(channels, momentum, BATCH_NORM_EPSILON);
    }

    /** The same, with {@code epsilon} added to each variance. */
    public static BatchNorm2dImpl batchNorm2d(long channels, double momentum, double epsilon) {
        BatchNormOptions options = new BatchNormOptions(channels);
        options.momentum().put(new DoubleOptional(momentum));
        options.eps().put(epsilon);
        return new BatchNorm2dImpl(options);
    }

    /** Layer normalisation over the last dimension. */
    public static LayerNormImpl layerNorm(long features, double epsilon) {
        return layerNorm(epsilon, features);
    }

    /** Layer normalisation over the last dimensions, whose sizes are given. */
    public static LayerNormImpl layerNorm(double epsilon, long... sizes) {
        LayerNormOptions options = new LayerNormOptions(new LongVector(sizes));
        options.eps().put(epsilon);
        return new LayerNormImpl(options);
    }

    public static ReLUImpl relu() {
        return new ReLUImpl();
    }

    /** The same over its input's memory, for behind a layer that does not need its own result again. */
    public static ReLUImpl reluInPlace() {
        return new ReLUImpl(new ReLUOptions(true));
    }

    /** {@code min(max(x, 0), 6)} over its input's memory. */
    public static ReLU6Impl relu6InPlace() {
        return new ReLU6Impl(new ReLU6Options(true));
    }

    public static SigmoidImpl sigmoid() {
        return new SigmoidImpl();
    }

    /** {@code max(x, 0) + 0.01 min(x, 0)}. */
    public static LeakyReLUImpl leakyRelu() {
        return new LeakyReLUImpl();
    }

    /** Sets elements to zero with the given probability in training, and scales the rest up. */
    public static DropoutImpl dropout(double probability) {
        return new DropoutImpl(probability);
    }

    /** Sets whole channels of (B, C, H, W) to zero with the given probability in training, and scales the rest up. */
    public static Dropout2dImpl dropout2d(double probability) {
        return new Dropout2dImpl(probability);
    }

    /** The largest value of each square window. */
    public static MaxPool2dImpl maxPool2d(long kernel, long stride, long padding) {
        MaxPool2dOptions options = new MaxPool2dOptions(both(kernel));
        options.stride().put(both(stride));
        options.padding().put(both(padding));
        return new MaxPool2dImpl(options);
    }

    /** The largest value of each square window, the last of which may reach beyond the border. */
    public static MaxPool2dImpl maxPool2dToTheBorder(long kernel, long stride) {
        MaxPool2dOptions options = new MaxPool2dOptions(both(kernel));
        options.stride().put(both(stride));
        options.ceil_mode().put(true);
        return new MaxPool2dImpl(options);
    }

    /** The mean of each square window; windows do not overlap, and those that reach beyond the border take what is there. */
    public static AvgPool2dImpl avgPool2d(long side) {
        AvgPool2dOptions options = new AvgPool2dOptions(both(side));
        options.stride().put(both(side));
        options.ceil_mode().put(true);
        options.count_include_pad().put(false);
        return new AvgPool2dImpl(options);
    }

    /**
     * Calls the forward of one of ours or of libtorch's layers.
     *
     * @throws IllegalArgumentException for a module that is neither
     */
    public static Tensor forward(Module module, Tensor x) {
        return switch (module) {
            case Layer layer -> layer.forward(x);
            case Conv2dImpl conv -> conv.forward(x);
            case BatchNorm2dImpl norm -> norm.forward(x);
            case ReLUImpl relu -> relu.forward(x);
            case ReLU6Impl relu -> relu.forward(x);
            case LeakyReLUImpl relu -> relu.forward(x);
            case MaxPool2dImpl pool -> pool.forward(x);
            case AvgPool2dImpl pool -> pool.forward(x);
            case LinearImpl linear -> linear.forward(x);
            case SigmoidImpl sigmoid -> sigmoid.forward(x);
            case Conv1dImpl conv -> conv.forward(x);
            case Conv3dImpl conv -> conv.forward(x);
            case BatchNorm1dImpl norm -> norm.forward(x);
            case BatchNorm3dImpl norm -> norm.forward(x);
            case LayerNormImpl norm -> norm.forward(x);
            case DropoutImpl dropout -> dropout.forward(x);
            case Dropout2dImpl dropout -> dropout.forward(x);
            default -> throw new IllegalArgumentException("no forward(Tensor) is known for "
                    + module.getClass().getSimpleName() + ": extend dev.glimpse.Layer");
        };
    }

    /** The constructor that takes a lone long would allocate that many. */
    private static LongPointer one(long value) {
        return new LongPointer(new long[]{value});
    }

    private static LongPointer both(long value) {
        return new LongPointer(value, value);
    }

    private static LongPointer all(long value) {
        return new LongPointer(value, value, value);
    }
}

package dev.glimpse.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.glimpse.kernel.Gating.Input;
import dev.glimpse.kernel.Gating.Layout;
import dev.glimpse.kernel.Gating.Parts;
import dev.glimpse.kernel.Kernels.Choice;
import dev.glimpse.nn.Tensors;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Function;
import java.util.stream.Stream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.MemoryFormat;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** A fused map computes what the composed one does, forward and backward. */
class GatedMapTest {
    private static final long[][] SIZES = {{1, 1}, {7, 7}, {9, 7}, {13, 1}, {14, 14}, {28, 30}, {56, 56}};
    private static final long[] CHANNELS = {1, 4, 6, 13, 64, 207, 1021};
    private static final long MOST_ELEMENTS = 150_000;
    /** Beside those that every attention is run on: each sees others. */
    private static final int DRAWN = 4;

    private PointerScope scope;

    @BeforeEach
    void open() {
        scope = new PointerScope();
    }

    @AfterEach
    void close() {
        scope.close();
    }

    private static final long MANY = 16;

    /** What is known to go wrong has tests of its own below. */
    static Stream<Gating> right() {
        return Arrays.stream(Gating.values()).filter(gating -> gating != Gating.ALL && gating != Gating.SUM_OF_POOLS
                && gating != Gating.SUM_OF_CHANNEL_POOLS);
    }

    static Stream<Arguments> inputs() {
        return right().flatMap(gating -> inputs(gating.ordinal()).stream().map(input -> Arguments.of(gating, input)));
    }

    /** Rows and columns of every length, in both layouts; more than one part; and what lies in no order. */
    private static List<Input> inputs(long seed) {
        List<long[]> shapes = new ArrayList<>(List.of(new long[]{3, 6, 9, 7}, new long[]{1, 1021, 7, 7},
                new long[]{3, 1, 1, 1}, new long[]{1, 64, 56, 56}));
        List<long[]> all = new ArrayList<>();
        for (long[] size : SIZES) {
            for (long channels : CHANNELS) {
                for (long images : new long[]{1, 3}) {
                    if (images * channels * size[0] * size[1] <= MOST_ELEMENTS) {
                        all.add(new long[]{images, channels, size[0], size[1]});
                    }
                }
            }
        }
        Collections.shuffle(all, new Random(seed));
        shapes.addAll(all.subList(0, DRAWN));
        List<Input> inputs = new ArrayList<>();
        shapes.forEach(shape -> List.of(Layout.CONTIGUOUS, Layout.CHANNELS_LAST)
                .forEach(layout -> inputs.add(new Input(layout, shape))));
        List.of(Layout.SLICED, Layout.EXPANDED, Layout.UNALIGNED, Layout.UNALIGNED_CHANNELS_LAST, Layout.TRANSPOSED)
                .forEach(layout -> inputs.add(new Input(layout, 3, 13, 9, 7)));
        return inputs;
    }

    @Tag("widths")
    @ParameterizedTest
    @MethodSource("inputs")
    void fusedIsComposedInFloat32(Gating gating, Input input) {
        long runs = Kernels.fusedRuns();
        Map<String, Tensor> fused = gating.run(Choice.FUSED, ScalarType.Float, false, input);
        assertThat(Kernels.fusedRuns()).isGreaterThan(runs);
        Closeness.require(fused, gating.run(Choice.COMPOSED, ScalarType.Float, false, input), Closeness.FLOAT32);
    }

    /**
     * Each run's error is bounded; over all of an attention's runs the fused form's is no larger than the composed one's,
     * both held against float32. Where the largest of rounded products decides where a gradient goes, a gate that rounds
     * the other way sends it elsewhere: there the latter alone holds. Of a handful of numbers it is chance which is closer.
     */
    @Tag("widths")
    @ParameterizedTest
    @MethodSource("right")
    void fusedIsComposedInBfloat16(Gating gating) {
        Closeness.Errors errors = new Closeness.Errors();
        for (Input input : inputs(gating.ordinal())) {
            try (PointerScope _ = new PointerScope()) {
                Map<String, Tensor> fused = gating.run(Choice.FUSED, ScalarType.BFloat16, true, input);
                Map<String, Tensor> composed = gating.run(Choice.COMPOSED, ScalarType.BFloat16, true, input);
                if (!gating.roundingDecides()) {
                    Closeness.require(fused, composed, Closeness.BFLOAT16);
                }
                if (fused.get("result").numel() >= MANY) {
                    errors.add(fused, composed, gating.run(Choice.COMPOSED, ScalarType.Float, true, input));
                }
            }
        }
        errors.requireNoWorse();
    }

    @Test
    void threePoolsAtOnce() {
        fusedIsComposedInFloat32(Gating.ALL, new Input(Layout.CONTIGUOUS, 3, 6, 9, 7));
    }

    @ParameterizedTest
    @EnumSource(names = {"SUM_OF_POOLS", "SUM_OF_CHANNEL_POOLS"})
    void bothPoolsMayGetTheSameGradient(Gating gating) {
        fusedIsComposedInFloat32(gating, new Input(Layout.CONTIGUOUS, 3, 6, 9, 7));
    }

    @ParameterizedTest
    @EnumSource(names = {"PARALLEL", "SCSE"})
    void whatIsNoFiniteNumberUnderASumOfGates(Gating gating) {
        whatIsNoFiniteNumberComesOutWhereItDoesComposed(gating, ScalarType.Float, Layout.CONTIGUOUS);
    }

    @Test
    void aGateOfAnotherSizeIsRefused() {
        Tensor x = Tensors.zeros(ScalarType.Float, 2, 6, 3, 4);
        for (Tensor gate : List.of(Tensors.zeros(ScalarType.Float, 1, 6, 1, 1),
                Tensors.zeros(ScalarType.Float, 2, 5, 1, 1))) {
            assertThatThrownBy(() -> Kernels.with(Choice.FUSED, () -> GatedMap.of(x).gated(gate)))
                    .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("does not fit a map of 2x6x3x4");
        }
    }

    /** What comes out lies as what went in. */
    @ParameterizedTest
    @EnumSource(Gating.class)
    void theLayoutStays(Gating gating) {
        for (Layout layout : List.of(Layout.CONTIGUOUS, Layout.CHANNELS_LAST)) {
            Tensor y = gating.run(Choice.FUSED, ScalarType.Float, false, new Input(layout, 2, 6, 9, 7)).get("result");
            assertThat(y.is_contiguous()).isEqualTo(layout == Layout.CONTIGUOUS);
            assertThat(y.is_contiguous(MemoryFormat.ChannelsLast)).isEqualTo(layout == Layout.CHANNELS_LAST);
        }
    }

    /** Pools whose gradients show where each maximum was found. */
    enum Ties {
        OF_POSITIONS(parts -> map -> map.gated(map.pool().max().mul(parts.channels()))),
        OF_CHANNELS(parts -> map -> map.gatedPositions(map.poolChannels().max().mul(parts.positions()))),
        OF_PRODUCTS(parts -> map -> {
            Tensor c = parts.channels().detach().round();
            return map.gated(c, map.poolChannels(c).max().mul(parts.positions()));
        });

        private final Function<Parts, Function<GatedMap, Tensor>> work;

        Ties(Function<Parts, Function<GatedMap, Tensor>> work) {
            this.work = work;
        }

        Map<String, Tensor> run(Choice choice, ScalarType type, Input input) {
            return Kernels.with(choice, () -> {
                Parts parts = new Parts(type, true, input.shape());
                Tensor leaf = parts.values(input.shape()).round().set_requires_grad(true);
                Tensor y = work.apply(parts).apply(GatedMap.of(input.layout().lay(leaf, input.shape())));
                return Gating.outcome(y, leaf, parts);
            });
        }
    }

    static Stream<Arguments> ties() {
        return Stream.of(Ties.values()).flatMap(ties -> Stream.of(ScalarType.Float, ScalarType.BFloat16)
                .flatMap(type -> Stream.of(Layout.CONTIGUOUS, Layout.CHANNELS_LAST)
                        .flatMap(layout -> Stream.of(new Input(layout, 2, 6, 3, 3), new Input(layout, 3, 13, 9, 7),
                                new Input(layout, 1, 64, 28, 30), new Input(layout, 2, 1021, 7, 7))
                                .map(input -> Arguments.of(ties, type, input)))));
    }

    /** Values are whole numbers, so that most maxima are found at several places. */
    @Tag("widths")
    @ParameterizedTest
    @MethodSource("ties")
    void aTiesGradientGoesWhereLibtorchSendsIt(Ties ties, ScalarType type, Input input) {
        double precision = type == ScalarType.Float ? Closeness.FLOAT32 : Closeness.BFLOAT16;
        Closeness.require(ties.run(Choice.FUSED, type, input), ties.run(Choice.COMPOSED, type, input), precision);
    }

    static Stream<Arguments> outliers() {
        return Arrays.stream(Gating.values()).filter(gating -> gating != Gating.PARALLEL && gating != Gating.SCSE)
                .flatMap(gating -> Stream.of(ScalarType.Float, ScalarType.BFloat16)
                        .flatMap(type -> Stream.of(Layout.CONTIGUOUS, Layout.CHANNELS_LAST)
                                .map(layout -> Arguments.of(gating, type, layout))));
    }

    /**
     * One, or one of each sign, in the first place, in the middle, in the last, everywhere. Of an odd number of channels,
     * libtorch's own bfloat16 convolution of channels-last maps multiplies the next position's first by zero.
     */
    @ParameterizedTest
    @MethodSource("outliers")
    void whatIsNoFiniteNumberComesOutWhereItDoesComposed(Gating gating, ScalarType type, Layout layout) {
        for (long[] shape : new long[][]{{2, 6, 9, 7}, {1, 38, 5, 7}, {1, 40, 14, 14}}) {
            long all = shape[1] * shape[2] * shape[3];
            for (double outlier : new double[]{Double.NaN, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY}) {
                for (long[] places : new long[][]{{0}, {all / 2}, {all - 1}, {1, all - 2}, {}}) {
                    Closeness.requireSameOutliers(outlier + " at " + Arrays.toString(places) + " of "
                            + Tensors.shapeText(shape),
                            outliersOf(Choice.FUSED, gating, type, layout, shape, outlier, places),
                            outliersOf(Choice.COMPOSED, gating, type, layout, shape, outlier, places));
                }
            }
        }
    }

    /** The second of two places has the other sign; no place is every place. */
    private static Tensor outliersOf(Choice choice, Gating gating, ScalarType type, Layout layout, long[] shape,
            double outlier, long... places) {
        return Kernels.with(choice, () -> {
            Parts parts = new Parts(type, true, shape);
            Tensor x = parts.values(shape);
            double sign = 1;
            for (long place : places) {
                x.view(x.numel()).narrow(0, place, 1).fill_(new Scalar(sign * outlier));
                sign = -1;
            }
            if (places.length == 0) {
                x.fill_(new Scalar(outlier));
            }
            return gating.on(layout.lay(x, shape), parts).detach();
        });
    }
}

package dev.glimpse.attention;

import static dev.glimpse.Support.magnitude;
import static dev.glimpse.Support.random;
import static dev.glimpse.Support.randomise;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.glimpse.attention.AttentionMaps.AttentionMap;
import dev.glimpse.attention.AttentionMaps.Kind;
import dev.glimpse.io.StateDict;
import dev.glimpse.nn.Scopes;
import dev.glimpse.nn.Tensors;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class OcrTest {
    private PointerScope scope;
    private Tensor features;
    private Tensor logits;

    @BeforeEach
    void open() {
        scope = new PointerScope();
        features = random(1, ScalarType.Double, 2, 8, 9, 7);
        logits = random(2, ScalarType.Double, 2, 5, 9, 7);
    }

    @AfterEach
    void close() {
        scope.close();
    }

    @ParameterizedTest
    @CsvSource({"1, 1, true", "1, 2.5, false", "2, 1, false", "3, 0.5, true", "7, 1, true"})
    void everyFormIsItsFormula(long scale, double gatherScale, boolean bias) {
        Ocr ocr = build(Map.of("channels", 8, "key_channels", 6, "out_channels", 4, "scale", scale, "gather_scale",
                gatherScale, "bias", bias));
        Tensor expected = formula(StateDict.of(ocr), scale, gatherScale);
        assertThat(Tensors.shape(expected)).containsExactly(2, 4, 9, 7);
        assertThat(magnitude(ocr.forward(features, logits).sub(expected))).isLessThan(1e-12 * magnitude(expected));
    }

    /** The class docs' formula in evaluation. */
    private Tensor formula(Map<String, Tensor> state, long scale, double gatherScale) {
        Plain plain = new Plain(state);
        String block = "object_context_block.";
        Tensor x = features.flatten(2, 3);
        Tensor exp = logits.flatten(2, 3).mul(new Scalar(gatherScale)).exp();
        Tensor masks = exp.div(exp.sum(2).unsqueeze(2)); // (B, K, N)
        Tensor regions = torch.einsum("bcn,bkn->bck", new TensorVector(x, masks));
        Tensor maps = scale == 1 ? features : windowMaxima(scale);
        Tensor pixels = twice(plain, block + "f_pixel", maps.flatten(2, 3));
        Tensor objects = twice(plain, block + "f_object", regions);
        Tensor values = once(plain, block + "f_down", regions);
        Tensor alike = pixels.transpose(1, 2).matmul(objects).div(new Scalar(Math.sqrt(6))).exp(); // (B, N', K)
        Tensor weights = alike.div(alike.sum(2).unsqueeze(2));
        Tensor context = once(plain, block + "f_up", values.matmul(weights.transpose(1, 2)));
        Tensor map = context.view(2, 8, maps.size(2), maps.size(3));
        Tensor full = scale == 1 ? map : Tensors.bilinear(map, 9, 7, true);
        Tensor y = once(plain, "conv_bn_dropout", Tensors.cat(1, full.flatten(2, 3), x));
        return y.view(2, 4, 9, 7);
    }

    private Tensor windowMaxima(long scale) {
        List<Tensor> rows = new ArrayList<>();
        for (long i = 0; i + scale <= 9; i += scale) {
            List<Tensor> row = new ArrayList<>();
            for (long j = 0; j + scale <= 7; j += scale) {
                row.add(Tensors.amax(features.narrow(2, i, scale).narrow(3, j, scale), 2, 3));
            }
            rows.add(Tensors.cat(3, row.toArray(Tensor[]::new)));
        }
        return Tensors.cat(2, rows.toArray(Tensor[]::new));
    }

    private static Tensor once(Plain plain, String key, Tensor x) {
        return plain.norm(key + ".1.0", plain.conv(key + ".0", x)).relu();
    }

    private static Tensor twice(Plain plain, String key, Tensor x) {
        return plain.norm(key + ".3.0", plain.conv(key + ".2", once(plain, key, x))).relu();
    }

    @Test
    void theDefaultsAreTheAuthors() {
        Ocr ocr = new Ocr(512);
        Map<String, long[]> shapes = StateDict.shapes(StateDict.parameters(ocr));
        assertThat(shapes.get("object_context_block.f_pixel.0.weight")).containsExactly(256, 512, 1, 1);
        assertThat(shapes.get("conv_bn_dropout.0.weight")).containsExactly(512, 1024, 1, 1);
        assertThat(Ocr.Config.of(512)).isEqualTo(new Ocr.Config(256, 512, 1, 1, 0.05, true));
        ocr.close();
    }

    @Test
    void withoutBiasesTheKeysAreTheSameButForTheirs() {
        Map<String, Tensor> biased = StateDict.of(build(Map.of("channels", 8)));
        Map<String, Tensor> unbiased = StateDict.of(build(Map.of("channels", 8, "bias", false)));
        assertThat(biased.keySet()).containsAll(unbiased.keySet());
        biased.keySet().removeAll(unbiased.keySet());
        assertThat(biased.keySet()).hasSize(7).allMatch(key -> key.endsWith(".0.bias") || key.endsWith(".2.bias"));
    }

    @Test
    void theSoftRegionsAreShown() {
        Ocr ocr = build(Map.of("channels", 8, "key_channels", 6));
        for (long classes : new long[]{1, 3, 21}) {
            Tensor scores = random(3, ScalarType.Double, 2, classes, 9, 7);
            List<AttentionMap> maps = AttentionMaps.during(() -> ocr.forward(features, scores));
            assertThat(maps).extracting(AttentionMap::kind).containsExactly(Kind.SPATIAL);
            Tensor map = maps.getFirst().values();
            assertThat(maps.getFirst().source()).isInstanceOf(Ocr.Gather.class);
            assertThat(Tensors.shape(map)).containsExactly(2, classes, 9, 7);
            Tensor expected = scores.flatten(2, 3).softmax(-1).view_as(map);
            assertThat(magnitude(map.sub(expected))).isLessThan(1e-15);
        }
    }

    @Test
    void aRegionIsTheMeanOfWhereItsClassIs() {
        Tensor certain = Tensors.zeros(ScalarType.Double, 2, 5, 9, 7);
        certain.select(1, 3).select(1, 4).select(1, 2).fill_(new Scalar(1e4));
        Tensor regions = new Ocr.Gather(1).forward(features, certain);
        assertThat(Tensors.shape(regions)).containsExactly(2, 8, 5, 1);
        assertThat(magnitude(regions.select(2, 3).squeeze(2).sub(features.select(2, 4).select(2, 2))))
                .isLessThan(1e-12);
        assertThat(magnitude(regions.select(2, 0).sub(Tensors.spatialMean(features).squeeze(3)))).isLessThan(1e-12);
    }

    @Test
    void dropoutTakesWholeChannelsInTrainingAlone() {
        Ocr ocr = build(Map.of("channels", 8, "key_channels", 6, "out_channels", 64, "dropout", 0.5));
        assertThat(run(ocr, 1).equal(run(ocr, 2))).isTrue();
        ocr.train(true);
        Tensor largest = Tensors.amax(run(ocr, 1), 2, 3);
        ocr.train(true);
        assertThat(run(ocr, 1).equal(run(ocr, 2))).isFalse();
        long dropped = largest.eq(new Scalar(0)).sum().item_long();
        assertThat(dropped).isBetween(20L, 108L);
        Ocr without = build(Map.of("channels", 8, "key_channels", 6, "out_channels", 64, "dropout", 0));
        without.train(true);
        assertThat(run(without, 1).equal(run(without, 2))).isTrue();
    }

    private Tensor run(Ocr ocr, long seed) {
        torch.manual_seed(seed);
        return ocr.forward(features, logits);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "key_channels | 0 | ocr: key_channels is 0, must be at least 1",
        "out_channels | -3 | ocr: out_channels is -3, must be at least 1",
        "channels | 0 | ocr: channels is 0, must be at least 1",
        "scale | 0 | ocr: scale is 0, must be at least 1",
        "gather_scale | -1.5 | ocr: gather_scale is -1.5, must be above 0",
        "dropout | 1 | ocr: dropout is 1.0, must be at least 0 and below 1",
        "bias | maybe | ocr: bias is 'maybe', not true or false"})
    void aWrongArgumentIsNamedWithItsValue(String name, String value, String message) {
        Map<String, Object> args = new HashMap<>(Map.of("channels", 8));
        args.put(name, value);
        assertThatThrownBy(() -> Attentions.create("ocr", args)).isInstanceOf(IllegalArgumentException.class)
                .hasMessage(message);
    }

    @Test
    void mapsTooSmallForTheScaleAreRefused() {
        Ocr ocr = build(Map.of("channels", 8, "scale", 8));
        assertThatThrownBy(() -> ocr.forward(features, logits)).isInstanceOf(IllegalArgumentException.class)
                .hasMessage("ocr: scale=8 leaves nothing of maps of 9x7; give larger maps or a smaller scale");
    }

    @Test
    void aLoneClassOrPositionDoesNotTrain() {
        Ocr ocr = build(Map.of("channels", 8));
        Tensor one = features.narrow(0, 0, 1);
        Tensor oneClass = logits.narrow(0, 0, 1).narrow(1, 0, 1);
        assertThat(magnitude(ocr.forward(one, oneClass))).isFinite();
        ocr.train(true);
        assertThatThrownBy(() -> ocr.forward(one, oneClass)).isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("ocr: its batch norm")
                .hasMessageContainingAll("one class of one image", "eval()");
        Tensor point = one.narrow(2, 0, 1).narrow(3, 0, 1);
        Tensor classes = logits.narrow(0, 0, 1).narrow(2, 0, 1).narrow(3, 0, 1);
        assertThatThrownBy(() -> ocr.forward(point, classes)).isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("ocr: its batch norm").hasMessageContaining("one image of one position");
        assertThat(magnitude(ocr.forward(features, logits.narrow(1, 0, 1)))).isFinite();
    }

    @Test
    void sixteenBitsGiveNearlyTheSame() {
        Ocr ocr = build(Map.of("channels", 8, "key_channels", 6));
        Tensor expected = ocr.forward(features, logits);
        ocr.to(ScalarType.BFloat16, false);
        Tensor y = Scopes.noGrad(() -> ocr.forward(features.to(ScalarType.BFloat16), logits.to(ScalarType.BFloat16)));
        assertThat(magnitude(y.to(ScalarType.Double).sub(expected))).isLessThan(0.05 * magnitude(expected));
    }

    private static Ocr build(Map<String, ?> args) {
        Ocr ocr = (Ocr) Attentions.create("ocr", args);
        ocr.to(ScalarType.Double, false);
        randomise(ocr, 7);
        ocr.eval();
        return ocr;
    }
}

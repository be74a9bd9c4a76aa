package dev.glimpse.attention;

import static dev.glimpse.Support.magnitude;
import static dev.glimpse.Support.random;
import static dev.glimpse.Support.randomise;
import static dev.glimpse.attention.Slow.RELU;
import static dev.glimpse.attention.Slow.SIGMOID;
import static dev.glimpse.attention.Slow.assertSame;
import static dev.glimpse.attention.Slow.dense;
import static dev.glimpse.attention.Slow.gated;
import static dev.glimpse.attention.Slow.map;
import static dev.glimpse.attention.Slow.maps;
import static dev.glimpse.attention.Slow.state;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.glimpse.Layer;
import dev.glimpse.io.SafeTensors;
import dev.glimpse.io.StateDict;
import dev.glimpse.nn.Tensors;
import java.io.IOException;
import java.nio.file.Path;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Frequency channel attention against a cosine transform by loops. */
class FcaTest {
    private static final String KEY = "dct_layer.weight";
    /** The authors' lists, rows above columns. */
    private static final int[][] TOP = {
        {0, 0, 6, 0, 0, 1, 1, 4, 5, 1, 3, 0, 0, 0, 3, 2, 4, 6, 3, 5, 5, 2, 6, 5, 5, 3, 3, 4, 2, 2, 6, 1},
        {0, 1, 0, 5, 2, 0, 2, 0, 0, 6, 0, 4, 6, 3, 5, 2, 6, 3, 3, 3, 5, 1, 1, 2, 4, 2, 1, 1, 3, 0, 5, 3}};
    private static final int[][] LOW = {
        {0, 0, 1, 1, 0, 2, 2, 1, 2, 0, 3, 4, 0, 1, 3, 0, 1, 2, 3, 4, 5, 0, 1, 2, 3, 4, 5, 6, 1, 2, 3, 4},
        {0, 1, 0, 1, 2, 0, 1, 2, 2, 3, 0, 0, 4, 3, 1, 5, 4, 3, 2, 1, 0, 6, 5, 4, 3, 2, 1, 0, 6, 5, 4, 3}};
    private static final int[][] BOT = {
        {6, 1, 3, 3, 2, 4, 1, 2, 4, 4, 5, 1, 4, 6, 2, 5, 6, 1, 6, 2, 2, 4, 3, 3, 5, 5, 6, 2, 5, 5, 3, 6},
        {6, 4, 4, 6, 6, 3, 1, 4, 4, 5, 6, 5, 2, 2, 5, 1, 4, 3, 5, 0, 3, 1, 1, 2, 4, 2, 1, 1, 5, 3, 3, 3}};
    private PointerScope scope;

    @BeforeEach
    void open() {
        scope = new PointerScope();
    }

    @AfterEach
    void close() {
        scope.close();
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 4, 8, 16, 32})
    void eachGroupOfChannelsHasItsFrequency(int count) {
        for (String name : new String[]{"top", "low", "bot"}) {
            int[][] indices = name.equals("top") ? TOP : name.equals("low") ? LOW : BOT;
            for (int[] size : new int[][]{{7, 7}, {14, 21}, {8, 13}, {15, 7}}) {
                double[] filters = state(build(64, name + count, size[0], size[1]), KEY);
                for (int i = 0; i < filters.length; i++) {
                    int group = i / (size[0] * size[1]) / (64 / count);
                    double expected = wave(indices[0][group] * (size[0] / 7), i / size[1] % size[0], size[0])
                            * wave(indices[1][group] * (size[1] / 7), i % size[1], size[1]);
                    assertThat(filters[i]).isCloseTo(expected, within(1e-7));
                }
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"top32", "low32", "bot32"})
    void theFiltersAreOrthonormalAndAllButTheFirstSumToZero(String frequencies) {
        for (int side : new int[]{7, 14}) {
            Tensor filters = StateDict.buffers(build(32, frequencies, side, side)).get(KEY).to(ScalarType.Double)
                    .flatten(1, 2); // (32, HW)
            double[] products = Slow.values(filters.matmul(filters.t()));
            for (int i = 0; i < products.length; i++) {
                assertThat(products[i]).isCloseTo(i % 33 == 0 ? 1 : 0, within(1e-6));
            }
            double[] sums = Slow.values(filters.sum(1));
            for (int i = 0; i < sums.length; i++) {
                boolean lowest = i == 0 && !frequencies.startsWith("bot");
                assertThat(sums[i]).isCloseTo(lowest ? side : 0, within(1e-6));
            }
        }
    }

    @Test
    void theFiltersAreTheAuthors() throws IOException {
        try (SafeTensors golden = SafeTensors.open(Path.of("src/test/resources/goldens/modules/fca.safetensors"))) {
            Tensor theirs = golden.tensors().get("state." + KEY);
            Tensor ours = StateDict.buffers(build(32, "top16", 7, 7)).get(KEY);
            assertThat(magnitude(ours.sub(theirs))).isLessThan(1e-7);
        }
    }

    /** Maps of another size are averaged to the one that the filters are built for. */
    @ParameterizedTest
    @CsvSource({"7, 7, 7, 7", "9, 8, 9, 8", "7, 7, 14, 14", "7, 7, 9, 17", "14, 7, 7, 7", "14, 16, 9, 5", "7, 9, 1, 1",
        "8, 7, 13, 1"})
    void theGateIsAnMlpOverTheSpectrum(int height, int width, int mapHeight, int mapWidth) {
        for (String frequencies : new String[]{"top8", "low32", "bot4"}) {
            Layer fca = build(32, frequencies, height, width);
            fca.to(ScalarType.Double, false);
            randomise(fca, 5);
            Tensor x = random(2, ScalarType.Double, 2, 32, mapHeight, mapWidth);
            double[][][][] pooled = Slow.grid(maps(x), height, width);
            double[] filters = state(fca, KEY);
            double[][][][] spectrum = Slow.empty(2, 32, 1, 1);
            Slow.each(pooled, (b, c, i, j) -> {
                spectrum[b][c][0][0] += pooled[b][c][i][j] * filters[(c * height + i) * width + j];
                return pooled[b][c][i][j];
            });
            double[][][][] hidden = map(dense(spectrum, state(fca, "fc.0.weight"), null), RELU);
            double[][][][] gate = map(dense(hidden, state(fca, "fc.2.weight"), null), SIGMOID);
            assertSame(fca.forward(x), gated(maps(x), gate));
        }
    }

    /** The lowest frequency alone is squeeze-and-excitation of the mean times the root of the map's size. */
    @Test
    void theLowestFrequencyIsTheMeanScaled() {
        Layer fca = build(32, "top1", 8, 8);
        Layer se = Attentions.slot("se:reduction=4").create(32);
        fca.to(ScalarType.Double, false);
        se.to(ScalarType.Double, false);
        randomise(fca, 5);
        randomise(se, 5);
        StateDict.parameters(se).get("fc.0.weight").set_requires_grad(false).mul_(new Scalar(8.0));
        Tensor x = random(2, ScalarType.Double, 2, 32, 8, 8);
        assertThat(magnitude(fca.forward(x).sub(se.forward(x)))).isLessThan(1e-6); // the filters are float32
    }

    @ParameterizedTest
    @CsvSource({"64, 56", "128, 28", "256, 14", "512, 7", "32, 7", "96, 7", "1024, 7", "2048, 7"})
    void withoutASizeItIsThatOfTheAuthorsNetworks(long channels, long side) {
        Layer fca = Attentions.slot("fca").create(channels);
        assertThat(Tensors.shape(StateDict.of(fca).get(KEY))).containsExactly(channels, side, side);
    }

    @Test
    void theFiltersAreSavedButNotTrained() {
        Layer fca = build(32, "top16", 7, 7);
        assertThat(StateDict.parameters(fca)).containsOnlyKeys("fc.0.weight", "fc.2.weight");
        assertThat(StateDict.buffers(fca)).containsOnlyKeys(KEY);
        Tensor filters = StateDict.buffers(fca).get(KEY).clone();
        for (long side : new long[]{7, 9}) {
            fca.forward(random(1, ScalarType.Float, 2, 32, side, side)).sum().backward();
        }
        assertThat(StateDict.buffers(fca).get(KEY).requires_grad()).isFalse();
        assertThat(StateDict.buffers(fca).get(KEY).equal(filters)).isTrue();
    }

    /** Filters that were trained or drawn at random come with a checkpoint: what is loaded is what filters. */
    @Test
    void loadedFiltersFilter() {
        Layer fca = build(32, "top16", 7, 7);
        Tensor x = random(1, ScalarType.Float, 2, 32, 7, 7);
        Tensor before = fca.forward(x);
        StateDict.buffers(fca).get(KEY).zero_();
        assertThat(fca.forward(x).equal(before)).isFalse();
        Tensor half = Tensors.of(new float[]{0.5f}, 1);
        assertThat(fca.forward(x).equal(x.mul(half))).isTrue();
    }

    @ParameterizedTest
    @CsvSource({"frequencies=top3, 'fca: frequencies is ''top3''; known: top, low or bot, then 1, 2, 4, 8, 16 or 32'",
        "frequencies=mid4, 'frequencies is ''mid4'''", "frequencies=top, 'frequencies is ''top'''",
        "frequencies=top64, 'frequencies is ''top64'''", "reduction=0, 'fca: reduction is 0'",
        "reduction=49, 'fca: reduction=49 leaves no hidden unit for 48 channels'",
        "frequencies=top32, 'fca: 48 channels do not divide by the 32 frequencies of top32'",
        "'height=6,width=7', 'fca: built for maps of 6x7, must be at least 7x7'", "height=14, 'maps of 14x0'",
        "'height=-7,width=-7', 'maps of -7x-7'"})
    void aWrongValueIsNamed(String arguments, String said) {
        assertThatThrownBy(() -> Attentions.slot("fca:" + arguments).create(48))
                .isInstanceOf(IllegalArgumentException.class).hasMessageContaining(said).message().doesNotContain("\n");
    }

    private static Layer build(long channels, String frequencies, long height, long width) {
        return Attentions
                .slot("fca:reduction=4,frequencies=%s,height=%d,width=%d".formatted(frequencies, height, width))
                .create(channels);
    }

    private static double wave(int frequency, int position, int size) {
        double cosine = Math.cos(Math.PI * frequency * (position + 0.5) / size) / Math.sqrt(size);
        return frequency == 0 ? cosine : cosine * Math.sqrt(2);
    }
}

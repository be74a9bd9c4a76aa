package dev.glimpse.app.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.glimpse.nn.Libtorch;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class AttentionCaseTest {
    @TempDir
    private Path folder;

    @BeforeAll
    static void load() {
        Libtorch.load();
    }

    @Test
    void aShapeIsFourSides() {
        assertThat(MapShape.parse("--shape", "32x256x56x14")).isEqualTo(new MapShape(32, 256, 56, 14))
                .hasToString("32x256x56x14");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "3x4", "0x1x1x1", "1x2x3x4x5", "1x-2x3x4", "axbxcxd", "1x1x1x99999999999999999999"})
    void whatIsNoShapeIsRefused(String text) {
        assertThatThrownBy(() -> MapShape.parse("--shape", text)).isInstanceOf(IllegalArgumentException.class)
                .hasMessage("--shape is '" + text + "', not BxCxHxW as in 32x256x56x56");
    }

    @ParameterizedTest
    @ValueSource(strings = {"nonsense", "ca_map"})
    void whatIsNoModuleOfOneMapIsRefused(String name) {
        MapShape shape = new MapShape(1, 16, 4, 4);
        assertThatThrownBy(() -> new AttentionCase(name, shape, Dtype.FP32, Layout.NCHW, Pass.TRAIN))
                .isInstanceOf(IllegalArgumentException.class).hasMessageContaining(name);
    }

    @Test
    void theGridIsWhole() {
        Map<String, Long> byName = AttentionGrid.cases().stream()
                .collect(Collectors.groupingBy(AttentionCase::name, Collectors.counting()));
        assertThat(byName).hasSize(9).containsEntry("cbam", 8L * 3 * 2).containsEntry("cc", 2L * 3 * 2);
        assertThat(AttentionGrid.cases()).doesNotHaveDuplicates().hasSize(8 * 8 * 3 * 2 + 2 * 3 * 2);
    }

    @ParameterizedTest
    @CsvSource({"2.10.0-1.5.13,AMD EPYC,AVX512,2,libtorch2.10-amd-epyc-avx512-2cores",
        "2.10.0,Intel(R) Xeon(R) Platinum 8375C CPU @ 2.90GHz,AVX2,8,"
                + "libtorch2.10-intel-xeon-platinum-8375c-avx2-8cores",
        "unknown,amd64,DEFAULT,1,libtorchunknown-amd64-default-1cores"})
    void aFileNamesTheMachine(String libtorch, String processor, String capability, int cores, String slug) {
        assertThat(Machine.slug(libtorch, processor, capability, cores)).isEqualTo(slug);
    }

    @ParameterizedTest
    @CsvSource({"cbam,FP32,NCHW,FORWARD", "cbam,FP32,NCHW,TRAIN", "gc,FP32,NHWC,TRAIN", "cbam,BF16,NHWC,TRAIN",
        "cc,FP32,NCHW,TRAIN"})
    void bothFormsComputeTheSame(String name, Dtype dtype, Layout layout, Pass pass) {
        AttentionTimes times = AttentionBench.run(
                new AttentionCase(name, new MapShape(2, 32, 7, 5), dtype, layout, pass), 0.01);
        assertThat(times.maxRelError()).as(times.errorOf()).isBetween(0.0, dtype == Dtype.FP32 ? 1e-3 : 0.1);
        assertThat(times.composed()).isPositive();
        assertThat(times.fused()).isPositive();
        assertThat(times.copy()).isPositive();
        assertThat(times.asMap()).containsKeys("name", "shape", "dtype", "layout", "pass", "composed_ms", "fused_ms",
                "copy_ms", "composed_over_fused", "fused_over_copy", "max_rel_error", "threads", "vector_bits",
                "libtorch", "processor");
    }

    /** A bias under a softmax has a gradient of roundings alone. */
    @Test
    void whatIsRoundingAloneIsNotJudged() {
        AttentionTimes times = AttentionBench.run(
                new AttentionCase("gc", new MapShape(2, 32, 7, 5), Dtype.FP32, Layout.NCHW, Pass.TRAIN), 0.01);
        assertThat(times.unjudged()).containsExactly("conv_mask.bias");
    }

    @Test
    void aSummaryTakesTheGeometricMeanAndTheLeast() {
        List<AttentionTimes> times = List.of(times("8x256x56x56", 2), times("32x2048x7x7", 8));
        List<AttentionGrid.Summary> summaries = AttentionGrid.summaries(times);
        assertThat(summaries).singleElement().satisfies(summary -> assertThat(summary.asMap())
                .containsEntry("name", "cbam").containsEntry("shapes", 2)
                .containsEntry("composed_over_fused_least", 2.0).containsEntry("least_at", "8x256x56x56")
                .doesNotContainKey("shape")
                .hasEntrySatisfying("composed_over_fused_mean",
                        mean -> assertThat((double) mean).isBetween(3.999, 4.001)));
    }

    private static AttentionTimes times(String shape, double ratio) {
        AttentionCase task = new AttentionCase("cbam", MapShape.parse("--shape", shape), Dtype.FP32, Layout.NCHW,
                Pass.TRAIN);
        return new AttentionTimes(task, ratio, 1, 1, ratio, 1, 0, "", Composition.INDEXED, 1, "fused", List.of(), 5);
    }

    @Test
    void aGridOfNothingIsRefused() {
        assertThatThrownBy(() -> AttentionGrid.run(_ -> false, 1, _ -> {})).isInstanceOf(IllegalArgumentException.class)
                .hasMessage("nothing of the grid is as the options say");
    }

    /** One image is too few for BAM's norm: that is said, and the others are measured. */
    @Test
    void aModuleMayRefuse() throws IOException {
        MapShape small = MapShape.parse("--shape", "1x64x56x56");
        AttentionGrid grid = AttentionGrid.run(task -> task.shape().equals(small) && task.layout() == Layout.NHWC
                && task.dtype() == Dtype.FP32 && List.of("bam", "se").contains(task.name()), 0.01, _ -> {});
        assertThat(grid.failed()).isFalse();
        assertThat(grid.table()).contains("bam", "se").doesNotContain("cbam");
        assertThat((List<?>) grid.asMap().get("refused")).hasSize(1);
        assertThat(grid.write(folder)).singleElement().satisfies(file -> {
            assertThat(file.getFileName().toString()).startsWith("attention-fp32-nhwc-libtorch").endsWith("cores.json");
            assertThat(file).content().contains("\"refused\"", "\"composed_over_fused_mean\"", "batch norm");
        });
    }
}

package dev.glimpse.attention;

import static dev.glimpse.Support.magnitude;
import static dev.glimpse.Support.random;
import static dev.glimpse.Support.randomise;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.glimpse.Layer;
import dev.glimpse.attention.AttentionMaps.AttentionMap;
import dev.glimpse.attention.AttentionMaps.Kind;
import dev.glimpse.model.Networks;
import dev.glimpse.nn.Scopes;
import dev.glimpse.nn.Tensors;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class AttentionMapsTest {
    private PointerScope scope;

    @BeforeEach
    void open() {
        scope = new PointerScope();
    }

    @AfterEach
    void close() {
        scope.close();
    }

    @Test
    void cbamShowsBothGatesOfEveryBlock() {
        Layer network = network("resnet18", "cbam");
        List<AttentionMap> maps = watch(network, random(1, ScalarType.Float, 2, 3, 64, 64));
        assertThat(maps).hasSize(16);
        long[] widths = {64, 64, 128, 128, 256, 256, 512, 512};
        for (int block = 0; block < widths.length; block++) {
            AttentionMap channel = maps.get(2 * block);
            AttentionMap spatial = maps.get(2 * block + 1);
            long side = 16 * 64 / widths[block];
            assertThat(channel.kind()).isEqualTo(Kind.CHANNEL);
            assertThat(spatial.kind()).isEqualTo(Kind.SPATIAL);
            assertThat(Tensors.shape(channel.values())).containsExactly(2, widths[block], 1, 1);
            assertThat(Tensors.shape(spatial.values())).containsExactly(2, 1, side, side);
            String path = "layer" + (block / 2 + 1) + "." + block % 2 + ".cbam.";
            assertThat(network.walk().get(path + "ChannelGate")).isSameAs(channel.source());
            assertThat(network.walk().get(path + "SpatialGate")).isSameAs(spatial.source());
        }
        Tensor half = Tensors.of(new float[]{0.5f}, 1);
        maps.forEach(map -> assertThat(magnitude(map.values().sub(half))).isLessThanOrEqualTo(0.5));
    }

    @ParameterizedTest
    @CsvSource({"mha2d, attention.mha", "conv1d-mha, attention"})
    void multiHeadAttentionShowsPairs(String attention, String path) {
        Layer network = network("white-patch", attention);
        List<AttentionMap> maps = watch(network, random(1, ScalarType.Float, 2, 3, 24, 20));
        assertThat(maps).hasSize(1);
        AttentionMap map = maps.getFirst();
        assertThat(map.kind()).isEqualTo(Kind.PAIRS);
        assertThat(Tensors.shape(map.values())).containsExactly(2, 4, 30, 30);
        assertThat(network.walk().get(path)).isSameAs(map.source());
        Tensor one = Tensors.of(new float[]{1}, 1);
        assertThat(magnitude(map.values().sum(3).sub(one))).as("over the keys").isLessThan(1e-5);
        assertThat(magnitude(map.values().sum(2).sub(one))).as("over the queries").isGreaterThan(0.01);
    }

    @ParameterizedTest
    @ValueSource(strings = {"cbam", "cbam-plain", "cbam-timm", "cbam-independent"})
    void theGatesShownAreTheGatesApplied(String name) {
        Layer cbam = Attentions.slot(name).create(64);
        randomise(cbam, 2);
        cbam.eval();
        Tensor x = random(1, ScalarType.Float, 2, 64, 9, 7);
        List<Tensor> outputs = new ArrayList<>();
        List<AttentionMap> maps = AttentionMaps.during(() -> outputs.add(cbam.forward(x)));
        assertThat(maps).extracting(AttentionMap::kind).containsExactly(Kind.CHANNEL, Kind.SPATIAL);
        Tensor product = x.mul(maps.get(0).values()).mul(maps.get(1).values());
        assertThat(product.equal(outputs.getFirst())).isTrue();
    }

    @Test
    void theParallelGatesShownAreTheGatesApplied() {
        Layer cbam = Attentions.slot("cbam-parallel").create(64);
        randomise(cbam, 2);
        cbam.eval();
        Tensor x = random(1, ScalarType.Float, 2, 64, 9, 7);
        List<Tensor> outputs = new ArrayList<>();
        List<AttentionMap> maps = AttentionMaps.during(() -> outputs.add(cbam.forward(x)));
        Tensor sum = x.add(x.mul(maps.get(0).values())).add(x.mul(maps.get(1).values()));
        assertThat(magnitude(sum.sub(outputs.getFirst()))).as("but for rounding").isLessThan(1e-6 * magnitude(sum));
    }

    @Test
    void nothingIsRecordedUnlessWatched() {
        Layer network = network("white-patch", "cbam");
        Tensor images = random(1, ScalarType.Float, 1, 3, 24, 24);
        List<AttentionMap> maps = watch(network, images);
        assertThat(AttentionMaps.watched()).isFalse();
        network.forward(images);
        assertThat(maps).hasSize(2);
        assertThat(AttentionMaps.during(() -> {})).isEmpty();
        assertThatThrownBy(() -> AttentionMaps.during(() -> {
            throw new IllegalStateException("forward failed");
        })).hasMessage("forward failed");
        assertThat(AttentionMaps.watched()).isFalse();
    }

    @Test
    void anotherThreadsForwardIsNotRecorded() throws InterruptedException {
        Layer network = network("white-patch", "cbam");
        Tensor images = random(1, ScalarType.Float, 1, 3, 24, 24);
        List<Boolean> watched = new ArrayList<>();
        Thread other = new Thread(() -> {
            watched.add(AttentionMaps.watched());
            network.forward(images);
        });
        List<AttentionMap> maps = AttentionMaps.during(() -> {
            other.start();
            try {
                other.join();
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        });
        assertThat(watched).containsExactly(false);
        assertThat(maps).isEmpty();
    }

    @Test
    void mapsAreDetachedAndWatchingChangesNothing() {
        Layer network = network("resnet18", "cbam");
        Tensor images = random(1, ScalarType.Float, 1, 3, 64, 64);
        List<Tensor> outputs = new ArrayList<>();
        List<AttentionMap> maps = AttentionMaps.during(() -> outputs.add(network.forward(images)));
        assertThat(maps).noneMatch(map -> map.values().requires_grad());
        assertThat(outputs.getFirst().requires_grad()).isTrue();
        assertThat(network.forward(images).equal(outputs.getFirst())).isTrue();
        Scopes.noGrad(() -> {
            outputs.add(network.forward(images));
            return null;
        });
        assertThat(outputs.get(1).equal(outputs.getFirst())).isTrue();
    }

    private static Layer network(String name, String attention) {
        Layer network = Networks.create(name, Map.of("attention", attention));
        randomise(network, 4);
        network.eval();
        return network;
    }

    /** Without gradients, where a network frees each block's tensors unless it is watched. */
    private static List<AttentionMap> watch(Layer network, Tensor images) {
        return Scopes.noGrad(() -> AttentionMaps.during(() -> network.forward(images)));
    }
}

package dev.glimpse.explain;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.glimpse.Layer;
import dev.glimpse.attention.AttentionMaps;
import dev.glimpse.attention.AttentionMaps.Kind;
import dev.glimpse.nn.Sequential;
import dev.glimpse.nn.Tensors;
import java.util.List;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class NetworkMapsTest {
    private static final int HEIGHT = 3;
    private static final int WIDTH = 4;
    private static final int POSITIONS = HEIGHT * WIDTH;
    private final PointerScope scope = new PointerScope();
    private final Tensor images = Tensors.zeros(ScalarType.Float, 2, 3, 6, 8);

    @BeforeEach
    void seed() {
        torch.manual_seed(1);
    }

    @AfterEach
    void close() {
        scope.close();
    }

    @ParameterizedTest
    @EnumSource(value = Kind.class, names = {"CHANNEL", "CHANNEL_PAIRS"})
    void whatHasNoPositionsIsLeftOut(Kind kind) {
        Tensor channels = kind == Kind.CHANNEL ? torch.rand(2, 5, 1, 1) : torch.rand(2, 1, 5, 5);
        assertThat(NetworkMaps.of(network(kind, channels), images)).isEmpty();
    }

    @ParameterizedTest
    @EnumSource(value = Kind.class, names = {"SPATIAL", "ELEMENT"})
    void severalMapsBecomeTheirMean(Kind kind) {
        Tensor values = torch.rand(2, 5, HEIGHT, WIDTH);
        assertMaps(kind, values, (image, position) -> {
            double sum = 0;
            for (int map = 0; map < 5; map++) {
                sum += at(values, image, map, position / WIDTH, position % WIDTH);
            }
            return sum / 5;
        });
    }

    @Test
    void aSpatialGateStaysAsItIs() {
        Tensor gate = torch.rand(2, 1, HEIGHT, WIDTH);
        List<HeatMap> maps = NetworkMaps.of(network(Kind.SPATIAL, gate), images).get("0");
        assertThat(maps.get(1).values()).isEqualTo(Tensors.toFloats(gate.get(1)));
    }

    @Test
    void pairsBecomeWhatEachPositionReceives() {
        Tensor pairs = torch.rand(2, 2, POSITIONS, POSITIONS);
        assertMaps(Kind.PAIRS, pairs, (image, position) -> {
            double sum = 0;
            for (int head = 0; head < 2; head++) {
                for (int query = 0; query < POSITIONS; query++) {
                    sum += at(pairs, image, head, query, position);
                }
            }
            return sum / (2 * POSITIONS);
        });
    }

    @Test
    void crossesBecomeWhatEachPositionReceives() {
        Tensor cross = torch.rand(2, HEIGHT + WIDTH - 1, HEIGHT, WIDTH);
        assertMaps(Kind.CROSS, cross, (image, position) -> {
            int y = position / WIDTH;
            int x = position % WIDTH;
            double sum = 0;
            for (int column = 0; column < WIDTH; column++) {
                sum += at(cross, image, x, y, column);
            }
            for (int row = 0; row < HEIGHT; row++) {
                if (row != y) { // the column lacks the query itself
                    sum += at(cross, image, WIDTH + (y < row ? y : y - 1), row, x);
                }
            }
            return sum / POSITIONS;
        });
    }

    private interface Expected {
        double at(int image, int position);
    }

    private void assertMaps(Kind kind, Tensor values, Expected expected) {
        Map<String, List<HeatMap>> found = NetworkMaps.of(network(kind, values), images);
        assertThat(found).containsOnlyKeys("0");
        assertThat(found.get("0")).hasSize(2);
        for (int image = 0; image < 2; image++) {
            HeatMap map = found.get("0").get(image);
            assertThat(map.width()).isEqualTo(WIDTH);
            assertThat(map.height()).isEqualTo(HEIGHT);
            for (int position = 0; position < POSITIONS; position++) {
                assertThat(map.values()[position]).isCloseTo((float) expected.at(image, position), within(1e-6f));
            }
        }
    }

    private static double at(Tensor values, long... indices) {
        Tensor element = values;
        for (long index : indices) {
            element = element.get(index);
        }
        return element.item_double();
    }

    /** A network whose one layer shows the given values. */
    private static Layer network(Kind kind, Tensor values) {
        return new Sequential(new Layer() {
            @Override
            public Tensor forward(Tensor x) {
                AttentionMaps.seen(this, kind, values);
                return x;
            }
        });
    }
}

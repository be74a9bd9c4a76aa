package dev.glimpse;

import static dev.glimpse.Support.random;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.glimpse.model.Networks;
import dev.glimpse.nn.Layers;
import dev.glimpse.nn.Sequential;
import dev.glimpse.nn.Tensors;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.BatchNorm2dImpl;
import org.bytedeco.pytorch.GELUImpl;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;

class LayerTest {
    @Test
    void walksEverySubModuleByItsPathParentsFirst() {
        Layer network = Networks.create("white-patch", Map.of("attention", "cbam"));
        assertThat(network.walk().keySet()).containsExactly("conv", "conv.0", "conv.1", "conv.2", "conv.3", "conv.4",
                "conv.5", "conv.6", "conv.7", "conv.8", "cbam", "cbam.ChannelGate", "cbam.ChannelGate.mlp",
                "cbam.ChannelGate.mlp.0", "cbam.ChannelGate.mlp.1", "cbam.ChannelGate.mlp.2", "cbam.ChannelGate.mlp.3",
                "cbam.SpatialGate", "cbam.SpatialGate.spatial", "cbam.SpatialGate.spatial.conv",
                "cbam.SpatialGate.spatial.bn", "fc");
        assertThat(network.parts().keySet()).containsExactly("conv", "cbam", "fc");
        assertThat(network.walk().get("conv.2")).isInstanceOf(BatchNorm2dImpl.class);
    }

    @Test
    void trainingAndTypeReachEverySubModule() {
        Layer network = Networks.create("white-patch", Map.of("attention", "cbam"));
        network.eval();
        assertThat(network.walk().values()).noneMatch(module -> module.is_training());
        network.train(true);
        assertThat(network.walk().values()).allMatch(module -> module.is_training());
        network.to(ScalarType.Double, false);
        assertThat(network.forward(random(1, ScalarType.Double, 2, 3, 8, 8)).scalar_type().intern())
                .isEqualTo(ScalarType.Double);
    }

    @Test
    void subModulesLiveAsLongAsTheirParent() {
        Layer network = Networks.create("resnet18", Map.of("attention", "cbam", "stem", "cifar", "classes", 3));
        network.eval();
        Tensor images = random(1, ScalarType.Float, 1, 3, 8, 8);
        Tensor before = network.forward(images);
        for (int i = 0; i < 3; i++) {
            System.gc();
            Networks.create("white-patch", Map.of("attention", "cbam")); // takes what was freed too early
        }
        assertThat(network.forward(images).equal(before)).isTrue();
    }

    @Test
    void stepsInScopesLeaveTheModuleWhole() {
        Layer network = Networks.create("white-patch", Map.of("attention", "conv1d-mha"));
        Tensor images = random(1, ScalarType.Float, 2, 3, 8, 8);
        for (int i = 0; i < 3; i++) {
            try (PointerScope _ = new PointerScope()) {
                network.forward(images).sum().backward();
                network.walk().values().forEach(module -> assertThat(module.isNull()).isFalse());
            }
        }
        assertThat(Tensors.shape(network.forward(images))).containsExactly(2, 1);
    }

    @Test
    void aModuleWithoutAForwardIsNamed() {
        Sequential sequential = new Sequential(Layers.relu(), new GELUImpl());
        assertThatThrownBy(() -> sequential.forward(random(1, ScalarType.Float, 2)))
                .isInstanceOf(IllegalArgumentException.class).hasMessageContainingAll("GELUImpl", "extend");
    }
}

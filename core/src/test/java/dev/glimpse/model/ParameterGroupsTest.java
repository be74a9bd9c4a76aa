package dev.glimpse.model;

import static org.assertj.core.api.Assertions.assertThat;

import dev.glimpse.Layer;
import dev.glimpse.attention.Attentions;
import dev.glimpse.io.ParameterGroups;
import dev.glimpse.io.StateDict;
import dev.glimpse.nn.Layers;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.BatchNorm1dImpl;
import org.bytedeco.pytorch.BatchNorm2dImpl;
import org.bytedeco.pytorch.Conv1dImpl;
import org.bytedeco.pytorch.Conv2dImpl;
import org.bytedeco.pytorch.LayerNormImpl;
import org.bytedeco.pytorch.LinearImpl;
import org.bytedeco.pytorch.Module;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class ParameterGroupsTest {
    private PointerScope scope;

    @BeforeEach
    void open() {
        scope = new PointerScope();
    }

    @AfterEach
    void close() {
        scope.close();
    }

    static Set<String> networks() {
        return Networks.table().keySet();
    }

    @Tag("slow")
    @ParameterizedTest
    @MethodSource("networks")
    void eachParameterOfANetworkIsInOneGroup(String name) {
        requireParted(Networks.create(name, Map.of()));
    }

    @ParameterizedTest
    @CsvSource({"resnet18, cbam, authors", "resnet18, gc, identity", "resnet18, mha2d, authors", "unet, cbam, authors",
        "timm/seresnet18, gc-timm, authors", "resnet18, cc, identity", "vgg11_bn, none, authors",
        "densenet121, se, authors", "timm/gcresnext26ts, gc-timm, authors"})
    void soAreThoseOfItsAttention(String name, String attention, String start) {
        requireParted(Networks.create(name, Map.of("attention", attention, "start", start)));
    }

    private static void requireParted(Layer network) {
        ParameterGroups groups = ParameterGroups.of(network);
        Set<String> both = new HashSet<>(groups.decayed().keySet());
        both.addAll(groups.undecayed().keySet());
        assertThat(both).hasSize(groups.decayed().size() + groups.undecayed().size())
                .isEqualTo(StateDict.parameters(network).keySet());
        assertThat(groups.decayed().keySet()).isNotEmpty().noneMatch(key -> key.endsWith(".bias"));
        network.walk().forEach((path, module) -> {
            if (module instanceof BatchNorm2dImpl || module instanceof BatchNorm1dImpl
                    || module instanceof LayerNormImpl) {
                assertThat(groups.decayed()).doesNotContainKey(path + ".weight");
            } else if (module instanceof Conv2dImpl || module instanceof Conv1dImpl || module instanceof LinearImpl) {
                assertThat(groups.undecayed()).doesNotContainKey(path + ".weight");
            }
        });
    }

    @Test
    void whatScalesALayerAndANormOfSeveralDimensionsAreSpared() {
        ParameterGroups groups = ParameterGroups
                .of(Networks.create("resnet18", Map.of("attention", "gc", "start", "identity")));
        assertThat(groups.undecayed()).containsKeys("layer1.0.attention.alpha",
                "layer1.0.attention.attention.channel_add_conv.1.weight", "bn1.weight", "fc.bias");
        assertThat(groups.undecayed().get("layer1.0.attention.attention.channel_add_conv.1.weight").dim())
                .isEqualTo(3);
        assertThat(groups.decayed()).containsKeys("layer1.0.attention.attention.channel_add_conv.0.weight",
                "conv1.weight", "fc.weight");
        assertThat(ParameterGroups.of(Attentions.slot("cam").create(8)).undecayed()).containsOnlyKeys("gamma");
        assertThat(ParameterGroups.of(Layers.batchNorm2d(8)).decayed()).isEmpty();
    }

    @Test
    void aParameterOfTwoNamesStandsOnce() {
        Layer shared = new Layer() {
            private final Module first = register_module("first", Layers.linear(3, 3));

            {
                register_module("second", first);
            }

            @Override
            public org.bytedeco.pytorch.Tensor forward(org.bytedeco.pytorch.Tensor x) {
                return x;
            }
        };
        ParameterGroups groups = ParameterGroups.of(shared);
        assertThat(groups.decayed()).containsOnlyKeys("first.weight");
        assertThat(groups.undecayed()).containsOnlyKeys("first.bias");
    }
}

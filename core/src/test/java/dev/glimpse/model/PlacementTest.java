package dev.glimpse.model;

import static dev.glimpse.Support.magnitude;
import static dev.glimpse.Support.random;
import static dev.glimpse.Support.randomise;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.glimpse.Layer;
import dev.glimpse.attention.Attentions;
import dev.glimpse.attention.Attentions.Entry;
import dev.glimpse.attention.IdentityStart;
import dev.glimpse.io.StateDict;
import dev.glimpse.nn.Scopes;
import dev.glimpse.nn.Sequential;
import dev.glimpse.nn.Tensors;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Which attention stands where in a network, and what it does to one that is trained. */
class PlacementTest {
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
    @CsvSource(delimiter = '|', textBlock = """
            {attention=se}                             | layer1.0.attention layer1.1.attention layer2.0.attention \
            layer2.1.attention layer3.0.attention layer3.1.attention layer4.0.attention layer4.1.attention
            {attention=se, place=stages}               | attention1 attention2 attention3
            {attention=cbam, place=stages}             | cbam1 cbam2 cbam3
            {attention=se, place=layer3.1}             | layer3.1.attention
            {attention=se, place=layer3.?+layer4}      | attention4 layer3.0.attention layer3.1.attention
            {attention=cbam, place=layer*.0}           | layer1.0.cbam layer2.0.cbam layer3.0.cbam layer4.0.cbam
            {attention=cbam, place=layer4.1+stages}    | cbam1 cbam2 cbam3 layer4.1.cbam
            """)
    void attentionStandsWhereItIsPut(String args, String expected) {
        Layer network = Networks.create("resnet18", arguments(args));
        String key = args.contains("cbam") ? "cbam" : "attention";
        List<String> found = network.walk().keySet().stream().filter(path -> path.matches("(.*\\.)?" + key + "\\d?"))
                .sorted().toList();
        assertThat(found).containsExactly(expected.split(" +"));
        network.eval();
        assertThat(Tensors.shape(network.forward(random(1, ScalarType.Float, 1, 3, 40, 56)))).containsExactly(1, 1000);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|',
            textBlock = """
                    {attention=se, place=layer5.0}     | no place is called 'layer5.0'; there are blocks, stages, layer1.0 to layer4.1
                    {attention=se, place=layer3.0+x}   | no place is called 'x'
                    {place=stages}                     | no attention to put there
                    {attention=se, start=zero}         | start is 'zero'; known: authors, identity
                    """)
    void whatCannotBePutIsSaid(String args, String said) {
        assertThatThrownBy(() -> Networks.create("resnet18", arguments(args)))
                .isInstanceOf(IllegalArgumentException.class).hasMessageContaining(said);
    }

    static Stream<String> slotNames() {
        return Attentions.table().values().stream().filter(e -> e.slotKey().isPresent() && e.anySize())
                .map(Entry::name);
    }

    @ParameterizedTest
    @MethodSource("slotNames")
    void aTrainedNetworkIsUnchangedAtFirst(String attention) {
        Layer plain = Networks.create("resnet18", Map.of("stem", "cifar", "classes", 10));
        randomise(plain, 3);
        Layer attending = Networks.create("resnet18",
                Map.of("stem", "cifar", "classes", 10, "attention", attention, "start", "identity", "place", "blocks"));
        Map<String, Tensor> weights = StateDict.of(attending);
        Scopes.noGrad(() -> {
            StateDict.of(plain).forEach((key, value) -> weights.get(key).copy_(value));
            return null;
        });
        assertThat(attending.walk().values().stream().filter(IdentityStart.class::isInstance)).hasSize(8);
        Tensor images = random(1, ScalarType.Float, 2, 3, 16, 16);
        for (boolean training : new boolean[]{false, true}) {
            plain.train(training);
            attending.train(training);
            assertThat(attending.forward(images).equal(plain.forward(images))).as("bit for bit").isTrue();
        }
        attending.forward(images).mul(random(2, ScalarType.Float, 2, 10)).sum().backward();
        StateDict.parameters(attending).forEach((key, parameter) -> {
            if (key.endsWith(".alpha")) {
                assertThat(Tensors.toFloats(parameter.grad())[0]).as(key).isFinite().isNotZero();
            }
        });
    }

    @ParameterizedTest
    @CsvSource({"nonlocal, true", "nonlocal:batch_norm=false, true", "pam, true", "cam, true", "cc:recurrence=1, true",
        "cc, false", "gc, true", "gc:fusions=channel_add+channel_mul, false", "iau, false", "stn, false", "cbam, false",
        "se, false"})
    void alphaIsFoldedAwayWhereTheModuleAllowsIt(String attention, boolean foldable) {
        IdentityStart wrapped = (IdentityStart) Attentions.slot(attention).startingAsIdentity().create(32);
        randomise(wrapped, 4);
        wrapped.eval();
        Tensor x = random(1, ScalarType.Float, 2, 32, 6, 8);
        Tensor before = wrapped.forward(x);
        assertThat(wrapped.fold()).isEqualTo(foldable);
        assertThat(magnitude(wrapped.forward(x).sub(before))).isLessThan(1e-5 * magnitude(before));
        Layer outer = new Sequential(wrapped);
        if (foldable) {
            Layer plain = new Sequential(Attentions.slot(attention).create(32));
            StateDict.load(plain, IdentityStart.withoutWrappers(outer, StateDict.of(outer)));
            plain.eval();
            assertThat(magnitude(plain.forward(x).sub(before))).isLessThan(1e-5 * magnitude(before));
        } else {
            assertThatThrownBy(() -> IdentityStart.withoutWrappers(outer, StateDict.of(outer)))
                    .isInstanceOf(IllegalArgumentException.class).hasMessageStartingWith("0: its alpha is ");
        }
    }

    @Test
    void onceAlphaIsOneTheAttentionStandsAlone() {
        Layer attention = Attentions.slot("cbam").create(32);
        randomise(attention, 4);
        attention.eval();
        IdentityStart wrapped = new IdentityStart(attention);
        wrapped.eval();
        Tensor x = random(1, ScalarType.Float, 2, 32, 5, 7);
        StateDict.parameters(wrapped).get("alpha").set_requires_grad(false).fill_(new Scalar(1));
        Tensor difference = wrapped.forward(x).sub(attention.forward(x)).abs().max();
        assertThat(difference.item_float()).isLessThan(1e-6f);
    }

    @Test
    void stagesAreTheMapsBetween() {
        ResNet network = (ResNet) Networks.create("resnet50", Map.of("attention", "se", "place", "stages"));
        network.eval();
        Tensor images = random(1, ScalarType.Float, 1, 3, 70, 50);
        List<Tensor> stages = network.stages(images);
        assertThat(stages.stream().map(Tensors::shape)).containsExactly(new long[]{1, 256, 18, 13},
                new long[]{1, 512, 9, 7}, new long[]{1, 1024, 5, 4}, new long[]{1, 2048, 3, 2});
        assertThat(stages.getLast().equal(network.features(images))).isTrue();
        network.replaceClassifier(7);
        assertThat(Tensors.shape(network.forward(images))).containsExactly(1, 7);
        assertThat(StateDict.parameters(network).get("fc.weight").size(0)).isEqualTo(7);
        assertThat(network.walk().get("fc")).isSameAs(network.parts().get("fc"));
    }

    private static Map<String, String> arguments(String text) {
        Map<String, String> args = new LinkedHashMap<>();
        for (String pair : text.substring(1, text.length() - 1).split(", ")) {
            args.put(pair.substring(0, pair.indexOf('=')), pair.substring(pair.indexOf('=') + 1));
        }
        torch.manual_seed(1);
        return args;
    }
}

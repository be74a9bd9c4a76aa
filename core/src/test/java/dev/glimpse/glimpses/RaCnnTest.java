package dev.glimpse.glimpses;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.glimpse.attention.Args;
import dev.glimpse.glimpses.RaCnn.Config;
import dev.glimpse.glimpses.RaCnn.Learner;
import dev.glimpse.glimpses.RaCnn.Sight;
import dev.glimpse.io.StateDict;
import dev.glimpse.nn.Tensors;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class RaCnnTest {
    private static final int CLASSES = 4;

    private PointerScope scope;

    @BeforeEach
    void open() {
        scope = new PointerScope();
        torch.manual_seed(3);
    }

    @AfterEach
    void close() {
        scope.close();
    }

    private static Config config(String text, int size) {
        Args args = Args.parse("racnn:" + text);
        Config config = Config.read(args, CLASSES, size);
        args.requireAllRead();
        return config;
    }

    @Test
    void itSaysWhatEachScaleMakesOfAPicture() {
        RaCnn network = new RaCnn(config("hidden=8", 48));
        network.eval();
        Tensor images = torch.randn(2, 3, 48, 48);
        Sight sight = Sight.of(network.forward(images), CLASSES);
        assertThat(Tensors.shape(sight.fused())).containsExactly(2, CLASSES);
        assertThat(Tensors.shape(sight.scores())).containsExactly(2, 3, CLASSES);
        assertThat(Tensors.shape(network.whole(images))).containsExactly(2, 3, 16, 16);
        double[] proposals = Tensors.toDoubles(sight.proposals());
        double[] boxes = Tensors.toDoubles(sight.boxes());
        for (int i = 0; i < 2; i++) {
            int at = 6 * i;
            assertThat(boxes[at]).isEqualTo(proposals[at]);
            assertThat(boxes[at + 5]).isCloseTo(2 * boxes[at + 2] * proposals[at + 5], within(1e-6));
            assertThat(proposals[at + 2]).isBetween(1.0 / 6 - 1e-6, 0.5);
        }
    }

    @Test
    void scaleTwoIsTheBackboneOfWhatItsBoxHolds() {
        RaCnn network = new RaCnn(config("hidden=8", 48));
        network.eval();
        Tensor images = torch.randn(2, 3, 48, 48);
        Sight sight = Sight.of(network.forward(images), CLASSES);
        PartNet second = (PartNet) network.parts().get("scale2");
        Tensor again = second.forward(network.part(images, sight.boxes().select(1, 0)));
        assertThat(Tensors.toDoubles(sight.scores().select(1, 1).sub(again).abs().max())[0]).isLessThan(1e-5);
    }

    @ParameterizedTest
    @EnumSource(Learner.class)
    void onlyOneHalfHasGradients(Learner half) {
        RaCnn network = new RaCnn(config("hidden=8", 48));
        network.learn(half);
        Sight sight = Sight.of(network.forward(torch.randn(3, 3, 48, 48)), CLASSES);
        sight.fused().sum().add(sight.scores().softmax(2).square().sum()).add(sight.proposals().sum()).backward();
        Set<String> moved = new TreeSet<>();
        StateDict.parameters(network).forEach((key, parameter) -> {
            if (parameter.grad().defined()) {
                moved.add(key.substring(0, key.indexOf('.')));
            }
        });
        assertThat(moved).containsExactlyElementsOf(switch (half) {
            case CLASSIFIERS -> List.of("fusion", "scale1", "scale2", "scale3");
            case ATTENTION -> List.of("apn1", "apn2");
            case EACH -> List.of("apn1", "apn2", "fusion", "scale1", "scale2", "scale3");
        });
    }

    @Test
    void theNormsStayWhileTheProposalNetworksLearn() {
        RaCnn network = new RaCnn(config("hidden=8", 48));
        network.learn(Learner.ATTENTION);
        Tensor mean = StateDict.buffers(network).get("scale2.features.1.running_mean");
        network.forward(torch.randn(3, 3, 48, 48));
        assertThat(Tensors.toDoubles(mean)).containsOnly(0);
        network.learn(Learner.CLASSIFIERS);
        network.forward(torch.randn(3, 3, 48, 48));
        assertThat(Tensors.toDoubles(mean.abs().sum())[0]).isGreaterThan(0);
    }

    @Test
    void rankingByHand() {
        Tensor sure = Tensors.of(new float[]{0.5f, 0.7f, 0.6f, 0.2f, 0.22f, 0.9f}, 2, 3).requires_grad_(true);
        Tensor loss = RaCnn.ranking(sure, 0.05);
        // 0.5 -> 0.7 is enough; 0.7 -> 0.6 lacks 0.15; 0.2 -> 0.22 lacks 0.03; 0.22 -> 0.9 is enough
        assertThat(Tensors.toDoubles(loss)[0]).isCloseTo((0.15 + 0.03) / 2, within(1e-6));
        assertThat(Tensors.toDoubles(Tensors.gradient(loss, sure).neg().add(new Scalar(0.0))))
                .as("the coarser scale is but a reference").containsExactly(0, 0, 0.5, 0, 0.5, 0);
    }

    @Test
    void anyClassifierIsABackbone() {
        RaCnn network = new RaCnn(config("backbone=resnet18,first=64,view=32,hidden=8", 64));
        network.eval();
        Sight sight = Sight.of(network.forward(torch.randn(1, 3, 64, 64)), CLASSES);
        assertThat(Tensors.shape(sight.scores())).containsExactly(1, 3, CLASSES);
        assertThat(StateDict.parameters(network)).containsKey("scale3.layer4.1.conv2.weight");
    }

    @Test
    void batchesAreCountedInABuffer() {
        RaCnn network = new RaCnn(config("hidden=8", 48));
        assertThat(network.countBatch()).isZero();
        assertThat(network.countBatch()).isEqualTo(1);
        assertThat(Tensors.toLongs(StateDict.buffers(network).get("batches"))).containsExactly(2);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            view=64          | a picture of 48 pixels, of which scale one sees 64 and the others 64
            first=8          | of which scale one sees 8 and the others 16
            backbone=unet    | backbone=unet is no classifier of images
            backbone=resnet1 | no network is called 'resnet1'
            least=2          | least is 2.0, must be above 0 and at most 1
            gradient=none    | gradient is 'none'; known: mask, both
            hidden=0         | hidden is 0, must be at least 1
            """)
    void mistakesAreNamed(String text, String message) {
        assertThatThrownBy(() -> new RaCnn(config(text, 48))).isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(message);
    }

    @Test
    void picturesOfAnotherSizeAreRefused() {
        RaCnn network = new RaCnn(config("hidden=8", 48));
        assertThatThrownBy(() -> network.forward(torch.randn(1, 3, 40, 48)))
                .hasMessageContaining("takes pictures of (images, 3, 48, 48), got 1x3x40x48");
    }
}

package dev.glimpse.attention;

import static dev.glimpse.Support.random;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Module;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Inputs that do not fit a module, or one another, are told so in a line of ours and not in one of libtorch's. */
class TypedModulesTest {
    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "ocr | channels=8 | 2x9x9x7, 2x5x9x7 | takes features of (images, 8, height, width), got 2x9x9x7",
        "ocr | channels=8 | 8x9x7, 5x9x7 | takes features of (images, 8, height, width), got 8x9x7",
        "ocr | channels=8 | 2x8x9x7, 2x5x9x8 | takes logits of (2, classes, 9, 7), got 2x5x9x8",
        "ocr | channels=8 | 2x8x9x7, 2x5x7x9 | takes logits of (2, classes, 9, 7), got 2x5x7x9",
        "ocr | channels=8 | 2x8x9x7, 2x5x1x1 | takes logits of (2, classes, 9, 7), got 2x5x1x1",
        "ocr | channels=8 | 2x8x9x7, 1x5x9x7 | takes logits of (2, classes, 9, 7), got 1x5x9x7",
        "ocr | channels=8 | 2x8x9x7, 2x9x7 | takes logits of (2, classes, 9, 7), got 2x9x7",
        "stiau | channels=8 | 2x4x8, 2x8 | takes parts of (videos, frames, 4, 8), got 2x4x8",
        "stiau | channels=8 | 2x4x3x8, 2x8 | takes parts of (videos, frames, 4, 8), got 2x4x3x8",
        "stiau | channels=8 | 2x4x4x6, 2x6 | takes parts of (videos, frames, 4, 8), got 2x4x4x6",
        "stiau | channels=8,frames=4,parts=6 | 2x6x4x8, 2x8 | takes parts of (videos, frames, 6, 8), got 2x6x4x8",
        "stiau | channels=8 | 2x4x4x8, 1x8 | takes a global feature of (2, 8), got 1x8",
        "stiau | channels=8 | 2x4x4x8, 2x4 | takes a global feature of (2, 8), got 2x4",
        "stiau | channels=8 | 2x4x4x8, 2x8x1x1 | takes a global feature of (2, 8), got 2x8x1x1",
        "stiau | channels=8 | 2x5x4x8, 2x8 | built for 1 to 4 frames, got 5; cut the video, or build one for more",
        "stiau | channels=8 | 2x0x4x8, 2x8 | built for 1 to 4 frames, got 0; cut the video, or build one for more",
        "iau | channels=8 | 2x6x9x7 | takes maps of (images, 8, height, width), got 2x6x9x7",
        "iau | channels=8 | 8x9x7 | takes maps of (images, 8, height, width), got 8x9x7",
        "rga | channels=8,height=9,width=7 | 2x6x9x7 | takes maps of (images, 8, height, width), got 2x6x9x7",
        "rga | channels=8,height=9,width=7 | 8x9x7 | takes maps of (images, 8, height, width), got 8x9x7",
        "rga | channels=8,height=9,width=7 | 2x8x7x9 | built for maps of 9x7, got 7x9; resize them, or build one for "
                + "that size"})
    void aShapeThatDoesNotFitIsNamed(String name, String args, String shapes, String message) {
        Module module = Attentions.entry(name).create(Args.parse(name + ":" + args));
        try (PointerScope _ = new PointerScope()) {
            List<Tensor> inputs = Arrays.stream(shapes.split(", ")).map(TypedModulesTest::tensor).toList();
            for (boolean training : new boolean[]{false, true}) {
                module.train(training);
                assertThatThrownBy(() -> Attentions.entry(name).call().apply(module, inputs))
                        .isInstanceOf(IllegalArgumentException.class).hasMessage(name + ": " + message);
            }
        }
    }

    private static Tensor tensor(String shape) {
        return random(1, ScalarType.Float, Arrays.stream(shape.split("x")).mapToLong(Long::parseLong).toArray());
    }
}

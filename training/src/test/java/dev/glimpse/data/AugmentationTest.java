package dev.glimpse.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.glimpse.data.RandAugment.Operation;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import tools.jackson.databind.json.JsonMapper;

class AugmentationTest {
    private static final float[] MEAN = {0.5f, 0.4f, 0.3f};
    private static final float[] STD = {0.2f, 0.2f, 0.2f};
    private static final Augmentation ALL = new Augmentation(RandomResizedCrop.usual(), 0, 0.5, 0.5,
            new ColourJitter(0.4, 0.4, 0.4, 0.1), RandAugment.parse("rand-m9-n2-mstd0.5"),
            RandomErasing.usual(0.5, RandomErasing.Fill.PIXEL), new Mixing(0.2, 1, 1, 0.5));

    private static byte[] paint(Image image, Consumer<Canvas> change) {
        try (Canvas canvas = new Canvas(image.width(), MEAN)) {
            canvas.pixels().data().put(image.rgb());
            change.accept(canvas);
            byte[] rgb = new byte[image.rgb().length];
            canvas.pixels().data().get(rgb);
            return rgb;
        }
    }

    private static byte[] apply(Operation operation, double strength, Image image) {
        return paint(image, canvas -> operation.apply(canvas, strength));
    }

    private static int at(byte[] rgb, int index) {
        return rgb[index] & 0xff;
    }

    private static final Image LEAVES = DeadLeaves.image(1, 40, 40);

    @ParameterizedTest
    @EnumSource(Operation.class)
    void withoutStrengthMostOperationsChangeNothing(Operation operation) {
        byte[] rgb = apply(operation, 0, LEAVES);
        if (operation == Operation.AUTO_CONTRAST || operation == Operation.EQUALISE) {
            assertThat(rgb).isNotEqualTo(LEAVES.rgb());
        } else {
            byte[] expected = LEAVES.rgb().clone();
            if (operation == Operation.SOLARISE) {
                for (int i = 0; i < expected.length; i++) { // 255 is not below the threshold of 255
                    expected[i] = expected[i] == -1 ? 0 : expected[i];
                }
            }
            assertThat(rgb).isEqualTo(expected);
        }
    }

    /** The formulas of torchvision, pixel by pixel. */
    @ParameterizedTest
    @CsvSource({"BRIGHTNESS, 0.5", "BRIGHTNESS, -0.5", "COLOUR, 0.6", "COLOUR, -0.6", "CONTRAST, 0.3", "CONTRAST, -1",
        "POSTERISE, 0.5", "POSTERISE, 1", "SOLARISE, 0.4"})
    void colours(Operation operation, double strength) {
        byte[] from = LEAVES.rgb();
        byte[] to = apply(operation, strength, LEAVES);
        double factor = 1 + 0.9 * strength;
        double meanGrey = IntStream.range(0, 1600).mapToDouble(p -> grey(from, 3 * p)).average().orElseThrow();
        for (int i = 0; i < from.length; i++) {
            int old = at(from, i);
            double expected = switch (operation) {
                case BRIGHTNESS -> factor * old;
                case COLOUR -> factor * old + (1 - factor) * grey(from, i - i % 3);
                case CONTRAST -> factor * old + (1 - factor) * meanGrey;
                case POSTERISE -> strength == 1 ? old / 16 * 16 : old / 4 * 4;
                default -> old >= 255 * 0.6 ? 255 - old : old;
            };
            assertThat((double) at(to, i)).as("%d at %d", old, i).isEqualTo(Math.clamp(expected, 0, 255),
                    within(operation == Operation.COLOUR ? 1.0 : 0.51)); // OpenCV rounds a matrix too
        }
    }

    private static double grey(byte[] rgb, int pixel) {
        return 0.299 * at(rgb, pixel) + 0.587 * at(rgb, pixel + 1) + 0.114 * at(rgb, pixel + 2);
    }

    @Test
    void contrastIsStretchedAndEqualised() {
        byte[] rgb = new byte[3 * 256];
        for (int p = 0; p < 256; p++) {
            rgb[3 * p] = (byte) (100 + p / 4); // 100 to 163
            rgb[3 * p + 1] = 77;
            rgb[3 * p + 2] = (byte) (p < 192 ? 10 : 20);
        }
        byte[] stretched = apply(Operation.AUTO_CONTRAST, 1, new Image(16, 16, rgb));
        assertThat(List.of(at(stretched, 0), at(stretched, 3 * 128), at(stretched, 3 * 255))).containsExactly(0,
                (int) (32 * 255.0 / 63), 255);
        assertThat(at(stretched, 1)).isEqualTo(77);
        assertThat(List.of(at(stretched, 2), at(stretched, 3 * 255 + 2))).containsExactly(0, 255);
        byte[] many = new byte[3 * 64 * 64];
        for (int p = 0; p < 4096; p++) {
            many[3 * p] = (byte) (p / 64);
        }
        byte[] equal = apply(Operation.EQUALISE, 1, new Image(64, 64, many));
        // Pillow: step (4096 - 64) / 255 = 15, first 7 / 15 = 0, then (7 + 64 i) / 15
        for (int i = 0; i < 64; i++) {
            assertThat(at(equal, 3 * 64 * i)).isEqualTo(Math.min(255, (7 + 64 * i) / 15));
        }
        assertThat(at(equal, 1)).isZero();
    }

    @Test
    void sharpnessLeavesTheEdges() {
        byte[] sharp = apply(Operation.SHARPNESS, 1, LEAVES);
        byte[] soft = apply(Operation.SHARPNESS, -1, LEAVES);
        int differ = 0;
        for (int y = 0; y < 40; y++) {
            for (int x = 0; x < 40; x++) {
                for (int c = 0; c < 3; c++) {
                    int i = 3 * (40 * y + x) + c;
                    int old = at(LEAVES.rgb(), i);
                    if (x == 0 || y == 0 || x == 39 || y == 39) {
                        assertThat(at(sharp, i)).isEqualTo(old);
                        continue;
                    }
                    double sum = 4.0 * old;
                    for (int dy = -1; dy <= 1; dy++) {
                        for (int dx = -1; dx <= 1; dx++) {
                            sum += at(LEAVES.rgb(), i + 3 * (40 * dy + dx));
                        }
                    }
                    assertThat((double) at(sharp, i)).isEqualTo(Math.clamp(1.9 * old - 0.9 * sum / 13, 0, 255),
                            within(1.0));
                    assertThat((double) at(soft, i)).isEqualTo(0.1 * old + 0.9 * sum / 13, within(1.0));
                    differ += at(sharp, i) == at(soft, i) ? 0 : 1;
                }
            }
        }
        assertThat(differ).isGreaterThan(1000);
    }

    @Test
    void shapesMoveAsTheyShould() {
        byte[] rgb = new byte[3 * 41 * 41];
        int spot = 3 * (41 * 10 + 20); // x 20, y 10: straight above the centre
        Arrays.fill(rgb, spot, spot + 3, (byte) 255);
        Image image = new Image(41, 41, rgb);
        int shift = (int) (150 / 331.0 * 41);
        assertThat(brightest(apply(Operation.TRANSLATE_X, 1, image))).containsExactly(20 - shift, 10);
        assertThat(brightest(apply(Operation.TRANSLATE_Y, -1, image))).containsExactly(20, 10 + shift);
        assertThat(brightest(apply(Operation.SHEAR_X, 1, image))).containsExactly(17, 10);
        assertThat(brightest(apply(Operation.SHEAR_Y, 1, image))).containsExactly(20, 4);
        int[] turned = brightest(apply(Operation.ROTATE, 1, image)); // by 30 degrees
        assertThat(Math.hypot(turned[0] - 20, turned[1] - 20)).isEqualTo(10, within(0.8));
        assertThat(Math.abs(turned[0] - 20)).isEqualTo(5);
        byte[] moved = apply(Operation.TRANSLATE_X, 1, image);
        assertThat(at(moved, 3 * 40)).as("filled up with the mean").isCloseTo(128, within(1));
    }

    private static int[] brightest(byte[] rgb) {
        int best = IntStream.range(0, rgb.length / 3)
                .filter(p -> at(rgb, 3 * p) == at(rgb, 3 * p + 1) && at(rgb, 3 * p) == at(rgb, 3 * p + 2)) // not ground
                .reduce(0, (a, b) -> at(rgb, 3 * b) > at(rgb, 3 * a) ? b : a);
        return new int[]{best % 41, best / 41};
    }

    @Test
    void huesTurn() {
        byte[] red = new byte[3 * 4];
        for (int p = 0; p < 4; p++) {
            red[3 * p] = (byte) 255;
        }
        byte[] green = paint(new Image(2, 2, red), canvas -> canvas.hue(1 / 3.0));
        assertThat(at(green, 0)).isLessThan(6);
        assertThat(at(green, 1)).isGreaterThan(250);
        assertThat(paint(new Image(2, 2, red), canvas -> canvas.hue(1))).isEqualTo(red);
    }

    @Test
    void everyOperationIsDrawn() {
        Set<String> results = new HashSet<>();
        RandAugment one = RandAugment.parse("rand-m30-n1");
        for (int seed = 0; seed < 300; seed++) {
            int number = seed;
            results.add(Arrays.toString(paint(LEAVES, canvas -> one.apply(canvas, Seeds.random(number)))));
        }
        assertThat(results).as("nine with two directions, five without").hasSize(2 * 9 + 5);
    }

    @Test
    void randomPartsHaveTheAreaAndShapeAskedFor() {
        RandomResizedCrop crop = new RandomResizedCrop(0.2, 0.6, 0.5, 2);
        double areas = 0;
        for (int seed = 0; seed < 4000; seed++) {
            Area area = crop.area(500, 375, Seeds.random(seed));
            assertThat(area.left()).isBetween(0, 500 - area.width());
            assertThat(area.top()).isBetween(0, 375 - area.height());
            double share = area.width() * area.height() / (500.0 * 375);
            assertThat(share).isBetween(0.198, 0.602);
            assertThat((double) area.width() / area.height()).isBetween(0.49, 2.02);
            areas += share / 4000;
        }
        assertThat(areas).isEqualTo(0.4, within(0.02));
        for (int[] size : new int[][]{{1, 1}, {1, 5000}, {5000, 1}, {2, 3}}) {
            for (int seed = 0; seed < 100; seed++) {
                Area area = RandomResizedCrop.usual().area(size[0], size[1], Seeds.random(seed));
                assertThat(area.width()).isBetween(1, size[0]);
                assertThat(area.height()).isBetween(1, size[1]);
                assertThat(area.left()).isBetween(0, size[0] - area.width());
                assertThat(area.top()).isBetween(0, size[1] - area.height());
            }
        }
    }

    @ParameterizedTest
    @EnumSource(RandomErasing.Fill.class)
    void erasing(RandomErasing.Fill fill) {
        RandomErasing erasing = new RandomErasing(0.5, fill, 2, 0.1, 0.2);
        int erased = 0;
        for (int seed = 0; seed < 300; seed++) {
            float[] image = new float[3 * 64 * 64];
            Arrays.fill(image, 99);
            try (Arena arena = Arena.ofConfined()) {
                MemorySegment memory = arena.allocateFrom(ValueLayout.JAVA_FLOAT, image);
                erasing.apply(memory, 3, 64, Seeds.random(seed));
                image = memory.toArray(ValueLayout.JAVA_FLOAT);
            }
            Set<Float> values = new HashSet<>();
            int pixels = 0;
            for (int i = 0; i < 4096; i++) {
                boolean hidden = image[i] != 99;
                assertThat(image[i + 4096] != 99).isEqualTo(hidden);
                assertThat(image[i + 8192] != 99).isEqualTo(hidden);
                if (hidden) {
                    values.add(image[i]);
                    pixels++;
                }
            }
            if (pixels > 0) {
                erased++;
                assertThat(pixels / 4096.0).as("two halves, which may overlap").isBetween(0.045, 0.22);
                switch (fill) {
                    case CONST -> assertThat(values).containsExactly(0f);
                    case RAND -> assertThat(values.size()).isBetween(1, 2);
                    case PIXEL -> assertThat(values).hasSizeGreaterThan(pixels / 2);
                }
            }
        }
        assertThat(erased).isBetween(110, 190);
    }

    private static List<float[]> read(int workers, int epoch) {
        List<Image> images = new ArrayList<>();
        for (int i = 0; i < 37; i++) {
            images.add(i == 20 ? null : DeadLeaves.image(i, 30 + i, 50 - i));
        }
        List<float[]> all = new ArrayList<>();
        try (Loader loader = new Loader(new ListDataset(images), new Transform(24, MEAN, STD, ALL),
                new Loader.Options(8, true, false, workers, 5)); Loader.Epoch batches = loader.epoch(epoch)) {
            while (batches.hasNext()) {
                try (Batch batch = batches.next()) {
                    all.add(Slot.memory(batch.images()).toArray(ValueLayout.JAVA_FLOAT));
                }
            }
        }
        return all;
    }

    @Test
    void theNumberOfThreadsChangesNothing() {
        List<float[]> one = read(1, 3);
        assertThat(read(2, 3)).containsExactlyElementsOf(one);
        assertThat(read(5, 3)).containsExactlyElementsOf(one);
        assertThat(read(5, 4).getFirst()).isNotEqualTo(one.getFirst());
    }

    @Test
    void aRecipeIsWrittenAndReadAgain() {
        JsonMapper mapper = new JsonMapper();
        for (Augmentation augmentation : List.of(ALL, Augmentation.none(), Augmentation.shifted(32))) {
            assertThat(mapper.readValue(mapper.writeValueAsString(augmentation), Augmentation.class))
                    .isEqualTo(augmentation);
        }
        assertThat(RandAugment.parse("rand-m9-n3-mstd0.5")).isEqualTo(new RandAugment(3, 9, 0.5));
        assertThat(RandAugment.parse("RAND-m7")).isEqualTo(new RandAugment(2, 7, 0));
    }

    @Test
    void mistakesAreNamed() {
        for (String text : List.of("augmix", "rand", "rand-n2", "rand-m9-n2-inc1", "rand-m-9")) {
            assertThatThrownBy(() -> RandAugment.parse(text)).isInstanceOf(IllegalArgumentException.class)
                    .hasMessageStartingWith("'" + text + "' is no augmentation; expected rand-m9-n2");
        }
        assertThatThrownBy(() -> RandAugment.parse("rand-m31")).hasMessage("magnitude 31.0; expected 0 to 30");
        assertThatThrownBy(() -> RandAugment.parse("rand-m9-n99")).hasMessage("99 operations; expected 1 to 14");
        assertThatThrownBy(() -> new ColourJitter(-1, 0, 0, 0)).hasMessageStartingWith("colour jitter -1.0");
        assertThatThrownBy(() -> new ColourJitter(0, 0, 0, 0.6)).hasMessageStartingWith("hue jitter 0.6");
        assertThatThrownBy(() -> new RandomResizedCrop(0, 1, 1, 1)).hasMessageStartingWith("scale 0.0 to 1.0");
        assertThatThrownBy(() -> new RandomResizedCrop(0.1, 1, 2, 1)).hasMessageStartingWith("ratio 2.0 to 1.0");
        assertThatThrownBy(() -> RandomErasing.usual(2, RandomErasing.Fill.CONST))
                .hasMessage("the chance of erasing is 2.0, must be in 0 to 1");
        assertThatThrownBy(() -> new Augmentation(RandomResizedCrop.usual(), 4, 0, 0, null, null, null, null))
                .hasMessageStartingWith("padding 4");
        assertThatThrownBy(() -> new Mixing(0, 0, 1, 0.5)).hasMessageStartingWith("neither mixup nor cutmix");
        assertThatThrownBy(() -> new Mixing(-1, 0, 1, 0.5)).hasMessageStartingWith("mixing by Beta(-1.0");
    }
}

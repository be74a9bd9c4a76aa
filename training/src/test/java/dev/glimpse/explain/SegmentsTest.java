package dev.glimpse.explain;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.glimpse.data.Image;
import dev.glimpse.data.Legend;
import dev.glimpse.data.Mask;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SegmentsTest {
    private static final Legend LEVELS = new Legend(false, List.of(new Legend.Entry("ground", 0),
            new Legend.Entry("cell", 100), new Legend.Entry("wall", 255)), List.of());
    private static final Legend COLOURS = new Legend(true,
            List.of(new Legend.Entry("sky", 0x0080ff), new Legend.Entry("ground", 0x000000)), List.of());
    private static final Mask MASK = new Mask(3, 2, new byte[]{0, 0, 1, 0, 2, Mask.IGNORED});

    private static int pixel(Image image, int index) {
        return (image.rgb()[3 * index] & 0xff) << 16 | (image.rgb()[3 * index + 1] & 0xff) << 8
                | image.rgb()[3 * index + 2] & 0xff;
    }

    private static Image grey(int width, int height) {
        byte[] rgb = new byte[3 * width * height];
        Arrays.fill(rgb, (byte) 100);
        return new Image(width, height, rgb);
    }

    @Test
    void coloursAreTheMasksOwnOrThoseOfPascal() {
        assertThat(Segments.of(LEVELS).colours()).containsExactly(0, 0x800000, 0x008000);
        assertThat(Segments.of(COLOURS).colours()).containsExactly(0x0080ff, 0);
        int[] many = Segments.of(new Legend(false, IntStream.range(0, 255)
                .mapToObj(i -> new Legend.Entry("c" + i, i)).toList(), List.of())).colours();
        assertThat(many).doesNotHaveDuplicates().startsWith(0, 0x800000, 0x008000, 0x808000, 0x000080, 0x800080,
                0x008080,
                0x808080, 0x400000);
    }

    @Test
    void whatIsBlackOrUnknownLetsTheImageThrough() {
        Image over = Segments.of(LEVELS).over(grey(3, 2), MASK, 0.5);
        assertThat(pixel(over, 0)).isEqualTo(0x646464);
        assertThat(pixel(over, 5)).isEqualTo(0x646464);
        assertThat(pixel(over, 2)).isEqualTo(0x723232);
        assertThat(pixel(Segments.of(LEVELS).over(grey(3, 2), MASK, 1), 4)).isEqualTo(0x008000);
        assertThat(pixel(Segments.of(LEVELS).picture(MASK), 5)).isEqualTo(0xe0e0c0);
        assertThatThrownBy(() -> Segments.of(LEVELS).over(grey(2, 2), MASK, 1))
                .hasMessage("a mask of 3x2 pixels over an image of 2x2");
        assertThatThrownBy(() -> Segments.of(LEVELS).over(grey(3, 2), MASK, 2)).hasMessageContaining("opacity is 2.0");
    }

    @Test
    void contoursRunAlongBorders() {
        Mask left = new Mask(4, 3, new byte[]{1, 1, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0});
        Image image = Segments.contours(grey(4, 3), left, 0xffffff);
        boolean[] line = {false, true, false, false, true, true, false, false, false, false, false, false};
        for (int i = 0; i < 12; i++) {
            assertThat(pixel(image, i)).as("pixel %d", i).isEqualTo(line[i] ? 0xffffff : 0x646464);
        }
    }

    @Test
    void aWrittenMaskHoldsItsClasses(@TempDir Path folder) throws IOException {
        Segments segments = Segments.of(LEVELS);
        BufferedImage read = ImageIO.read(new ByteArrayInputStream(segments.png(MASK)));
        assertThat(read.getRaster().getSamples(0, 0, 3, 2, 0, (int[]) null)).containsExactly(0, 0, 1, 0, 2, 255);
        assertThat(read.getRGB(2, 0) & 0xffffff).isEqualTo(0x800000);
        segments.write(MASK, folder.resolve("mask.png"));
        assertThat(folder.resolve("mask.png")).hasBinaryContent(segments.png(MASK));
    }
}

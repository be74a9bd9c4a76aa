package dev.glimpse.system.digits;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.glimpse.data.DataSources;
import dev.glimpse.data.Dataset;
import dev.glimpse.data.Image;
import dev.glimpse.explain.Pictures;
import dev.glimpse.system.digits.SceneMaterial.TestImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SceneMaterialTest {
    /** The digit itself. */
    private static final Scene PLAIN = new Scene() {
        @Override
        public int side() {
            return 4;
        }

        @Override
        public int facts() {
            return 1;
        }

        @Override
        public long[] draw(Dataset digits, int index, RandomGenerator random, Grey image) throws IOException {
            System.arraycopy(Grey.of(digits.image(index), 4).pixels(), 0, image.pixels(), 0, 16);
            return new long[]{digits.label(index)};
        }
    };

    @TempDir
    private Path folder;

    private SceneMaterial material;

    @BeforeEach
    void write() throws IOException {
        for (String name : new String[]{"train/a/0", "train/b/0", "test/a/0", "test/a/1", "test/a/2", "test/b/0"}) {
            byte[] rgb = new byte[3 * 4 * 4];
            Arrays.fill(rgb, (byte) (20 * (1 + name.charAt(name.length() - 1) - '0')));
            Pictures.write(new Image(4, 4, rgb), folder.resolve(name + ".png"));
        }
        material = new SceneMaterial(DataSources.open(folder.toString()), PLAIN);
    }

    @Test
    void aTestImageThatCannotBeReadIsPassedOver() throws IOException {
        Files.write(folder.resolve("test/a/1.png"), new byte[]{1, 2, 3});
        assertThat(material.testImages(12, () -> false)).extracting(TestImage::index).containsExactly(0, 2, 3);
        assertThat(material.testImages(12, () -> false)).extracting(TestImage::truth).containsExactly("a", "a", "b");
        assertThat(material.testImages(2, () -> false)).extracting(TestImage::index).containsExactly(0, 2);
        assertThat(material.testImages(2, () -> false).get(1).picture().pixels())
                .containsOnly(new float[]{60 / 255f}, within(1e-5f));
        assertThat(material.testImages(12, () -> true)).isEmpty();
    }

    @Test
    void withoutAnyTheLastReasonIsSaid() throws IOException {
        for (String name : new String[]{"test/a/0.png", "test/a/1.png", "test/a/2.png", "test/b/0.png"}) {
            Files.write(folder.resolve(name), new byte[]{1, 2, 3});
        }
        assertThatThrownBy(() -> material.testImages(12, () -> false)).isInstanceOf(IOException.class)
                .hasMessageContaining("0.png");
    }
}

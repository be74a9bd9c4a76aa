package dev.glimpse.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class Stl10Test {
    private static final int BYTES = 27648;

    @TempDir
    Path folder;

    private void write(String split, int images, int labels) throws IOException {
        byte[] pixels = new byte[images * BYTES];
        for (int i = 0; i < images; i++) {
            pixels[i * BYTES + 9216 + 5 * 96 + 7] = (byte) (i + 1); // green, column 5, row 7
        }
        Pictures.write(folder, split + "_X.bin", pixels);
        byte[] classes = new byte[labels];
        for (int i = 0; i < labels; i++) {
            classes[i] = (byte) (i % 10 + 1);
        }
        Pictures.write(folder, split + "_y.bin", classes);
    }

    @Test
    void channelsAreStoredByColumn() throws IOException {
        write("train", 3, 3);
        Stl10 data = Stl10.open(folder, "train");
        assertThat(data.size()).isEqualTo(3);
        assertThat(data.label(2)).isEqualTo(2);
        assertThat(data.classes()).hasSize(10).startsWith("airplane");
        assertThat(data.image(1).rgb()[3 * (7 * 96 + 5) + 1]).isEqualTo((byte) 2);
        Pictures.write(folder, "class_names.txt", "a\nb\nc\nd\ne\nf\ng\nh\ni\nj\n".getBytes());
        assertThat(Stl10.open(folder, "train").classes()).startsWith("a", "b").hasSize(10);
        Pictures.write(folder, "unlabeled_X.bin", new byte[2 * BYTES]);
        assertThat(Stl10.open(folder, "unlabeled").classes()).containsExactly("unlabeled");
    }

    @Test
    void mistakesAreNamed() throws IOException {
        assertRefused(folder.resolve("none"), "train", folder.resolve("none") + ": no such folder");
        assertRefused(folder, "train", folder.resolve("train_X.bin") + ": no such file");
        assertRefused(folder, "validation", "STL-10 has no split validation");
        write("train", 3, 2);
        assertRefused(folder, "train", folder.resolve("train_y.bin") + ": 2 labels for 3 images");
        Pictures.write(folder, "train_y.bin", new byte[]{1, 11, 1});
        assertRefused(folder, "train", "label 11 of image 1; expected 1 to 10");
        Pictures.write(folder, "train_X.bin", new byte[BYTES + 1]);
        assertRefused(folder, "train", "27649 bytes are not a whole number of images of 27648 bytes");
        Pictures.write(folder, "train_X.bin", new byte[0]);
        assertRefused(folder, "train", "0 bytes are not a whole number");
    }

    @Test
    void whitePatchesLieOnItsOwnSplits() throws IOException {
        write("train", 4, 4);
        write("test", 2, 2);
        WhitePatch data = WhitePatch.create(Backgrounds.stl10(folder), 1, 4, 2);
        assertThat(data.images()).isEqualTo("STL-10");
        assertThat(data.train().size()).isEqualTo(4);
        assertThatThrownBy(() -> WhitePatch.create(Backgrounds.stl10(folder), 1, 4, 4))
                .hasMessage(folder + ": STL-10's test split has 2 images; 4 are asked for");
    }

    private static void assertRefused(Path folder, String split, String message) {
        assertThatThrownBy(() -> Stl10.open(folder, split)).isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(message).message().doesNotContain("\n");
    }
}

package dev.glimpse.system.racnn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.glimpse.attention.Args;
import dev.glimpse.data.Image;
import dev.glimpse.explain.Pictures;
import dev.glimpse.train.LearnedSystem;
import dev.glimpse.train.LearnedSystem.Prepared;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CubTest {
    @TempDir
    private Path folder;

    @BeforeEach
    void write() throws IOException {
        for (int i = 1; i <= 4; i++) {
            byte[] rgb = new byte[3 * 20 * 10];
            Arrays.fill(rgb, (byte) (10 * i));
            Pictures.write(new Image(20, 10, rgb), folder.resolve("images/00" + (i + 1) / 2 + ".bird/" + i + ".png"));
        }
        put("images.txt", "1 001.bird/1.png", "2 001.bird/2.png", "3 002.bird/3.png", "4 002.bird/4.png");
        put("image_class_labels.txt", "1 1", "2 1", "3 2", "4 2");
        put("train_test_split.txt", "1 1", "2 0", "3 0", "4 1");
        put("bounding_boxes.txt", "1 2.0 3.0 5.0 4.0", "2 0 0 20 10", "3 15 0 10.0 10.0", "4 1 1 2 2");
        put("classes.txt", "1 001.Albatross", "2 002.Auk");
    }

    private void put(String name, String... lines) throws IOException {
        Files.write(folder.resolve(name), Arrays.asList(lines));
    }

    @Test
    void listsAreRead() throws IOException {
        assertThat(Cub.recognises(folder.toString())).isTrue();
        Cub train = Cub.open(folder, true, false);
        assertThat(train.classes()).containsExactly("001.Albatross", "002.Auk");
        assertThat(train.size()).isEqualTo(2);
        assertThat(train.label(1)).isEqualTo(1);
        assertThat(train.image(1).rgb()[0]).isEqualTo((byte) 40);
        assertThat(train.name(0)).endsWith("1.png");
        Cub test = Cub.open(folder, false, false);
        assertThat(test.size()).isEqualTo(2);
        assertThat(test.image(0).width()).isEqualTo(20);
    }

    @Test
    void birdsAreCutOutWhereThatIsWanted() throws IOException {
        Image bird = Cub.open(folder, true, true).image(0);
        assertThat(bird.width()).isEqualTo(5);
        assertThat(bird.height()).isEqualTo(4);
        Image edge = Cub.open(folder, false, true).image(1);
        assertThat(edge.width()).as("what there is of it").isEqualTo(5);
    }

    @Test
    void classesMayHaveNoNames() throws IOException {
        Files.delete(folder.resolve("classes.txt"));
        assertThat(Cub.open(folder, true, false).classes()).containsExactly("1", "2");
    }

    @Test
    void theSystemTakesIt() throws IOException {
        Prepared prepared = LearnedSystem.named("racnn").orElseThrow().prepare(folder.toString(),
                Args.parse("racnn:cropped=true,size=48"));
        assertThat(prepared.data()).isEqualTo(folder.toAbsolutePath().normalize().toString());
        assertThat(prepared.classes()).containsExactly("001.Albatross", "002.Auk");
        assertThat(prepared.material().trainingImages()).isEqualTo(2);
        assertThat(prepared.size()).isEqualTo(48);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|',
            textBlock = """
                    images.txt             | 1 a.png;1 b.png | images.txt: line 2 is no number of its own with what belongs to it
                    images.txt             | one a.png       | images.txt: line 1 is no number of its own with what belongs to it
                    images.txt             | 7 a.png         | image_class_labels.txt: image 7 of images.txt is missing
                    image_class_labels.txt | 1 1;2 3;3 2;4 x | image 4 has 'x'; expected a class of 1 to 2
                    train_test_split.txt   | 1 1;2 0;3 2;4 1 | image 3 has '2'; expected 0 or 1
                    train_test_split.txt   | 1 0;2 0;3 0;4 0 | no image to learn from
                    train_test_split.txt   | 1 1             | image 2 of images.txt is missing
                    bounding_boxes.txt     | 1 0 0 5;2 0 0 1 1;3 0 0 1 1;4 0 0 1 1 | image 1 has '0 0 5'; expected left, top
                    classes.txt            | 1 a;3 b         | class 2 is missing
                    """)
    void mistakesAreNamed(String file, String lines, String message) throws IOException {
        put(file, lines.split(";"));
        assertThatThrownBy(() -> Cub.open(folder, true, true)).isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(message).message().doesNotContain("\n");
    }

    @Test
    void aListThatIsNotThere() throws IOException {
        Files.delete(folder.resolve("train_test_split.txt"));
        assertThatThrownBy(() -> Cub.open(folder, true, false))
                .hasMessageContaining("train_test_split.txt: no such file");
    }
}

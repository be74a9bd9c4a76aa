package dev.glimpse.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ImageFolderTest {
    @TempDir
    Path folder;

    private void image(String... names) throws IOException {
        for (String name : names) {
            Pictures.write(folder, name, Pictures.encode("png", Pictures.gradient(4, 3)));
        }
    }

    @Test
    void classesAndFilesAreSorted() throws IOException {
        image("dog/2.png", "dog/1.PNG", "cat/sub/deep/x.png", "cat/b.png", "cat/.hidden.png", ".git/a.png",
                "dog/.h/a.png");
        Pictures.write(folder, "dog/notes.txt", new byte[1]);
        Pictures.write(folder, "README", new byte[1]);
        ImageFolder images = ImageFolder.open(folder);
        assertThat(images.classes()).containsExactly("cat", "dog");
        assertThat(images.size()).isEqualTo(4);
        assertThat(images.name(0)).isEqualTo(folder.resolve("cat/b.png").toString());
        assertThat(images.name(1)).isEqualTo(folder.resolve("cat/sub/deep/x.png").toString());
        assertThat(images.name(2)).isEqualTo(folder.resolve("dog/1.PNG").toString());
        assertThat(List.of(images.label(0), images.label(1), images.label(2), images.label(3)))
                .containsExactly(0, 0, 1, 1);
        assertThat(images.ignored()).isEqualTo(1);
        assertThat(images.image(3).width()).isEqualTo(4);
    }

    @Test
    void mistakesAreNamed() throws IOException {
        assertRefused(folder.resolve("none"), folder.resolve("none") + ": no such folder");
        assertRefused(folder, folder + ": no folders in it; expected a folder of images for each class");
        image("cat/1.png");
        assertRefused(folder.resolve("cat/1.png"), folder.resolve("cat/1.png") + ": a file; expected a folder");
        assertRefused(folder, "only one class, cat; expected");
        Files.createDirectories(folder.resolve("dog"));
        assertRefused(folder, folder + ": no images in dog; expected files that end in jpg, jpeg, png");
        Files.delete(folder.resolve("cat/1.png"));
        assertRefused(folder, "no images in the folders of its 2 classes");
    }

    @Test
    void aLinkThatLeadsBackIsNamed() throws IOException {
        image("cat/1.png", "dog/1.png");
        Path link = Files.createSymbolicLink(folder.resolve("dog/again"), folder.resolve("dog"));
        assertThatThrownBy(() -> ImageFolder.open(folder)).isInstanceOf(IOException.class)
                .hasMessage(link + ": cannot be listed: it leads back to a folder that it lies in");
    }

    @Test
    void aTestSplitTakesTheClassesOfTraining() throws IOException {
        image("dog/1.png");
        ImageFolder images = ImageFolder.open(folder, List.of("cat", "dog"));
        assertThat(images.classes()).containsExactly("cat", "dog");
        assertThat(images.label(0)).isEqualTo(1);
        assertThatThrownBy(() -> ImageFolder.open(folder, List.of("cat", "bird")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(folder + ": the class dog is not one of the classes trained on: cat, bird");
    }

    @Test
    void splits() throws IOException {
        assertThatThrownBy(() -> ImageFolder.splits(folder.resolve("none"))).hasMessageEndingWith("no such folder");
        assertThatThrownBy(() -> ImageFolder.splits(folder)).hasMessageContaining("no folder train in it");
        Files.createDirectories(folder.resolve("train"));
        assertThatThrownBy(() -> ImageFolder.splits(folder)).hasMessageContaining("no folder test, val or valid");
        for (String name : List.of("valid", "val", "test")) {
            Files.createDirectories(folder.resolve(name));
            assertThat(ImageFolder.splits(folder))
                    .isEqualTo(new ImageFolder.Splits(folder.resolve("train"), folder.resolve(name)));
        }
    }

    @Test
    void realImages() throws IOException {
        Path data = Path.of(System.getProperty("glimpse.root"), "../shared/data/cifar10");
        assumeTrue(Files.isDirectory(data), () -> "no real images in " + data);
        ImageFolder images = ImageFolder.open(ImageFolder.splits(data).test());
        assertThat(images.size()).isEqualTo(2000);
        assertThat(images.classes()).hasSize(10).startsWith("airplane", "automobile");
        ChannelStatistics statistics = ChannelStatistics.of(images, 500);
        assertThat(statistics.mean()).containsExactly(new float[]{0.49f, 0.48f, 0.45f}, within(0.03f));
        assertThat(statistics.std()).containsExactly(new float[]{0.247f, 0.243f, 0.261f}, within(0.03f));
    }

    private static void assertRefused(Path folder, String message) {
        assertThatThrownBy(() -> ImageFolder.open(folder)).isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(message).message().doesNotContain("\n");
    }
}

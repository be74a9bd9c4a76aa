package dev.glimpse.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.bytedeco.opencv.global.opencv_core;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SegmentationFolderTest {
    @TempDir
    Path folder;

    private void image(String... names) throws IOException {
        for (String name : names) {
            Pictures.write(folder, name, Pictures.encode("png", Pictures.gradient(3, 2)));
        }
    }

    /** A grey mask of 3 x 2 pixels. */
    private void mask(String name, int... levels) throws IOException {
        Pictures.write(folder, name, Pictures.encode("png", 3, 2, opencv_core.CV_8UC1, Pictures.bytes(levels)));
    }

    private void colours(String name, int... colours) throws IOException {
        byte[] rgb = new byte[18];
        for (int i = 0; i < 18; i++) {
            rgb[i] = (byte) (colours[i / 3] >> (16 - 8 * (i % 3)));
        }
        Pictures.write(folder, name, Pictures.encode("png", new Image(3, 2, rgb)));
    }

    /** A mask of 3 x 2 indices of 8 bits, and a palette in which all but the last colour are the same. */
    private static byte[] indices(int... values) {
        byte[] palette = new byte[3 * 256];
        palette[767] = 1;
        return Pictures.png(3, 2, 8, 3, Pictures.bytes(0, values[0], values[1], values[2], 0, values[3], values[4],
                values[5]), Pictures.chunk("PLTE", palette));
    }

    private SegmentationFolder train() throws IOException {
        return SegmentationFolder.splits(folder).train();
    }

    private byte[] classes(int index) throws IOException {
        return train().example(index).mask().classes();
    }

    private void refused(String reason) {
        assertThatThrownBy(() -> SegmentationFolder.splits(folder)).isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(reason).hasMessageNotContaining("\n");
    }

    @Test
    void imagesMeetTheirMasksByName() throws IOException {
        image("train/images/b.png", "train/images/10.png", "train/images/2.png", "train/images/deep/x.png",
                "val/images/v.png");
        for (String name : List.of("train/masks/b_mask.png", "train/masks/10.png", "train/masks/2_gt.png",
                "train/masks/deep/x.png", "train/masks/lonely.png", "val/masks/v.png")) {
            mask(name, 0, 0, 255, 0, 0, 255);
        }
        SegmentationFolder.Splits splits = SegmentationFolder.splits(folder);
        assertThat(splits.test().size()).isEqualTo(1);
        assertThat(splits.train().size()).isEqualTo(4);
        assertThat(List.of(splits.train().name(0), splits.train().name(1), splits.train().name(3)))
                .containsExactly(folder.resolve("train/images/2.png").toString(),
                        folder.resolve("train/images/10.png").toString(),
                        folder.resolve("train/images/deep/x.png").toString());
        assertThat(splits.train().legend().names()).containsExactly("background", "foreground");
        assertThat(SegmentationFolder.open(folder, splits.test().legend()).name(0))
                .isEqualTo(folder.resolve("val/images/v.png").toString());
        assertThat(splits.train().largest()).containsExactly(2, 3);
    }

    @Test
    void theLastFifthIsKeptWhereThereIsNoFolderToTestOn() throws IOException {
        for (int i = 0; i < 11; i++) {
            image("image/" + i + ".png");
            mask("label/" + i + ".png", 0, 1, 0, 1, 0, 1);
        }
        SegmentationFolder.Splits splits = SegmentationFolder.splits(folder);
        assertThat(splits.train().size()).isEqualTo(8);
        assertThat(splits.train().name(7)).endsWith("7.png");
        assertThat(splits.test().name(2)).endsWith("10.png");
    }

    @Test
    void mistakesAreNamed() throws IOException {
        refused("no folder images in it; expected images and masks, or train and test with both in each");
        image("images/a.png", "images/b.png", "images/c.png");
        refused("no folder masks in it");
        mask("masks/c.png", 0, 0, 0, 0, 0, 0);
        refused("masks: no mask for " + folder.resolve("images/a.png")
                + " and 1 more; expected a.png or a_mask.png in it");
        mask("masks/a.png", 0, 0, 0, 0, 0, 0);
        mask("masks/b.png", 0, 0, 0, 0, 0, 0);
        refused("the masks have only the value 0");
        mask("masks/b.bmp", 0, 0, 0, 0, 0, 0);
        refused("b.png are two files for one name");
        Files.createDirectories(folder.resolve("train/images"));
        Files.createDirectories(folder.resolve("train/masks"));
        refused("no images in it");
    }

    @Test
    void aMaskOfAnotherSizeIsNamed() throws IOException {
        image("images/a.png", "images/b.png");
        mask("masks/b.png", 0, 1, 0, 1, 0, 1);
        Pictures.write(folder, "masks/a.png",
                Pictures.encode("png", 2, 2, opencv_core.CV_8UC1, Pictures.bytes(0, 1, 0, 1)));
        SegmentationFolder train = train();
        assertThatThrownBy(() -> train.example(0)).isInstanceOf(IOException.class)
                .hasMessage(folder.resolve("masks/a.png") + ": a mask of 2x2 pixels for an image of 3x2");
    }

    @Test
    void valuesFollowFromTheMasks() throws IOException {
        image("images/a.png", "images/b.png");
        mask("masks/b.png", 0, 0, 0, 0, 0, 0);
        mask("masks/a.png", 7, 130, 255, 0, 7, 7);
        assertThat(train().legend().names()).containsExactly("0", "7", "130", "255");
        assertThat(classes(0)).containsExactly(1, 2, 3, 0, 1, 1);
        mask("masks/a.png", 0, 2, 255, 1, 2, 2);
        assertThat(train().legend().names()).containsExactly("0", "1", "2");
        assertThat(classes(0)).containsExactly(0, 2, Mask.IGNORED, 1, 2, 2);
        assertThat(train().pixels()).containsExactly(1, 1, 3);
        colours("masks/a.png", 0x0000ff, 0xff0000, 0, 0x00ff00, 0, 0);
        assertThat(train().legend().names()).containsExactly("#000000", "#0000ff", "#00ff00", "#ff0000");
        assertThat(classes(0)).containsExactly(1, 3, 0, 2, 0, 0);
        colours("masks/a.png", 0xffffff, 0, 0xffffff, 0, 0, 0); // no colours, though stored as such
        assertThat(train().legend().names()).containsExactly("background", "foreground");
        assertThat(classes(0)).containsExactly(1, 0, 1, 0, 0, 0);
    }

    /** Colours of the palette say nothing: most are equal. */
    @Test
    void indicesOfAPaletteAreClasses() throws IOException {
        image("images/a.png", "images/b.png");
        Pictures.write(folder, "masks/a.png", indices(0, 3, 255, 1, 0, 0));
        Pictures.write(folder, "masks/b.png", indices(0, 0, 0, 0, 0, 0));
        assertThat(train().legend().names()).containsExactly("0", "1", "2", "3");
        assertThat(classes(0)).containsExactly(0, 3, Mask.IGNORED, 1, 0, 0);
        byte[] damaged = indices(0, 3, 255, 1, 0, 0);
        Pictures.write(folder, "masks/a.png", Pictures.cut(damaged, damaged.length - 20));
        assertThatThrownBy(() -> MaskFile.read(folder.resolve("masks/a.png"))).isInstanceOf(IOException.class)
                .hasMessage(folder.resolve("masks/a.png") + ": the file is truncated");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {"name,value;background,0;cell,200;ignored,90 | 0 1 255 1 0 0",
        "\ufeffname,value;background,0;cell,200;ignored,90 | 0 1 255 1 0 0",
        "background,0;cell,200;ignored,90 | 0 1 255 1 0 0",
        "class,r,g,b;background,0,0,0;cell,200,200,200;ignored,90,90,90 | 0 1 255 1 0 0",
        "cell,#c8c8c8;rest,#5a5a5a;background,#000000 | 2 0 1 0 2 2"})
    void aTableSaysWhatValuesMean(String table, String expected) throws IOException {
        image("images/a.png", "images/b.png");
        mask("masks/a.png", 0, 200, 90, 200, 0, 0);
        mask("masks/b.png", 0, 0, 0, 0, 0, 0);
        Files.writeString(folder.resolve("classes.csv"), table.replace(';', '\n'));
        byte[] wanted = new byte[6];
        for (int i = 0; i < 6; i++) {
            wanted[i] = (byte) Integer.parseInt(expected.split(" ")[i]);
        }
        assertThat(classes(0)).isEqualTo(wanted);
    }

    @Test
    void namesAloneAreThoseOfTheFirstValues() throws IOException {
        image("images/a.png", "images/b.png");
        mask("masks/a.png", 0, 1, 255, 1, 0, 0);
        mask("masks/b.png", 0, 2, 0, 0, 0, 0);
        Files.writeString(folder.resolve("classes.csv"), "name\nrest\nnucleus\n");
        assertThat(train().legend().names()).containsExactly("rest", "nucleus");
        assertThat(classes(0)).containsExactly(0, 1, Mask.IGNORED, 1, 0, 0);
        SegmentationFolder test = SegmentationFolder.splits(folder).test();
        assertThatThrownBy(() -> test.example(0)).isInstanceOf(IOException.class)
                .hasMessage(folder.resolve("masks/b.png") + ": 2 is the value of no class; known: 0, 1");
    }

    @ParameterizedTest
    @ValueSource(strings = {"a,1\nb | line 2: 'b'", "a,1\nb,#000000 | either all values are colours or none is",
        "a,one\nb,2 | a value is a level of 0 to 65535", "a,0,0,300\nb,0,0,1 | a value is a level",
        "a,1\nb,1 | two classes are called b, or have the value 1", "a,1\na,2 | two classes are called a",
        "a,1 | 1 classes of pixels; expected 2 to 255", "name | 0 classes of pixels"})
    void aWrongTableIsOneLine(String tableAndReason) throws IOException {
        image("images/a.png", "images/b.png");
        mask("masks/a.png", 0, 1, 255, 1, 0, 0);
        mask("masks/b.png", 0, 2, 0, 0, 0, 0);
        Files.writeString(folder.resolve("classes.csv"), tableAndReason.split(" \\| ")[0]);
        refused(tableAndReason.split(" \\| ")[1]);
        refused(folder.resolve("classes.csv").toString());
    }

    /** A mask that was scaled smoothly, one that was saved as a JPEG, and one that is no image. */
    @Test
    void shadesAreNoClasses() throws IOException {
        image("images/a.png", "images/b.png");
        byte[] shades = new byte[100];
        for (int i = 0; i < 100; i++) {
            shades[i] = (byte) (2 * i);
        }
        byte[] png = Pictures.encode("png", 10, 10, opencv_core.CV_8UC1, shades);
        Pictures.write(folder, "masks/a.png", png);
        mask("masks/b.png", 0, 0, 0, 0, 0, 0);
        refused("the masks have more than 64 different values, which are no classes");
        for (int i = 0; i < 100; i++) {
            shades[i] = (byte) i;
        }
        Pictures.write(folder, "masks/a.png", Pictures.encode("png", 10, 10, opencv_core.CV_8UC1, shades));
        refused("the masks have more than 64 different values, which are no classes");
        Path jpeg = Pictures.write(folder, "masks/a.jpg", Pictures.encode("jpg", 10, 10, opencv_core.CV_8UC1, shades));
        assertThatThrownBy(() -> MaskFile.read(jpeg))
                .hasMessageStartingWith(jpeg + ": a JPEG, which keeps no exact classes");
        Path none = Pictures.write(folder, "masks/x.png", new byte[0]);
        assertThatThrownBy(() -> MaskFile.read(none)).hasMessage(none + ": the file is empty");
    }

    @Test
    void imagesAndMasksAreScaledAlike() throws IOException {
        image("images/a.png", "images/b.png");
        mask("masks/a.png", 0, 1, 2, 0, 1, 2);
        mask("masks/b.png", 0, 1, 2, 0, 1, 2);
        SegmentationFolder scaled = SegmentationFolder.splits(folder).scaled(4).train();
        assertThat(scaled.largest()).containsExactly(4, 6);
        SegmentationFolder.Example example = scaled.example(0);
        assertThat(List.of(example.image().width(), example.image().height())).containsExactly(6, 4);
        assertThat(example.mask().classes()).startsWith(0, 0, 1, 1, 2, 2).hasSize(24);
        assertThatThrownBy(() -> scaled.scaled(-1)).hasMessage("the shorter side is -1, must be at least 0");
    }

    @Test
    void wideLevelsAreReadAndWideColoursAreNot() throws IOException {
        Path wide = Pictures.write(folder, "wide.png", Pictures.encode("png", 2, 1, opencv_core.CV_16UC1,
                Pictures.bytes(1, 2, 255, 255)));
        assertThat(MaskFile.read(wide).values()).containsExactly(0x0201, 0xffff);
        Path colours = Pictures.write(folder, "colours.png", Pictures.encode("png", 1, 1, opencv_core.CV_16UC3,
                Pictures.bytes(1, 2, 3, 4, 5, 6)));
        assertThatThrownBy(() -> MaskFile.read(colours)).hasMessageContaining("colours of 16 bits");
    }
}

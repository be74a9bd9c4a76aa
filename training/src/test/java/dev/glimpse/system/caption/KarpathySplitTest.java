package dev.glimpse.system.caption;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.glimpse.data.Image;
import dev.glimpse.explain.Pictures;
import dev.glimpse.sequence.Vocabulary;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class KarpathySplitTest {
    private static final String IMAGES = """
            {"filename": "a.png", "imgid": 0, "sentids": [0, 1], "split": "train", "sentences": [
              {"tokens": ["a", "dog", "runs"], "raw": "A dog runs.", "imgid": 0, "sentid": 0},
              {"tokens": ["a", "dog"], "raw": "A dog.", "imgid": 0, "sentid": 1}]},
            {"filename": "b.png", "split": "restval", "sentences": [{"tokens": ["a", "cat"]}]},
            {"filename": "c.png", "filepath": "val", "split": "val", "sentences": [{"tokens": ["a", "zebra"]}]}""";

    @TempDir
    private Path folder;

    @BeforeEach
    void pictures() throws IOException {
        for (String name : List.of("a.png", "b.png", "val/c.png")) {
            Pictures.write(new Image(8, 6, new byte[3 * 8 * 6]), folder.resolve("images/" + name));
        }
    }

    private Path json(String images) throws IOException {
        return Files.writeString(folder.resolve("dataset.json"),
                "{\"extra\": {\"images\": [1]}, \"images\": [" + images + "], \"dataset\": \"own\"}");
    }

    private CaptionMaterial open(String images) throws IOException {
        return CaptionMaterial.open(json(images) + ",images=" + folder.resolve("images"));
    }

    @Test
    void picturesAndCaptionsAreRead() throws IOException {
        CaptionMaterial material = open(IMAGES);
        assertThat(material.train().size()).isEqualTo(2);
        assertThat(material.train().captions(0)).containsExactly(List.of("a", "dog", "runs"), List.of("a", "dog"));
        assertThat(material.train().name(1)).isEqualTo("b.png");
        assertThat(material.test().name(0)).isEqualTo("val/c.png");
        assertThat(material.test().image(0).width()).isEqualTo(8);
        assertThat(material.vocabulary(2).words()).endsWith("a", "dog");
        assertThat(CaptionMaterial.open(material.data()).identity()).isEqualTo(material.identity());
    }

    /** Nobody can say a word that is unknown: as a reference it is none of the vocabulary's. */
    @Test
    void unknownWordsCountAsMissed() throws IOException {
        CaptionMaterial material = open(IMAGES);
        Vocabulary words = material.vocabulary(1);
        CaptionExamples test = new CaptionExamples(material.test(), words, null, 9, false);
        assertThat(test.target(0, new SplittableRandom(0)).captions().getFirst())
                .containsExactly(Vocabulary.BEGIN, words.encode(List.of("a"))[1], words.size(), Vocabulary.END);
        CaptionExamples train = new CaptionExamples(material.train(), material.vocabulary(2), null, 9, true);
        assertThat(train.target(1, new SplittableRandom(0)).captions().getFirst()[2]).isEqualTo(Vocabulary.UNKNOWN);
    }

    @Test
    void targetsAreReadAsTheyWereWritten() {
        Scenes scenes = new Scenes(20, 64, 1, 1);
        Vocabulary words = new CaptionMaterial("generated", scenes, scenes, Scene.LONGEST).vocabulary(1);
        CaptionExamples examples = new CaptionExamples(scenes, words, null, 19, false);
        for (int i = 0; i < 20; i++) {
            CaptionTarget target = examples.target(i, new SplittableRandom(0));
            CaptionTarget read = CaptionTarget.read(target.rows(9, 19), 9, 19).getFirst();
            assertThat(read.things()).isEqualTo(target.things()).hasSameSizeAs(scenes.things(i));
            assertThat(read.captions().stream().map(words::decode)).isEqualTo(scenes.captions(i));
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '~', textBlock = """
            {"filename": "a.png", "split": "train", "sentences": []}        | 'a.png' has no caption of 1 to 50 words
            {"filename": "a.png", "split": "train", "sentences": [{"tokens": []}]} | 'a.png' has no caption
            {"split": "train", "sentences": [{"tokens": ["a"]}]}            | an image has no filename or no split
            {"filename": "a.png", "split": "train", "sentences": [{"tokens": ["a"]}]} | no images whose split is 'val'
            {"filename": 3                                                  | no captions in Karpathy's form
            """)
    void whatIsWrongIsOneLine(String images, String message) throws IOException {
        json(images);
        assertThatThrownBy(() -> open(images)).isInstanceOf(IOException.class).hasMessageContaining(message)
                .hasMessageContaining("dataset.json").message().doesNotContain("\n");
    }

    @Test
    void captionsWithoutPicturesAreOneLine() throws IOException {
        Files.delete(folder.resolve("images/b.png"));
        assertThatThrownBy(() -> open(IMAGES)).isInstanceOf(IOException.class)
                .hasMessageContaining("1 of its 3 pictures are not in").hasMessageContaining("'b.png'")
                .hasMessageContaining("images=FOLDER");
        assertThatThrownBy(() -> CaptionMaterial.open(folder.resolve("none.json").toString()))
                .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("none.json: no such file");
        assertThatThrownBy(() -> CaptionMaterial.open(json(IMAGES) + ",pictures=x"))
                .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("no argument 'pictures'");
    }
}

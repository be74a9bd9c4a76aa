package dev.glimpse.app;

import static dev.glimpse.app.Called.glimpse;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The network that looks closer, trained from the command line. */
class RaCnnCallsTest {
    @TempDir
    private static Path folder;

    @Test
    void itIsTrainedOnGeneratedBeetlesAndShown() throws IOException {
        Path run = folder.resolve("run");
        Called training = glimpse("train", "generated:train=64,test=16,size=48", "--model",
                "racnn:hidden=8,pretrain=1,view=16", "--epochs", 2, "--batch", 16, "--out", run);
        assertThat(training.exit()).as(training.err()).isZero();
        assertThat(training.out()).startsWith("Best test accuracy");
        assertThat(Files.readAllLines(run.resolve("metrics.csv")).getFirst()).contains("test_accuracy_1",
                "test_accuracy_3", "test_area", "test_held");
        assertThat(Files.readString(run.resolve("report.html"))).contains("level-", "data:image/png");
        Called again = glimpse("train", "--resume", run);
        assertThat(again.exit()).as(again.err()).isZero();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '~', textBlock = """
            generated        | racnn:margin=wide | racnn: margin is 'wide', not a number
            generated:size=9 | racnn             | generated: size is 9, must be at least 48
            nowhere          | racnn             | nowhere: no such folder
            generated        | racnn:size=64     | are for pictures from files
            """)
    void aWrongCallIsOneLine(String data, String model, String message) {
        Called run = Called.glimpse("train", data, "--model", model, "--out", folder.resolve("none"));
        assertThat(run.exit()).isEqualTo(2);
        assertThat(run.err()).hasLineCount(1).contains(message);
        assertThat(folder.resolve("none")).doesNotExist();
    }
}

package dev.glimpse.app;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What can be typed wrong of the systems that learn from digits. */
class DigitCallsTest {
    @TempDir
    static Path folder;

    private static Path data;

    @BeforeAll
    static void makeOnce() throws IOException {
        data = SamplePictures.dataSet(folder.resolve("data"), 2, 1);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            DATA --model ram:patch=30         | a retina of patch=30 is larger than images of 28x28
            DATA --model ram:colour=3         | ram has no argument 'colour'; it has
            DATA --model ram:variant=moved    | known: centred, translated, clutter
            DATA --model ram --precision bf16 | ram computes in float32 alone
            DATA --model ram --size 60        | --size is for networks of glimpse list models
            DATA --model stn:size=30          | do not fit into size=30
            DATA --model stn:transform=tps    | known: affine, none
            /nowhere --model stn              | /nowhere: no such folder
            """)
    void train(String args, String said) {
        Path out = folder.resolve("never");
        Called call = Called
                .glimpse((Object[]) ("train " + args.replace("DATA", data.toString()) + " --out " + out).split(" +"));
        assertThat(call.exit()).as(call.err()).isEqualTo(2);
        assertThat(call.err()).startsWith("glimpse: ").hasLineCount(1).contains(said);
        assertThat(call.out()).isEmpty();
        assertThat(out).doesNotExist();
    }
}

package dev.glimpse.app;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Data and runs that cannot be used: one line that says what, where and what to do, and the right exit status. */
class WrongMaterialTest {
    private static final int CALL_WRONG = 2;
    private static final int WORK_FAILED = 1;

    @TempDir
    static Path folder;

    private static Path data;
    private static Path run;

    @BeforeAll
    static void trainOnce() throws IOException {
        data = SamplePictures.dataSet(folder.resolve("data"), 4, 2);
        run = folder.resolve("run");
        Called training = train(data, "--out", run);
        assertThat(training.exit()).as(training.err()).isZero();
    }

    private static Called train(Path from, Object... more) {
        List<Object> args = new ArrayList<>(List.of("train", from, "--stem", "cifar", "--size", 16, "--epochs", 1,
                "--batch", 4, "--precision", "fp32", "--layout", "nchw"));
        args.addAll(List.of(more));
        return Called.glimpse(args.toArray());
    }

    private static void refused(Called call, int exit, String... words) {
        assertThat(call.exit()).as(call.err()).isEqualTo(exit);
        assertThat(call.err()).startsWith("glimpse: ").hasLineCount(1).contains(words);
        assertThat(call.out()).isEmpty();
    }

    @Test
    void dataThatIsNone() throws IOException {
        Path out = folder.resolve("never");
        refused(train(folder.resolve("missing"), "--out", out), CALL_WRONG, "missing");
        refused(train(Files.createDirectories(folder.resolve("hollow")), "--out", out), CALL_WRONG, "hollow", "train");
        Path file = Files.writeString(folder.resolve("file"), "no folder");
        refused(train(file, "--out", out), CALL_WRONG, "file");
        Path one = folder.resolve("one");
        Files.createDirectories(one.resolve("train/lonely"));
        Files.createDirectories(one.resolve("test/lonely"));
        Files.copy(data.resolve("train/red/0.png"), one.resolve("train/lonely/0.png"));
        Files.copy(data.resolve("train/red/0.png"), one.resolve("test/lonely/0.png"));
        refused(train(one, "--out", out), CALL_WRONG, "lonely");
        Path pictureless = folder.resolve("pictureless");
        for (String name : List.of("train/a", "train/b", "test/a", "test/b")) {
            Files.createDirectories(pictureless.resolve(name));
            Files.writeString(pictureless.resolve(name).resolve("notes.txt"), "no picture");
        }
        refused(train(pictureless, "--out", out), CALL_WRONG, "pictureless");
        assertThat(out).doesNotExist();
    }

    @Test
    void weightsThatDoNotFit() throws IOException {
        Path other = copyOfRun("other");
        String config = Files.readString(other.resolve("config.json"));
        Files.writeString(other.resolve("config.json"), config.replace("\"cbam\"", "\"cbam-plain\""));
        refused(Called.glimpse("eval", other, data), WORK_FAILED, "best.safetensors", "missing", "cbam-plain");

        Path truncated = copyOfRun("cut");
        byte[] weights = Files.readAllBytes(truncated.resolve("best.safetensors"));
        Files.write(truncated.resolve("best.safetensors"), Arrays.copyOf(weights, weights.length / 3));
        refused(Called.glimpse("predict", truncated, data.resolve("test/red/0.png")), WORK_FAILED, "best.safetensors",
                "truncated");

        Path lying = copyOfRun("lying");
        ByteBuffer.wrap(weights).order(ByteOrder.LITTLE_ENDIAN).putLong(0, Long.MAX_VALUE);
        Files.write(lying.resolve("best.safetensors"), weights);
        refused(Called.glimpse("eval", lying, data), WORK_FAILED, "best.safetensors", "header");

        Path garbled = copyOfRun("garbled");
        Files.writeString(garbled.resolve("config.json"), "{\"model\": ");
        refused(Called.glimpse("eval", garbled, data), WORK_FAILED, "config.json");
    }

    @Test
    void runsThatAreNone() {
        refused(Called.glimpse("eval", folder.resolve("nowhere"), data), CALL_WRONG, "nowhere");
        refused(Called.glimpse("predict", data, data.resolve("test/red/0.png")), CALL_WRONG, "no run", "config.json");
        refused(Called.glimpse("eval", run, folder.resolve("nowhere")), CALL_WRONG, "nowhere");
        refused(Called.glimpse("explain", run, data.resolve("test/red/0.png"), "--class", "purple"), CALL_WRONG,
                "purple",
                "red");
        refused(Called.glimpse("predict", run, folder.resolve("nowhere.jpg")), WORK_FAILED, "nowhere.jpg");
        refused(Called.glimpse("explain", run, data.resolve("test/red/0.png"), "--out",
                data.resolve("test/red/0.png/maps")), WORK_FAILED, "cannot write");
    }

    @Test
    void aClassThatTrainingDidNotHave() throws IOException {
        Path more = SamplePictures.dataSet(folder.resolve("more"), 1, 1);
        Files.createDirectories(more.resolve("test/violet"));
        Files.copy(data.resolve("test/red/0.png"), more.resolve("test/violet/0.png"));
        refused(Called.glimpse("eval", run, more), CALL_WRONG, "violet");
        refused(train(more, "--out", folder.resolve("never")), CALL_WRONG, "violet");
    }

    private static Path copyOfRun(String name) throws IOException {
        Path copy = Files.createDirectories(folder.resolve(name));
        for (String file : List.of("config.json", "best.safetensors")) {
            Files.copy(run.resolve(file), copy.resolve(file));
        }
        return copy;
    }
}

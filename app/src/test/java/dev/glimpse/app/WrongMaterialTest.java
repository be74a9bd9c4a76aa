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
        return train(16, 4, from, more);
    }

    private static Called train(int size, int batch, Path from, Object... more) {
        List<Object> args = new ArrayList<>(List.of("train", from, "--stem", "cifar", "--size", size, "--epochs", 1,
                "--batch", batch, "--precision", "fp32", "--layout", "nchw"));
        args.addAll(List.of(more));
        return Called.glimpse(args.toArray());
    }

    private static void refused(Called call, int exit, String... words) {
        assertThat(call.exit()).as(call.err()).isEqualTo(exit);
        assertThat(call.err()).startsWith("glimpse: ").hasLineCount(1).contains(words);
        assertThat(call.out()).isEmpty();
    }

    /** What turns out to be wrong with the call once the training would begin leaves no run in the way of the right one. */
    @Test
    void aWrongCallLeavesNoRun() throws IOException {
        Path out = folder.resolve("tried");
        Called single = train(8, 1, data, "--out", out);
        assertThat(single.exit()).isEqualTo(CALL_WRONG);
        assertThat(single.err().lines().toList().getLast()).startsWith("glimpse: ").contains("--batch 2");
        assertThat(out).doesNotExist();
        Files.createDirectories(out);
        Called large = train(400_000, 4, data, "--out", out);
        assertThat(large.exit()).isEqualTo(CALL_WRONG);
        assertThat(large.err().lines().toList().getLast()).startsWith("glimpse: ").contains("GiB", "a smaller --size");
        assertThat(out).isEmptyDirectory();
        assertThat(train(data, "--out", out).exit()).isZero();
        refused(train(8, 1, data, "--out", out), CALL_WRONG, "holds a run already");
        assertThat(out.resolve("checkpoint.safetensors")).exists();
    }

    @Test
    void namesThatAreEmpty() {
        refused(train(data, "--out", ""), CALL_WRONG, "--out", "it is empty");
        refused(Called.glimpse("train", "", "--out", folder.resolve("never")), CALL_WRONG, "give DATA");
        refused(Called.glimpse("sweep", " ", "--attention", "se", "--out", folder.resolve("never")), CALL_WRONG,
                "DATA is empty");
    }

    @Test
    void testImagesWithoutAnyLabel() throws IOException {
        StringBuilder table = new StringBuilder("file,labels\n");
        for (int i = 0; i < 2; i++) {
            table.append(data.resolve("test/red/" + i + ".png")).append(",\n");
        }
        Path unlabelled = Files.writeString(folder.resolve("unlabelled.csv"), table);
        Path labelled = Files.writeString(folder.resolve("labelled.csv"),
                table.toString().replace(",\n", ",red;warm\n"));
        refused(train(Path.of("train=" + labelled + ",test=" + unlabelled), "--out", folder.resolve("never")),
                CALL_WRONG, "no test image has a label");
    }

    @Test
    void weightsOfClasses() {
        refused(train(data, "--out", folder.resolve("never"), "--class-weights", "0,0,0"), CALL_WRONG, "are 0");
        Called partly = train(data, "--out", folder.resolve("one"), "--class-weights", "0,0,1");
        assertThat(partly.exit()).as(partly.err()).isZero();
    }

    @Test
    void noFolderIsLeftForNothing() {
        Path out = folder.resolve("new/maps");
        Called seen = Called.glimpse("saliency", folder.resolve("nowhere.png"), "--out", out);
        assertThat(seen.exit()).isEqualTo(WORK_FAILED);
        Called explained = Called.glimpse("explain", run, folder.resolve("nowhere.png"), "--out", out);
        assertThat(explained.exit()).isEqualTo(WORK_FAILED);
        assertThat(folder.resolve("new")).doesNotExist();
    }

    /** A place where a run cannot be written is told, and the others are trained. */
    @Test
    void aTrainingOfASweepThatFails() throws IOException {
        Path out = Files.createDirectories(folder.resolve("sweep"));
        Files.writeString(out.resolve("none-seed0"), "a file where a folder should be");
        Called sweep = Called.glimpse("sweep", data, "--stem", "cifar", "--size", 16, "--epochs", 1, "--batch", 4,
                "--precision", "fp32", "--layout", "nchw", "--seeds", 1, "--attention", "none,se", "--out", out);
        assertThat(sweep.exit()).isEqualTo(WORK_FAILED);
        assertThat(sweep.err()).contains("glimpse: " + out.resolve("none-seed0") + ": cannot write", "2 of 2: se");
        assertThat(out.resolve("se-seed0/report.html")).exists();
        assertThat(out.resolve("sweep.html")).exists();
    }

    @Test
    void changesOfPixelsAreNotForClasses() {
        refused(train(data, "--out", folder.resolve("never"), "--resize", 20), CALL_WRONG, "--resize is for");
        refused(train(data, "--out", folder.resolve("never"), "--deform", "part"), CALL_WRONG, "--deform is for");
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

    /** The last weights are no stand-in for the best ones: whoever wants them says so. */
    @Test
    void weightsThatAreGone() throws IOException {
        Path gone = copyOfRun("gone");
        Files.delete(gone.resolve("best.safetensors"));
        Object picture = data.resolve("test/red/0.png");
        refused(Called.glimpse("predict", gone, picture), WORK_FAILED, "gone has no weights yet");
        Files.copy(run.resolve("last.safetensors"), gone.resolve("last.safetensors"));
        for (Called call : List.of(Called.glimpse("eval", gone, data), Called.glimpse("predict", gone, picture),
                Called.glimpse("explain", gone, picture))) {
            refused(call, WORK_FAILED, gone + "/best.safetensors is missing", "copy last.safetensors there");
        }
        Files.copy(run.resolve("last.safetensors"), gone.resolve("best.safetensors"));
        assertThat(Called.glimpse("predict", gone, picture).exit()).isZero();
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

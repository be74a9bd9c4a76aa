package dev.glimpse.app;

import static dev.glimpse.app.Called.glimpse;
import static org.assertj.core.api.Assertions.assertThat;

import dev.glimpse.io.SafeTensors;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Weights into the file of another program, or of a network with its own head and attention. */
class ConvertCallsTest {
    private static final Path TORCH = Path.of(System.getProperty("glimpse.root"), "core/src/test/resources/torch");

    @TempDir
    static Path folder;

    private static Path weights;

    @BeforeAll
    static void writeOnce() throws IOException {
        byte[] header = "{\"fc.bias\":{\"dtype\":\"F32\",\"shape\":[1000],\"data_offsets\":[0,4000]}}"
                .getBytes(StandardCharsets.UTF_8);
        Path one =
                Files.write(folder.resolve("bias.safetensors"), ByteBuffer.allocate(Long.BYTES + header.length + 4000)
                        .order(ByteOrder.LITTLE_ENDIAN).putLong(header.length).put(header).array());
        weights = folder.resolve("resnet18.pth");
        assertThat(convert(one, weights, "--model", "resnet18", "--lenient").errorLine())
                .contains("1 matched; missing");
    }

    private static Called convert(Path in, Path out, String... more) {
        return glimpse(Stream.concat(Stream.of("convert", in, out), Arrays.stream(more)).toArray());
    }

    private static Map<String, long[]> shapes(Path file) throws IOException {
        try (SafeTensors read = SafeTensors.open(file)) {
            return read.shapes();
        }
    }

    @Test
    void theHeadIsNewWhereTheClassesDiffer() throws IOException {
        Path five = folder.resolve("five.safetensors");
        Called taken = convert(weights, five, "--model", "resnet18", "--classes", "5");
        assertThat(taken.exit()).as(taken.err()).isZero();
        assertThat(taken.errorLine()).endsWith("resnet18.pth: 120 matched; of another shape: "
                + "fc.weight (1000x512, not 5x512), fc.bias (1000, not 5)");
        assertThat(taken.out()).contains("five.safetensors: 122 tensors");
        assertThat(shapes(five).get("fc.weight")).containsExactly(5, 512);
        byte[] first = Files.readAllBytes(five);
        convert(weights, five, "--model", "resnet18", "--classes", "5");
        assertThat(Files.readAllBytes(five)).as("the same call gives the same file").isEqualTo(first);
        Path out = folder.resolve("never.pth");
        Called refused = convert(five, out, "--model", "resnet18");
        assertThat(refused.exit()).isEqualTo(2);
        assertThat(refused.errorLine()).contains("fc.weight (5x512, not 1000x512)", "--classes");
        assertThat(out).doesNotExist();
    }

    @Test
    void attentionIsPutInAndFoldedAway() throws IOException {
        Path in = folder.resolve("gc.pth");
        Called put = convert(weights, in, "--model", "resnet18", "--attention", "gc", "--start", "identity");
        assertThat(put.exit()).as(put.err()).isZero();
        assertThat(put.errorLine()).contains("122 matched; missing: layer1.0.attention.alpha");
        Path folded = folder.resolve("folded.safetensors");
        assertThat(convert(in, folded, "--model", "resnet18", "--attention", "gc", "--start", "identity", "--fold")
                .exit()).isZero();
        assertThat(shapes(folded).keySet()).contains("layer1.0.attention.conv_mask.weight")
                .noneMatch(name -> name.endsWith("alpha"));
        Path out = folder.resolve("never.pth");
        Called refused = convert(weights, out, "--model", "resnet18", "--attention", "se", "--start", "identity",
                "--fold");
        assertThat(refused.exit()).isEqualTo(2);
        assertThat(refused.err().lines().toList().getLast()).contains("layer1.0.attention multiplies");
        assertThat(out).doesNotExist();
    }

    @Test
    void filesThatAreNoWeights() throws IOException {
        byte[] good = Files.readAllBytes(weights);
        Path cut = Files.write(folder.resolve("cut.pth"), Arrays.copyOf(good, good.length / 2));
        Path empty = Files.createFile(folder.resolve("empty.safetensors"));
        Path page = Files.writeString(folder.resolve("page.pth"), "<!DOCTYPE html>" + "\n".repeat(1000));
        Map<Path, String> faults = Map.of(cut, "truncated", empty, "it is empty", page, "not a file of weights", folder,
                "not a file", folder.resolve("none.pth"), "no such file", TORCH.resolve("zip-evil.pt"), "refused",
                TORCH.resolve("legacy-evil.pt"), "refused");
        Path out = folder.resolve("never.safetensors");
        faults.forEach((file, fault) -> {
            Called refused = convert(file, out);
            assertThat(refused.exit()).as(refused.err()).isEqualTo(1);
            assertThat(refused.errorLine()).startsWith("glimpse: " + file + ":").contains(fault);
        });
        assertThat(out).doesNotExist();
        Path data = SamplePictures.dataSet(folder.resolve("data"), 1, 1);
        for (Path file : List.of(cut, TORCH.resolve("zip-evil.pt"))) {
            Called refused = glimpse("train", data, "--size", 16, "--stem", "cifar", "--weights", file, "--out",
                    folder.resolve("run"));
            assertThat(refused.exit()).isEqualTo(1);
            assertThat(refused.errorLine()).startsWith("glimpse: " + file + ":").contains(faults.get(file));
        }
        assertThat(folder.resolve("run")).doesNotExist();
    }

    @Test
    void whereNothingCanBeWritten() throws IOException {
        Path taken = Files.createDirectories(folder.resolve("taken.pth/inside")).getParent();
        Called refused = convert(TORCH.resolve("zip.pt"), taken);
        assertThat(refused.exit()).isEqualTo(1);
        assertThat(refused.errorLine()).startsWith("glimpse: cannot write " + taken);
        Path copy = Files.copy(TORCH.resolve("zip.pt"), folder.resolve("self.pt"));
        assertThat(convert(copy, copy).exit()).isZero();
        assertThat(convert(copy, folder.resolve("new/folder/w.safetensors")).exit()).isZero();
        assertThat(shapes(folder.resolve("new/folder/w.safetensors"))).isNotEmpty();
        assertThat(convert(copy, folder.resolve("w.onnx")).errorLine()).contains("must end in");
    }
}

package dev.glimpse.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.glimpse.Support;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A file that lies is refused in one line that names it. */
class BadSafeTensorsTest {
    private static final String GOOD = tensor("F32", "[2]", "[0,8]");

    @TempDir
    private Path folder;

    private Path file() {
        return folder.resolve("bad.safetensors");
    }

    @Test
    void missing() {
        assertRefused(file(), "no such file");
    }

    @Test
    void directory() {
        assertRefused(folder, "not a file");
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 7})
    void tooShortForALength(int size) throws IOException {
        Files.write(file(), new byte[size]);
        assertRefused(file(), "not a safetensors file", size + " bytes long");
    }

    @ParameterizedTest
    @CsvSource({"-1, 18446744073709551615", "-9223372036854775808, 9223372036854775808", "0, header of 0",
        "1, header of 1", "100000001, 100000001", "9223372036854775807, 9223372036854775807"})
    void impossibleHeaderLength(long length, String said) throws IOException {
        Files.write(file(), RawFile.bytes(length, "{}".getBytes(StandardCharsets.UTF_8), new byte[0]));
        assertRefused(file(), "not a safetensors file", said);
    }

    @Test
    void headerLongerThanTheFile() throws IOException {
        Files.write(file(), RawFile.bytes(3, "{}".getBytes(StandardCharsets.UTF_8), new byte[0]));
        assertRefused(file(), "truncated", "3 bytes");
    }

    @ParameterizedTest
    @ValueSource(strings = {"not json", "{\"x\":", "{} {}", "{}]", "{\"a\":\"\n\"}", "{\"\u0000\":1}", "{'a':1}",
        "{\"a\":01}"})
    void invalidJson(String header) throws IOException {
        RawFile.write(file(), header, 0);
        assertRefused(file(), "header is no JSON");
    }

    @Test
    void headerNotInUtf8() throws IOException {
        Files.write(file(), RawFile.bytes(7, new byte[]{'{', '"', (byte) 0xff, (byte) 0xfe, '"', ':', '}'},
                new byte[0]));
        assertRefused(file(), "header is no JSON");
    }

    @ParameterizedTest
    @ValueSource(strings = {"[]", "null", "  ", " 7", "\"text\""})
    void noJsonObject(String header) throws IOException {
        RawFile.write(file(), header, 0);
        assertRefused(file(), "header is not a JSON object");
    }

    @Test
    void deepNesting() throws IOException {
        RawFile.write(file(), "{\"x\":" + "[".repeat(100_000) + "]".repeat(100_000) + "}", 0);
        assertRefused(file(), "not a safetensors file");
    }

    @Test
    void nameTwice() throws IOException {
        RawFile.write(file(), "{\"x\":" + GOOD + ",\"x\":" + GOOD + "}", 8);
        assertRefused(file(), "uplicate", "x");
    }

    @ParameterizedTest
    @ValueSource(strings = {"{\"fact\":1}", "{\"fact\":null}", "{\"fact\":[\"text\"]}", "7", "[]", "null", "\"text\""})
    void metadataNotText(String metadata) throws IOException {
        RawFile.write(file(), "{\"__metadata__\":" + metadata + "}", 0);
        assertRefused(file(), "metadata");
    }

    @ParameterizedTest
    @ValueSource(strings = {"\"F33\"", "\"\"", "\"f32\"", "32", "null", "[\"F32\"]"})
    void unknownType(String type) throws IOException {
        RawFile.write(file(), "{\"x\":" + GOOD.replace("\"F32\"", type) + "}", 8);
        assertRefused(file(), "'x'", "unknown type", type);
    }

    @ParameterizedTest
    @ValueSource(strings = {"[-2]", "[2.0]", "[1.5]", "[1e400]", "[\"2\"]", "[null]", "[[2]]", "[9223372036854775808]",
        "[99999999999999999999999]"})
    void shapeOfNoNaturalNumbers(String shape) throws IOException {
        RawFile.write(file(), "{\"x\":" + tensor("F32", shape, "[0,8]") + "}", 8);
        assertRefused(file(), "'x'", "no natural number");
    }

    @ParameterizedTest
    @ValueSource(strings = {"[4611686018427387904]", "[4294967296,4294967296]", "[0,4611686018427387904,2]",
        "[9223372036854775807,9223372036854775807,0]"})
    void shapeTooLarge(String shape) throws IOException {
        RawFile.write(file(), "{\"x\":" + tensor("F32", shape, "[0,0]") + "}", 0);
        assertRefused(file(), "'x'", "too large");
    }

    @ParameterizedTest
    @ValueSource(strings = {"7", "{}", "{\"dtype\":\"F32\"}", "{\"dtype\":\"F32\",\"shape\":[2]}",
        "{\"dtype\":\"F32\",\"shape\":2,\"data_offsets\":[0,8]}",
        "{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0]}",
        "{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8,8]}", "null", "[]"})
    void incompleteTensor(String tensor) throws IOException {
        RawFile.write(file(), "{\"x\":" + tensor + "}", 8);
        assertRefused(file(), "'x'");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {"[8,0] | 8 | has the bytes 8 to 0", "[0,4] | 8 | has the bytes 0 to 4",
        "[0,12] | 12 | has the bytes 0 to 12", "[-8,0] | 8 | no natural number", "[4,12] | 12 | after a gap",
        "[0,8] | 7 | truncated", "[0,8] | 0 | truncated", "[0,8] | 9 | 1 bytes after its last tensor",
        "[9223372036854775799,9223372036854775807] | 8 | after a gap"})
    void offsetsThatDoNotFit(String offsets, int dataBytes, String said) throws IOException {
        RawFile.write(file(), "{\"x\":" + tensor("F32", "[2]", offsets) + "}", dataBytes);
        assertRefused(file(), said);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {"[4,12] | inside another", "[0,8] | inside another", "[12,20] | after a gap"})
    void tensorsThatDoNotAdjoin(String offsets, String said) throws IOException {
        RawFile.write(file(), "{\"x\":" + GOOD + ",\"y\":" + tensor("F32", "[2]", offsets) + "}", 20);
        assertRefused(file(), said);
    }

    @Test
    void elementsThatFillNoWholeBytes() throws IOException {
        RawFile.write(file(), "{\"x\":" + tensor("F4", "[3]", "[0,1]") + "}", 1);
        assertRefused(file(), "'x'", "whole bytes");
    }

    @Test
    void namesWithLineBreaksStayInOneLine() throws IOException {
        RawFile.write(file(), "{\"a\\nb\":" + tensor("F99", "[2]", "[0,8]") + "}", 8);
        assertRefused(file(), "F99");
    }

    /** Whatever is changed, dropped or added: it opens and reads, or it is refused. */
    @Test
    void survivesMutations() throws IOException {
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        tensors.put("a", Support.random(1, ScalarType.Float, 2, 3));
        tensors.put("b", Support.random(1, ScalarType.Double));
        tensors.put("c", Support.random(1, ScalarType.Half, 0, 5));
        SafeTensors.write(file(), tensors, Map.of("format", "pt"));
        byte[] good = Files.readAllBytes(file());
        int refused = 0;
        for (int seed = 0; seed < 2_000; seed++) {
            Files.write(file(), Mutation.of(good, new Random(seed)));
            Throwable thrown = catchThrowable(this::readAll);
            if (thrown != null) {
                refused++;
                assertThat(thrown).as("seed " + seed).isInstanceOfAny(IOException.class,
                        IllegalArgumentException.class);
                assertThat(thrown.getMessage()).as("seed " + seed).contains(file().toString()).doesNotContain("\n");
            }
        }
        assertThat(refused).isBetween(1_000, 1_999);
    }

    private void readAll() throws IOException {
        try (PointerScope _ = new PointerScope(); SafeTensors file = SafeTensors.open(file())) {
            file.tensors();
        }
    }

    private static String tensor(String type, String shape, String offsets) {
        return "{\"dtype\":\"" + type + "\",\"shape\":" + shape + ",\"data_offsets\":" + offsets + "}";
    }

    private static void assertRefused(Path path, String... said) {
        assertThatThrownBy(() -> SafeTensors.open(path).close()).isInstanceOf(IOException.class)
                .message().contains(path.toString()).contains(said).doesNotContain("\n", "\r").hasSizeLessThan(400);
    }
}

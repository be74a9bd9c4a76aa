package dev.glimpse.io;

import static dev.glimpse.Support.random;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.glimpse.nn.Tensors;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.MemoryFormat;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class SafeTensorsTest {
    @TempDir
    private Path folder;

    private Path file() {
        return folder.resolve("some.safetensors");
    }

    static Stream<DType> libtorchsTypes() {
        return Stream.of(DType.values()).filter(type -> type.torchType().isPresent());
    }

    static Stream<DType> otherTypes() {
        return Stream.of(DType.values()).filter(type -> type.torchType().isEmpty());
    }

    @ParameterizedTest
    @MethodSource("libtorchsTypes")
    void keepsEveryBitOfEveryType(DType type) throws IOException {
        Tensor tensor = Tensors.empty(type.torchType().orElseThrow(), 3, 5);
        byte[] bytes = new byte[15 * type.bits() / Byte.SIZE];
        new Random(type.ordinal()).nextBytes(bytes);
        if (type == DType.BOOL) {
            for (int i = 0; i < bytes.length; i++) {
                bytes[i] &= 1;
            }
        }
        Tensors.memory(tensor).copyFrom(MemorySegment.ofArray(bytes));
        SafeTensors.write(file(), Map.of("x", tensor), Map.of());
        try (SafeTensors file = SafeTensors.open(file())) {
            assertThat(file.entries().get("x").type()).isEqualTo(type);
            Tensor read = file.tensor("x");
            assertThat(read.scalar_type().intern()).isEqualTo(type.torchType().orElseThrow());
            assertThat(Tensors.shape(read)).containsExactly(3, 5);
            assertThat(Tensors.memory(read).toArray(ValueLayout.JAVA_BYTE)).isEqualTo(bytes);
        }
    }

    @ParameterizedTest
    @MethodSource("otherTypes")
    void givesTheBytesOfTypesThatLibtorchLacks(DType type) throws IOException {
        int count = 8 * type.bits() / Byte.SIZE;
        RawFile.write(file(), "{\"x\":{\"dtype\":\"" + type + "\",\"shape\":[2,4],\"data_offsets\":[0," + count + "]}}",
                count);
        try (SafeTensors file = SafeTensors.open(file())) {
            assertThat(file.bytes("x").toArray(ValueLayout.JAVA_BYTE)).isEqualTo(RawFile.data(count));
            assertThatThrownBy(() -> file.tensor("x")).isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContainingAll(file().toString(), "'x'", type.toString(), "libtorch lacks");
        }
    }

    @Test
    void refusesATypeThatTheFormatLacks() {
        Tensor complex = Tensors.zeros(ScalarType.ComplexDouble, 2);
        assertThatThrownBy(() -> SafeTensors.write(file(), Map.of("x", complex), Map.of()))
                .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("ComplexDouble");
        assertThat(file()).doesNotExist();
    }

    @Test
    void keepsNamesFactsAndOrder() throws IOException {
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        List<String> names = List.of("z", "a.b", "", "größe", "注意", "🙂", "a\"b\\c", "line\nbreak", "{}");
        for (String name : names) {
            tensors.put(name, random(name.length(), ScalarType.Float, 2));
        }
        Map<String, String> facts = Map.of("größe", "注意 🙂", "", "", "json", "{\"a\":[1]}");
        SafeTensors.write(file(), tensors, facts);
        try (SafeTensors file = SafeTensors.open(file())) {
            assertThat(file.entries().keySet()).containsExactlyElementsOf(names);
            assertThat(file.metadata()).isEqualTo(facts);
            names.forEach(name -> assertThat(file.tensor(name).equal(tensors.get(name))).as(name).isTrue());
        }
    }

    @Test
    void keepsScalarsAndEmptyTensors() throws IOException {
        Tensor scalar = random(1, ScalarType.Double);
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        tensors.put("empty first", Tensors.zeros(ScalarType.Float, 0));
        tensors.put("scalar", scalar);
        tensors.put("empty between", Tensors.zeros(ScalarType.Float, 3, 0, 2));
        tensors.put("last", Tensors.zeros(ScalarType.Byte, 1));
        SafeTensors.write(file(), tensors, Map.of());
        try (SafeTensors file = SafeTensors.open(file())) {
            assertThat(file.tensor("scalar").equal(scalar)).isTrue();
            assertThat(Tensors.shape(file.tensor("scalar"))).isEmpty();
            assertThat(Tensors.shape(file.tensor("empty between"))).containsExactly(3, 0, 2);
            assertThat(file.tensors()).containsOnlyKeys(tensors.keySet());
        }
    }

    @Test
    void keepsAFileWithoutTensors() throws IOException {
        SafeTensors.write(file(), Map.of(), Map.of());
        try (SafeTensors file = SafeTensors.open(file())) {
            assertThat(file.entries()).isEmpty();
            assertThat(file.metadata()).isEmpty();
        }
    }

    @Test
    void writesViewsRowByRow() throws IOException {
        Tensor x = random(5, ScalarType.Float, 2, 3, 4, 5);
        Tensor complex = Tensors.empty(ScalarType.ComplexFloat, 3);
        Tensors.memory(complex).copyFrom(MemorySegment.ofArray(new float[]{1, 2, 3, 4, 5, 6}));
        Map<String, Tensor> tensors = Map.of("transposed", x.transpose(0, 3), "part", x.narrow(1, 1, 1),
                "channels last",
                x.contiguous(MemoryFormat.ChannelsLast), "expanded", x.narrow(0, 0, 1).expand(4, 3, 4, 5), "offset",
                x.select(0, 1), "with gradient", x.clone().set_requires_grad(true), "conjugate", complex.conj());
        SafeTensors.write(file(), tensors, Map.of());
        try (SafeTensors file = SafeTensors.open(file())) {
            tensors.forEach((name, tensor) -> {
                assertThat(file.tensor(name).equal(tensor)).as(name).isTrue();
                assertThat(Tensors.shape(file.tensor(name))).isEqualTo(Tensors.shape(tensor));
            });
        }
    }

    @Test
    void alignsTheData() throws IOException {
        for (int length = 1; length < 9; length++) {
            SafeTensors.write(file(), Map.of("x".repeat(length), torch.ones(3)), Map.of());
            assertThat((Files.size(file()) - 3 * Float.BYTES) % Long.BYTES).isZero();
        }
    }

    @Test
    void refusesATensorNamedAsTheFactsAre() {
        assertThatThrownBy(() -> SafeTensors.write(file(), Map.of("__metadata__", torch.ones(1)), Map.of()))
                .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("__metadata__");
    }

    @Test
    void namesTheTensorThatIsNotThere() throws IOException {
        SafeTensors.write(file(), Map.of("x", torch.ones(1)), Map.of());
        try (SafeTensors file = SafeTensors.open(file())) {
            assertThatThrownBy(() -> file.tensor("y")).isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContainingAll(file().toString(), "'y'");
        }
    }

    @Test
    void tensorsOutliveTheFile() throws IOException {
        Tensor x = random(1, ScalarType.Float, 1000);
        SafeTensors.write(file(), Map.of("x", x), Map.of());
        Tensor read;
        try (SafeTensors file = SafeTensors.open(file())) {
            read = file.tensor("x");
        }
        Files.delete(file());
        assertThat(read.equal(x)).isTrue();
    }
}

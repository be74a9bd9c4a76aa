package dev.glimpse.io;

import static dev.glimpse.Support.random;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class WeightsTest {
    @TempDir
    private Path folder;
    private PointerScope scope;

    @BeforeEach
    void open() {
        scope = new PointerScope();
    }

    @AfterEach
    void close() {
        scope.close();
    }

    @ParameterizedTest
    @ValueSource(strings = {"w.safetensors", "w.pt", "w.pth", "w.bin", "w.CKPT", "w.pth.tar"})
    void whatIsWrittenIsReadBackWhateverItsName(String name) throws IOException {
        Map<String, Tensor> tensors = tensors();
        Path file = folder.resolve(name);
        Weights.write(file, tensors);
        assertEqual(Weights.read(file), tensors);
        Path renamed = Files.move(file, folder.resolve("weights"));
        assertEqual(Weights.read(renamed), tensors);
    }

    @Test
    void shardsAreReadByTheirIndex() throws IOException {
        Map<String, Tensor> tensors = tensors();
        SafeTensors.write(folder.resolve("m-1.safetensors"), Map.of("a", tensors.get("a")), Map.of());
        SafeTensors.write(folder.resolve("m-2.safetensors"), Map.of("b", tensors.get("b")), Map.of());
        Path index = folder.resolve("m.safetensors.index.json");
        Files.writeString(index, """
                {"metadata": {}, "weight_map": {"a": "m-1.safetensors", "b": "m-2.safetensors"}}""");
        assertEqual(Weights.read(index), tensors);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            {"weight_map": {"a": "m-1.safetensors", "c": "m-1.safetensors"}} | says that 'c' is in m-1.safetensors
            {"weight_map": {"a": "m-9.safetensors"}}     | no such file
            {"weight_map": {"a": "../m-1.safetensors"}}  | outside of its folder
            {"weight_map": {}}                           | no weight_map
            {}                                           | no weight_map
            {"weight_map"                                | no JSON
            """)
    void anIndexThatLies(String content, String fault) throws IOException {
        SafeTensors.write(folder.resolve("m-1.safetensors"), Map.of("a", tensors().get("a")), Map.of());
        Path index = folder.resolve("m.json");
        Files.writeString(index, content);
        assertThatThrownBy(() -> Weights.read(index)).isInstanceOf(IOException.class)
                .hasMessageContaining(fault).hasMessageNotContaining("\n");
    }

    @Test
    void whatIsNoFileOfWeights() throws IOException {
        assertThatThrownBy(() -> Weights.read(folder)).hasMessage(folder + ": not a file");
        assertThatThrownBy(() -> Weights.read(folder.resolve("x"))).hasMessage(folder.resolve("x") + ": no such file");
        Path empty = Files.createFile(folder.resolve("empty.pt"));
        assertThatThrownBy(() -> Weights.read(empty)).hasMessage(empty + ": it is empty");
        assertThatThrownBy(() -> Weights.write(folder.resolve("w.onnx"), tensors()))
                .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("must end in");
    }

    private static Map<String, Tensor> tensors() {
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        tensors.put("a", random(1, ScalarType.Float, 3, 4));
        tensors.put("b", random(2, ScalarType.Float, 5).to(ScalarType.BFloat16));
        return tensors;
    }

    private static void assertEqual(Map<String, Tensor> actual, Map<String, Tensor> expected) {
        assertThat(actual.keySet()).containsExactlyElementsOf(expected.keySet());
        expected.forEach((name, tensor) -> assertThat(actual.get(name).equal(tensor)).as(name).isTrue());
    }
}

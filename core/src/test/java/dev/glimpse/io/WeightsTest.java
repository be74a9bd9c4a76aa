package dev.glimpse.io;

import static dev.glimpse.Support.random;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.glimpse.attention.Cbam;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Stream;
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
            {"weight_map": {"a": "../m-1.safetensors"}}  | no file beside it: '../m-1.safetensors'
            {"weight_map": {"a": "/m-1.safetensors"}}    | no file beside it
            {"weight_map": {"a": "..\\\\m-1.safetensors"}} | no file beside it
            {"weight_map": {"a": ".."}}                  | no file beside it
            {"weight_map": {"a": ""}}                    | no file beside it
            {"weight_map": {"a": ["m-1.safetensors"]}}   | no file beside it
            {"weight_map": {"a": "m\\u0000\\n1"}}        | no file beside it: 'm??1'
            {"weight_map": {"a": "m-1.safetensors", "a": "m-2.safetensors"}} | no JSON (Duplicate
            {"weight_map": {"a\\nb": "m-1.safetensors"}}  | says that 'a?b' is in
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
        Path page = Files.writeString(folder.resolve("page.pth"), "<!DOCTYPE html><html>not found</html>");
        assertThatThrownBy(() -> Weights.read(page)).isInstanceOf(IOException.class)
                .hasMessage(page + ": not a file of weights: it begins like neither safetensors nor torch.save");
        assertThatThrownBy(() -> Weights.write(folder.resolve("w.onnx"), tensors()))
                .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("must end in");
    }

    /** Names that would break a line survive both formats; messages show them in one. */
    @ParameterizedTest
    @ValueSource(strings = {"w.safetensors", "w.pt"})
    void namesMayHoldAnything(String name) throws IOException {
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        tensors.put("a\nb\tc \u6ce8\u610f \ud83d\ude00 '\"", random(1, ScalarType.Float, 2));
        Weights.write(folder.resolve(name), tensors);
        assertEqual(Weights.read(folder.resolve(name)), tensors);
        assertThatThrownBy(() -> StateDict.load(new Cbam(16), tensors)).hasMessageContaining("a?b?c")
                .hasMessageNotContaining("\n");
    }

    @Test
    void aFileCanReplaceItself() throws IOException {
        for (String name : new String[]{"w.safetensors", "w.pt"}) {
            Path file = folder.resolve(name);
            Weights.write(file, tensors());
            Weights.write(file, Weights.read(file));
            assertEqual(Weights.read(file), tensors());
        }
    }

    @Test
    void whereNothingCanBeWritten() throws IOException {
        Path taken = Files.createDirectories(folder.resolve("taken.pt/inside")).getParent();
        assertThatThrownBy(() -> Weights.write(taken, tensors())).isInstanceOf(IOException.class)
                .hasMessageStartingWith("cannot write " + taken).hasMessageNotContaining("\n");
        Path file = Files.writeString(folder.resolve("file"), "x");
        assertThatThrownBy(() -> Weights.write(file.resolve("w.safetensors"), tensors()))
                .isInstanceOf(IOException.class).hasMessageStartingWith("cannot write ").hasMessageNotContaining("\n");
        Weights.write(folder.resolve("new/folder/w.pt"), tensors());
        assertEqual(Weights.read(folder.resolve("new/folder/w.pt")), tensors());
        try (Stream<Path> left = Files.list(folder)) {
            assertThat(left.map(path -> path.getFileName().toString())).containsOnly("taken.pt", "file", "new");
        }
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

package dev.glimpse.golden;

import static org.assertj.core.api.Assertions.assertThat;

import dev.glimpse.io.SafeTensors;
import dev.glimpse.nn.Tensors;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Consumer;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A golden file that is wrong fails with what is wrong in it; nothing is thrown. */
class BadGoldenTest {
    private static final Path GOLDENS = Path.of("src/test/resources/goldens");
    private static final Path CBAM = GOLDENS.resolve("modules/cbam-train.safetensors");
    private static final Path MHA = GOLDENS.resolve("modules/mha.safetensors");
    private static final Path RESNET = GOLDENS.resolve("networks/resnet18.safetensors");

    @TempDir
    private Path folder;

    @Test
    void aCopyHolds() throws IOException {
        assertThat(check(MHA, _ -> {}, _ -> {}, false).ok()).isTrue();
        assertThat(check(CBAM, _ -> {}, _ -> {}, true).ok()).isTrue();
    }

    @ParameterizedTest
    @ValueSource(strings = {"output.0", "grad.input.0", "grad.ChannelGate.mlp.1.weight",
        "grad.SpatialGate.spatial.bn.bias", "after.SpatialGate.spatial.bn.running_mean",
        "after.SpatialGate.spatial.bn.running_var"})
    void oneWrongValueIsFound(String name) throws IOException {
        for (boolean float32 : new boolean[]{false, true}) {
            Verdict verdict = check(CBAM, _ -> {}, tensors -> tensors.computeIfPresent(name, (_, t) -> nudged(t)),
                    float32);
            assertThat(verdict.ok()).isFalse();
            assertThat(verdict.worst()).isGreaterThan(1);
            assertThat(verdict.tensor()).isEqualTo(name);
            assertThat(verdict.toString()).startsWith("FAIL").contains("copy.safetensors", "cbam", "in " + name);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"output.0", "output.1", "grad.layer_norm.bias"})
    void aNanIsFound(String name) throws IOException {
        Verdict verdict = check(MHA, _ -> {}, tensors -> first(tensors.get(name)).fill_(new Scalar(Double.NaN)), false);
        assertThat(verdict.ok()).isFalse();
        assertThat(verdict.toString()).startsWith("FAIL").contains("NaN", name);
    }

    @Test
    void anInputThatIsNanIsFound() throws IOException {
        Verdict verdict = check(MHA, _ -> {}, tensors -> first(tensors.get("input.0")).fill_(new Scalar(Double.NaN)),
                false);
        assertThat(verdict.ok()).isFalse();
    }

    @ParameterizedTest
    @CsvSource({"state.w_qs.weight, missing: w_qs.weight", "output.1, output.1", "output.0, output.0",
        "cotangent.1, 'it gives 2 outputs, the golden file has 1'", "input.2, could not be run"})
    void aMissingTensorIsNamed(String name, String said) throws IOException {
        assertFault(check(MHA, _ -> {}, tensors -> tensors.remove(name), false), said);
    }

    @ParameterizedTest
    @CsvSource({"state.extra, left over: extra", "grad.extra, 'it computes no grad.extra'",
        "output.7, 'it computes no output.7'", "after.extra, 'it computes no after.extra'"})
    void aTensorTooManyIsNamed(String name, String said) throws IOException {
        assertFault(check(MHA, _ -> {}, tensors -> tensors.put(name, Tensors.zeros(ScalarType.Float, 2)), false), said);
    }

    @ParameterizedTest
    @CsvSource({"state.w_qs.weight, of another shape: w_qs.weight", "output.0, output.0 is", "grad.fc.weight, grad.fc",
        "cotangent.0, output.0 is"})
    void anotherShapeIsNamed(String name, String said) throws IOException {
        assertFault(check(MHA, _ -> {}, tensors -> tensors.put(name, Tensors.zeros(ScalarType.Float, 2)), false), said);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {"module | cbum | no attention is called 'cbum'; known: cbam, ",
        "format | glimpse-golden/2 | its format is 'glimpse-golden/2'", "format | | its format is ''",
        "args | | does not say its 'args'", "mode | | does not say its 'mode'",
        "mode | trian | its mode is 'trian'", "args | {} | needs the argument 'd_model'",
        "args | {\"d_model\":16,\"haeds\":2} | no argument 'haeds'",
        "args | {\"d_model\":16,\"heads\":3} | heads=3", "args | [] | 'args'",
        "args | null | the golden file's 'args' is null",
        "args | {\"d_model\": | 'args'"})
    void aWrongFactIsNamed(String fact, String value, String said) throws IOException {
        assertFault(check(MHA, facts -> set(facts, fact, value), _ -> {}, false), said);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {"tolerance32 | | does not say its 'tolerance32'",
        "tolerance32 | {} | no bound for ", "tolerance32 | 7 | 'tolerance32'",
        "tolerance32 | {\"output.0\":null} | no bound for output.0"})
    void aWrongBoundIsNamed(String fact, String value, String said) throws IOException {
        assertFault(check(MHA, facts -> set(facts, fact, value), _ -> {}, true), said);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {"parameters | 11689511 | the golden file says 11689511",
        "parameters | many | 'parameters'", "model | resnet19 | no network is called 'resnet19'",
        "state | {} | missing: bn1.bias", "state | {\"conv1.weight\":[64,3,3,3]} | of another shape: conv1.weight",
        "state | [1] | 'state'", "input | {} | 'input'", "input | [1,3] | could not be run",
        "input | [1,-3,4,4] | could not be run", "input | [1,4,32,32] | could not be run"})
    void aWrongNetworkIsNamed(String fact, String value, String said) throws IOException {
        assertFault(check(RESNET, facts -> set(facts, fact, value), _ -> {}, false), said);
    }

    @Test
    void aFileWithNothingToCompareFails() throws IOException {
        assertFault(check(MHA, _ -> {}, tensors -> tensors.keySet()
                .removeIf(name -> name.startsWith("output.") || name.startsWith("grad.")), false), "output.0");
    }

    @Test
    void whatIsNoGoldenFileFails() throws IOException {
        byte[] good = Files.readAllBytes(MHA);
        Path broken = folder.resolve("broken.safetensors");
        for (int size : new int[]{0, 5, 100, good.length / 2, good.length - 1}) {
            Files.write(broken, Arrays.copyOf(good, size));
            assertFault(Golden.check(broken, false), broken.toString());
        }
        assertFault(Golden.check(folder, false), "not a file");
        assertFault(Golden.check(folder.resolve("absent"), false), "no such file");
    }

    private Verdict check(Path golden, Consumer<Map<String, String>> facts, Consumer<Map<String, Tensor>> tensors,
            boolean float32) throws IOException {
        Path copy = folder.resolve("copy.safetensors");
        try (SafeTensors file = SafeTensors.open(golden)) {
            Map<String, String> copiedFacts = new LinkedHashMap<>(file.metadata());
            Map<String, Tensor> copiedTensors = file.tensors();
            facts.accept(copiedFacts);
            tensors.accept(copiedTensors);
            SafeTensors.write(copy, copiedTensors, copiedFacts);
        }
        return Golden.check(copy, float32);
    }

    private static void set(Map<String, String> facts, String fact, String value) {
        if (value == null) {
            facts.remove(fact);
        } else {
            facts.put(fact, value);
        }
    }

    /** The tensor with its first element a hundredth of the largest away: more than float32 is allowed. */
    private static Tensor nudged(Tensor tensor) {
        first(tensor).add_(tensor.abs().max().mul(new Scalar(0.01)));
        return tensor;
    }

    private static Tensor first(Tensor tensor) {
        return tensor.view(-1).narrow(0, 0, 1);
    }

    private static void assertFault(Verdict verdict, String said) {
        assertThat(verdict.ok()).isFalse();
        assertThat(verdict.fault()).contains(said).doesNotContain("\n").hasSizeLessThan(400);
        assertThat(verdict.toString()).startsWith("FAIL").endsWith(verdict.fault());
    }
}

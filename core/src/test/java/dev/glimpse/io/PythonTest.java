package dev.glimpse.io;

import static dev.glimpse.Support.random;
import static org.assertj.core.api.Assertions.assertThat;

import dev.glimpse.model.Networks;
import dev.glimpse.nn.Tensors;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.HexFormat;
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
import org.junit.jupiter.params.provider.ValueSource;

/** PyTorch itself reads what we write, and we read what it writes; skipped where there is no Python with PyTorch. */
class PythonTest {
    /** Prints a line a tensor: its name, type, shape and bytes. */
    private static final String DESCRIBE = """
            import sys, torch
            def describe(tensors):
                for name, t in tensors.items():
                    t = t.detach().contiguous()
                    flat = (torch.view_as_real(t) if t.is_complex() else t).flatten()
                    shape = 'x'.join(str(n) for n in t.shape)
                    print(name, str(t.dtype)[6:], shape, bytes(flat.view(torch.uint8).tolist()).hex(), sep='|')
            """;
    private static final Map<ScalarType, String> TYPES = Map.ofEntries(Map.entry(ScalarType.Float, "float32"),
            Map.entry(ScalarType.Double, "float64"), Map.entry(ScalarType.Half, "float16"),
            Map.entry(ScalarType.BFloat16, "bfloat16"), Map.entry(ScalarType.Long, "int64"),
            Map.entry(ScalarType.Int, "int32"), Map.entry(ScalarType.Short, "int16"),
            Map.entry(ScalarType.Char, "int8"), Map.entry(ScalarType.Byte, "uint8"),
            Map.entry(ScalarType.Bool, "bool"), Map.entry(ScalarType.ComplexFloat, "complex64"));

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

    @Test
    void pythonLoadsWhatWeWriteAsWeightsOnly() throws IOException {
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        TYPES.keySet().stream().sorted()
                .forEach(type -> tensors.put("of " + type, random(1, ScalarType.Float, 3, 2).to(type)));
        tensors.put("scalar", random(2, ScalarType.Float));
        tensors.put("count", Tensors.zeros(ScalarType.Long));
        tensors.put("empty", Tensors.zeros(ScalarType.Float, 0, 3));
        tensors.put("across", random(3, ScalarType.Float, 4, 5).t());
        tensors.put("tied", tensors.get("of Float"));
        tensors.put("part of it", tensors.get("of Float").narrow(0, 1, 2));
        tensors.put("gewöhnlich \u6ce8\u610f", random(4, ScalarType.BFloat16, 2));
        Path file = folder.resolve("weights.pth");
        Weights.write(file, tensors);
        assertSame(tensors, Python.run(file, DESCRIBE + "describe(torch.load(sys.argv[1], weights_only=True))"));
    }

    @Test
    void pythonLoadsANetwork() throws IOException {
        Map<String, Tensor> weights = StateDict.of(Networks.create("white-patch", Map.of("attention", "cbam")));
        Path file = folder.resolve("network.pt");
        Weights.write(file, weights);
        assertSame(weights, Python.run(file, DESCRIBE + "describe(torch.load(sys.argv[1], weights_only=True))"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"True", "False"})
    void weReadWhatPythonWrites(String zip) throws IOException {
        Path file = folder.resolve("weights.pt");
        String said = Python.run(file, DESCRIBE + """
                torch.manual_seed(1)
                t = {str(d): (torch.randn(3, 4) * 9).to(d) for d in (torch.float32, torch.float64, torch.float16,
                    torch.bfloat16, torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8, torch.bool)}
                t['scalar'] = torch.tensor(3.5)
                t['empty'] = torch.empty(0, 3)
                t['tied'] = t['torch.float32']
                t['across'] = t['torch.float32'].t()
                t['column'] = t['torch.bfloat16'][:, 2]
                t['expanded'] = torch.ones(3, 1).expand(3, 5)
                t['parameter'] = torch.nn.Parameter(torch.randn(2, 2, 2))
                torch.save(t, sys.argv[1], _use_new_zipfile_serialization=%s)
                describe(t)
                """.formatted(zip));
        assertSame(Weights.read(file), said);
    }

    @ParameterizedTest
    @ValueSource(strings = {"True", "False"})
    void weReadATrainingCheckpoint(String zip) throws IOException {
        Path file = folder.resolve("checkpoint.pth.tar");
        String said = Python.run(file, DESCRIBE + """
                import argparse, collections
                net = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.BatchNorm2d(4))
                adam = torch.optim.Adam(net.parameters())
                net(torch.randn(2, 3, 5, 5)).sum().backward()
                adam.step()
                schedule = torch.optim.lr_scheduler.StepLR(adam, 3)
                state = collections.OrderedDict(('module.' + k, v) for k, v in net.state_dict().items())
                torch.save({'epoch': 3, 'arch': 'resnet18', 'best_acc1': torch.tensor(0.5), 'state_dict': state,
                    'optimizer': adam.state_dict(), 'scheduler': schedule.state_dict(),
                    'args': argparse.Namespace(lr=0.1, data='x')}, sys.argv[1], _use_new_zipfile_serialization=%s)
                describe(net.state_dict())
                """.formatted(zip));
        assertSame(Dialect.TORCHVISION.toGlimpse(Weights.read(file)), said);
    }

    private static void assertSame(Map<String, Tensor> ours, String pythons) {
        StringBuilder lines = new StringBuilder();
        ours.forEach((name, tensor) -> lines.append(String.join("|", name, TYPES.get(tensor.scalar_type().intern()),
                tensor.dim() == 0 ? "" : Tensors.shapeText(Tensors.shape(tensor)),
                HexFormat.of().formatHex(
                        Tensors.memory(tensor.detach().contiguous()).toArray(ValueLayout.JAVA_BYTE))))
                .append('\n'));
        assertThat(pythons).isEqualTo(lines.toString());
    }
}

package dev.glimpse.app;

import dev.glimpse.io.Dialect;
import dev.glimpse.io.Weights;
import dev.glimpse.nn.Libtorch;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.Callable;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Turns a file of weights into one of another kind. */
@Command(name = "convert", mixinStandardHelpOptions = true,
        description = "Convert weights between PyTorch's files (both formats, checkpoints included) and safetensors.")
final class ConvertCommand implements Callable<Integer> {
    @Parameters(index = "0", paramLabel = "IN", description = "A .safetensors file, an index of shards, or a file of "
            + "torch.save; its contents decide. Nothing in it is run.")
    private Path in;

    @Parameters(index = "1", paramLabel = "OUT",
            description = "Ends in .safetensors, or in .pt, .pth, .bin, .ckpt or .tar for PyTorch.")
    private Path out;

    @Option(names = "--from", paramLabel = "DIALECT",
            description = "How IN names its weights: ${COMPLETION-CANDIDATES} (default: as Glimpse and torchvision do).")
    private Dialect from;

    @Option(names = "--to", paramLabel = "DIALECT",
            description = "How OUT names them (default: as Glimpse does; without --from too, every name stays as it is).")
    private Dialect to;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws IOException {
        Libtorch.load();
        try (PointerScope _ = new PointerScope()) {
            Map<String, Tensor> read = Weights.read(in);
            Map<String, Tensor> tensors = from == null && to == null ? read
                    : given(to).fromGlimpse(given(from).toGlimpse(read));
            Weights.write(out, tensors);
            long bytes = tensors.values().stream().mapToLong(t -> t.numel() * t.element_size()).sum();
            spec.commandLine().getOut().printf("%s: %,d tensors, %,d bytes%n", out, tensors.size(), bytes);
            return 0;
        }
    }

    private static Dialect given(Dialect dialect) {
        return dialect == null ? Dialect.GLIMPSE : dialect;
    }
}

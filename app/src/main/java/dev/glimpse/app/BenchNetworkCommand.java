package dev.glimpse.app;

import dev.glimpse.app.bench.Dtype;
import dev.glimpse.app.bench.Layout;
import dev.glimpse.app.bench.MapShape;
import dev.glimpse.app.bench.NetworkBench;
import dev.glimpse.app.bench.Pass;
import dev.glimpse.nn.Libtorch;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Times a network with attention and without. */
@Command(name = "network", mixinStandardHelpOptions = true, showDefaultValues = true,
        description = "Time a network with attention and without, in the same rounds: a step of training, or inference. In "
                + "bfloat16, training is in mixed precision; for inference the network itself is converted.")
final class BenchNetworkCommand implements Runnable {
    private static final double SECONDS = 30;

    @Mixin
    private BenchedNetwork network = new BenchedNetwork();

    @Option(names = "--attention", defaultValue = "cbam", paramLabel = "NAME[:KEY=VALUE,...]",
            description = "What stands in its blocks.")
    private String attention;

    @Option(names = "--batch", defaultValue = "1", description = "Images at a time.")
    private long batch;

    @Option(names = "--dtype", defaultValue = "FP32", description = "${COMPLETION-CANDIDATES}.")
    private Dtype dtype;

    @Option(names = "--layout", defaultValue = "NCHW", description = "${COMPLETION-CANDIDATES}.")
    private Layout layout;

    @Option(names = "--pass", defaultValue = "FORWARD", description = "${COMPLETION-CANDIDATES}.")
    private Pass pass;

    @Option(names = "--seconds", description = "How long to measure, a third of it to warm up (default: 30).")
    private Double seconds;

    @Option(names = "--json", description = "Print one JSON object.")
    private boolean json;

    @Spec
    private CommandSpec spec;

    @Override
    public void run() {
        MapShape images = network.images(batch);
        double time = BenchCommand.seconds(seconds, SECONDS);
        NetworkBench.Task task = new NetworkBench.Task(network.model(), attention, images, dtype, layout, pass);
        Libtorch.load();
        NetworkBench.Times times = NetworkBench.run(task, time);
        spec.commandLine().getOut().println(json ? Output.json(times.asMap()) : times);
    }
}

package dev.glimpse.app;

import dev.glimpse.app.bench.MapShape;
import dev.glimpse.app.bench.ModesBench;
import dev.glimpse.nn.Libtorch;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Times a network's training in each precision and layout. */
@Command(name = "modes", mixinStandardHelpOptions = true, showDefaultValues = true,
        description = "Time a training step of a network in float32 and in mixed bfloat16, contiguous and channels-last, in the "
                + "same rounds: glimpse train takes the fastest unless told otherwise.")
final class BenchModesCommand implements Runnable {
    private static final double SECONDS = 90;

    @Mixin
    private BenchedNetwork network = new BenchedNetwork();

    @Option(names = "--attention", defaultValue = "none", paramLabel = "NAME[:KEY=VALUE,...]",
            description = "What stands in its blocks.")
    private String attention;

    @Option(names = "--batch", defaultValue = "64", description = "Images at a time.")
    private long batch;

    @Option(names = "--seconds", description = "How long to measure, a third of it to warm up (default: 90).")
    private Double seconds;

    @Option(names = "--json", description = "Print one JSON object.")
    private boolean json;

    @Spec
    private CommandSpec spec;

    @Override
    public void run() {
        MapShape images = network.images(batch);
        double time = BenchCommand.seconds(seconds, SECONDS);
        Libtorch.load();
        ModesBench.Times times = ModesBench.run(network.model(), attention, images, time);
        spec.commandLine().getOut().println(json ? Output.json(times.asMap()) : times);
    }
}

package dev.glimpse.app;

import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** Measures what is promised of speed and memory. */
@Command(name = "bench", mixinStandardHelpOptions = true, synopsisSubcommandLabel = "COMMAND",
        description = "Measure fused kernels against libtorch's operations: time, memory, whole networks; and the loader.",
        subcommands = {BenchAttentionCommand.class, BenchNetworkCommand.class, BenchModesCommand.class,
            BenchMemoryCommand.class,
            BenchLoaderCommand.class})
final class BenchCommand implements Runnable {
    @Spec
    private CommandSpec spec;

    @Override
    public void run() {
        spec.commandLine().usage(spec.commandLine().getOut());
    }

    /** Seconds for a measurement, if they make sense. */
    static double seconds(Double typed, double byDefault) {
        double seconds = typed == null ? byDefault : typed;
        if (!(seconds > 0 && seconds <= 86_400)) {
            throw new IllegalArgumentException("--seconds is " + seconds + ", must be above 0 and at most 86400");
        }
        return seconds;
    }
}

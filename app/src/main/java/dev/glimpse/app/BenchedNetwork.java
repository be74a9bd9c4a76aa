package dev.glimpse.app;

import dev.glimpse.app.bench.MapShape;
import picocli.CommandLine.Option;

/** A network that is timed, and what it is fed, as it is typed. */
final class BenchedNetwork {
    @Option(names = "--model", defaultValue = "resnet18", paramLabel = "NAME[:KEY=VALUE,...]",
            description = "The network; resnet18:stem=cifar for small images.")
    private String model;

    @Option(names = "--input", defaultValue = "3x224x224", paramLabel = "CxHxW", description = "Size of an image.")
    private String input;

    String model() {
        return model;
    }

    /** So many images at a time. */
    MapShape images(long batch) {
        if (batch < 1) {
            throw new IllegalArgumentException("--batch is " + batch + ", must be at least 1");
        }
        if (!input.matches("[1-9]\\d{0,5}(x[1-9]\\d{0,5}){2}")) {
            throw new IllegalArgumentException("--input is '" + input + "', not CxHxW as in 3x224x224");
        }
        return MapShape.parse("--batch and --input", batch + "x" + input);
    }
}

package dev.glimpse.system.racnn;

import dev.glimpse.Layer;
import dev.glimpse.attention.Args;
import dev.glimpse.glimpses.RaCnn;
import dev.glimpse.train.LearnedSystem;
import dev.glimpse.train.Material;
import dev.glimpse.train.RunConfig;
import dev.glimpse.train.Task;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;

/** The {@linkplain RaCnn recurrent attention convolutional network}, which looks closer twice. */
public final class RaCnnSystem implements LearnedSystem {
    @Override
    public String name() {
        return "racnn";
    }

    @Override
    public Map<String, String> usual() {
        return Map.of("--epochs", "6", "--batch", "32", "--lr", "0.002", "--weight-decay", "0.0005");
    }

    @Override
    public Prepared prepare(String data, Args args) throws IOException {
        return RaCnnData.prepare(data, args);
    }

    @Override
    public Material material(String data, RunConfig config) throws IOException {
        return RaCnnData.material(data, config);
    }

    @Override
    public Layer network(RunConfig config) {
        return new RaCnn(RaCnnOptions.of(config).network());
    }

    @Override
    public Task task(RunConfig config) {
        return new RaCnnTask(config);
    }

    @Override
    public List<Example> examples(Layer network, RunConfig config, Material material, BooleanSupplier stop)
            throws IOException {
        return new RaCnnViewer((RaCnn) network, config).examples(material, stop);
    }
}

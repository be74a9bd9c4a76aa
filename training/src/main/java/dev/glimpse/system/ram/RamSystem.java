package dev.glimpse.system.ram;

import dev.glimpse.Layer;
import dev.glimpse.attention.Args;
import dev.glimpse.data.DataSources;
import dev.glimpse.glimpses.Ram;
import dev.glimpse.glimpses.Retina;
import dev.glimpse.nn.Libtorch;
import dev.glimpse.system.digits.SceneMaterial;
import dev.glimpse.train.LearnedSystem;
import dev.glimpse.train.Material;
import dev.glimpse.train.Mode;
import dev.glimpse.train.RunConfig;
import dev.glimpse.train.Task;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;

/** The recurrent attention model on digits: in the middle, anywhere in a larger image, or among pieces of others. */
public final class RamSystem implements LearnedSystem {
    private static final int SHOWN = 12;
    private static final float[] BLACK = {0, 0, 0};
    private static final float[] WHITE = {1, 1, 1};

    @Override
    public String name() {
        return "ram";
    }

    @Override
    public Map<String, String> usual() {
        return Map.of("--epochs", "100", "--batch", "128", "--optimizer", "adam", "--lr", "0.001", "--weight-decay",
                "0", "--clip-norm", "5");
    }

    @Override
    public Prepared prepare(String data, Args args) throws IOException {
        PlacedDigits scene = PlacedDigits.read(args);
        config(args, 1);
        args.requireAllRead();
        SceneMaterial material = new SceneMaterial(DataSources.open(data), scene);
        Libtorch.load();
        return new Prepared(DataSources.absolute(data), material, material.digits().classes(), Map.of(), scene.side(),
                BLACK, WHITE);
    }

    @Override
    public Material material(String data, RunConfig config) throws IOException {
        return SceneMaterial.of(data, config.classes(), PlacedDigits.read(args(config)));
    }

    @Override
    public Layer network(RunConfig config) {
        if (config.recipe().mode().precision() != Mode.Precision.FP32) {
            throw new IllegalArgumentException("ram computes in float32 alone: leave --precision away");
        }
        return new Ram(config(args(config), config.classes().size()));
    }

    /** In a larger image the paper's retina sees more of it, less sharply, and places are further apart. */
    private static Ram.Config config(Args args, long classes) {
        boolean small = PlacedDigits.variant(args) == PlacedDigits.Variant.CENTRED;
        Ram.Config config = Ram.Config.read(args, classes, small ? new Retina(8, 1, 2) : new Retina(12, 3, 2),
                small ? 0.05 : 0.1);
        PlacedDigits scene = PlacedDigits.read(args);
        if (config.retina().patch() > scene.side()) {
            throw new IllegalArgumentException("ram: a retina of patch=" + config.retina().patch()
                    + " is larger than images of " + scene.side() + "x" + scene.side());
        }
        return config;
    }

    private static Args args(RunConfig config) {
        return new Args(config.model(), config.args());
    }

    @Override
    public Task task(RunConfig config) {
        return new RamTask(config.recipe().regularisation());
    }

    @Override
    public List<Example> examples(Layer network, RunConfig config, Material material, BooleanSupplier stop)
            throws IOException {
        RamViewer viewer = new RamViewer((Ram) network, config);
        List<Example> examples = new ArrayList<>();
        for (SceneMaterial.TestImage image : ((SceneMaterial) material).testImages(SHOWN, stop)) {
            examples.add(viewer.look("test digit " + image.index(), image.picture(), image.truth()));
        }
        return examples;
    }
}

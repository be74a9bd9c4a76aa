package dev.glimpse.system.stn;

import dev.glimpse.Layer;
import dev.glimpse.attention.Args;
import dev.glimpse.data.DataSources;
import dev.glimpse.data.Image;
import dev.glimpse.glimpses.TransformedDigits;
import dev.glimpse.nn.Libtorch;
import dev.glimpse.nn.Scopes;
import dev.glimpse.nn.Tensors;
import dev.glimpse.system.digits.Grey;
import dev.glimpse.system.digits.SceneMaterial;
import dev.glimpse.train.Classification;
import dev.glimpse.train.LearnedSystem;
import dev.glimpse.train.Material;
import dev.glimpse.train.RunConfig;
import dev.glimpse.train.Task;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;

/** A spatial transformer before a small network, or that network alone, on digits that are turned, scaled and shifted. */
public final class StnSystem implements LearnedSystem {
    private static final int SHOWN = 12;
    private static final float[] BLACK = {0, 0, 0};
    private static final float[] WHITE = {1, 1, 1};

    @Override
    public String name() {
        return "stn";
    }

    @Override
    public Map<String, String> usual() {
        return Map.of("--epochs", "12", "--batch", "64", "--optimizer", "adam", "--lr", "0.001", "--weight-decay",
                "0");
    }

    @Override
    public Prepared prepare(String data, Args args) throws IOException {
        DistortedDigits scene = scene(args);
        args.requireAllRead();
        SceneMaterial material = new SceneMaterial(DataSources.open(data), scene);
        Libtorch.load();
        return new Prepared(DataSources.absolute(data), material, material.digits().classes(), Map.of(), scene.side(),
                BLACK, WHITE);
    }

    private static DistortedDigits scene(Args args) {
        return DistortedDigits.read(args, Math.toIntExact(TransformedDigits.Config.read(args, 1).size()));
    }

    @Override
    public Material material(String data, RunConfig config) throws IOException {
        return SceneMaterial.of(data, config.classes(), scene(args(config)));
    }

    @Override
    public Layer network(RunConfig config) {
        return new TransformedDigits(TransformedDigits.Config.read(args(config), config.classes().size()));
    }

    private static Args args(RunConfig config) {
        return new Args(config.model(), config.args());
    }

    @Override
    public Task task(RunConfig config) {
        return new Classification(config.recipe().regularisation());
    }

    @Override
    public List<Example> examples(Layer network, RunConfig config, Material material, BooleanSupplier stop)
            throws IOException {
        List<Example> examples = new ArrayList<>();
        for (SceneMaterial.TestImage image : ((SceneMaterial) material).testImages(SHOWN, stop)) {
            examples.add(example((TransformedDigits) network, config.classes(), image));
        }
        return examples;
    }

    private static Example example(TransformedDigits network, List<String> classes, SceneMaterial.TestImage image) {
        Grey picture = image.picture();
        Map<String, Image> pictures = new LinkedHashMap<>();
        pictures.put("before", TransformPictures.enlarged(picture.image()));
        try (PointerScope _ = new PointerScope()) {
            return Scopes.noGrad(() -> {
                Tensor input = Tensors.of(picture.pixels(), 1, 1, picture.side(), picture.side());
                if (network.config().transform()) {
                    pictures.put("read", TransformPictures.frame(picture.image(),
                            Tensors.toFloats(network.theta(input)), network.config().alignCorners()));
                    Grey after = new Grey(picture.side(), Tensors.toFloats(network.transform(input)));
                    pictures.put("after", TransformPictures.enlarged(after.image()));
                }
                float[] probabilities = Tensors.toFloats(network.forward(input).softmax(1));
                int best = 0;
                for (int c = 1; c < probabilities.length; c++) {
                    best = probabilities[c] > probabilities[best] ? c : best;
                }
                return Example.ofClass("test digit " + image.index(), classes.get(best), probabilities[best],
                        image.truth(), Map.of(), pictures);
            });
        }
    }
}

package dev.glimpse.app;

import dev.glimpse.data.Loader;
import dev.glimpse.data.SegmentationFolder;
import dev.glimpse.data.SegmentationTransform;
import dev.glimpse.train.Material;
import dev.glimpse.train.RunConfig;
import java.io.IOException;

/** Images with a class for each pixel: random parts to train on, whole images to test on. */
record MaskedMaterial(SegmentationFolder.Splits splits) implements Material {
    @Override
    public int trainingImages() {
        return splits.train().size();
    }

    @Override
    public RunConfig.Images identity() {
        return Material.identity(splits.train().size(), splits.test().size(),
                i -> Materials.file(splits.train().name(i)), i -> Materials.file(splits.test().name(i)));
    }

    @Override
    public Loader training(RunConfig config, int workers) {
        SegmentationTransform parts = new SegmentationTransform(config.size(), config.size(), config.mean(),
                config.std(), config.task().masks().deformation());
        return new Loader(splits.train(), parts, Material.shuffled(config, trainingImages(), workers));
    }

    /** As many pixels a batch as in training, but at least one image. */
    @Override
    public Loader test(RunConfig config, int workers) throws IOException {
        int[] largest = splits.test().largest();
        int height = Math.max(largest[0], config.size());
        int width = Math.max(largest[1], config.size());
        long pixels = (long) config.recipe().batch() * config.size() * config.size();
        int batch = (int) Math.max(1, pixels / ((long) height * width));
        SegmentationTransform whole = new SegmentationTransform(height, width, config.mean(), config.std(), null);
        return new Loader(splits.test(), whole, Material.inOrder(config, batch, workers));
    }
}

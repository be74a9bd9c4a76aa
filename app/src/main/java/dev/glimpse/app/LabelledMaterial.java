package dev.glimpse.app;

import dev.glimpse.data.Dataset;
import dev.glimpse.data.Loader;
import dev.glimpse.data.Target;
import dev.glimpse.data.Transform;
import dev.glimpse.train.Material;
import dev.glimpse.train.RunConfig;
import java.util.Arrays;

/** Images with classes. */
record LabelledMaterial(Dataset train, Dataset check) implements Material {
    @Override
    public int trainingImages() {
        return train.size();
    }

    @Override
    public RunConfig.Images identity() {
        return Material.identity(train.size(), check.size(), i -> labelAndFile(train, i),
                i -> labelAndFile(check, i));
    }

    private static String labelAndFile(Dataset data, int index) {
        String label = switch (data.target(index)) {
            case Target.Label(int one) -> Integer.toString(one);
            case Target.Labels(float[] shares) -> Arrays.toString(shares);
        };
        return label + "/" + Materials.file(data.name(index));
    }

    /** How many training images show each class. */
    long[] counts() {
        return counts(train);
    }

    /** Whether none of the images shows any class. */
    static boolean unlabelled(Dataset images) {
        return Arrays.stream(counts(images)).sum() == 0;
    }

    private static long[] counts(Dataset images) {
        long[] counts = new long[images.classes().size()];
        for (int i = 0; i < images.size(); i++) {
            switch (images.target(i)) {
                case Target.Label(int label) -> counts[label]++;
                case Target.Labels(float[] shares) -> {
                    for (int c = 0; c < shares.length; c++) {
                        counts[c] += shares[c] >= 0.5f ? 1 : 0;
                    }
                }
            }
        }
        return counts;
    }

    @Override
    public Loader training(RunConfig config, int workers) {
        Transform augmented = new Transform(config.size(), config.mean(), config.std(),
                config.feeding().augmentation());
        return new Loader(train, augmented, Material.shuffled(config, train.size(), workers));
    }

    @Override
    public Loader test(RunConfig config, int workers) {
        Transform plain = new Transform(config.size(), config.mean(), config.std(), false);
        return new Loader(check, plain, Material.inOrder(config, config.recipe().batch(), workers));
    }
}

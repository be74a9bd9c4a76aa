package dev.glimpse.app;

import dev.glimpse.data.Dataset;
import dev.glimpse.data.Loader;
import dev.glimpse.data.Transform;
import dev.glimpse.train.RunConfig;

/** Images with classes. */
record LabelledMaterial(Dataset train, Dataset check) implements Material {
    @Override
    public int trainingImages() {
        return train.size();
    }

    @Override
    public RunConfig.Images identity() {
        return Material.identity(train.size(), check.size(), i -> train.label(i) + "/" + Material.file(train.name(i)),
                i -> check.label(i) + "/" + Material.file(check.name(i)));
    }

    @Override
    public Loader training(RunConfig config, int workers) {
        Transform augmented = new Transform(config.size(), config.mean(), config.std(), true);
        return new Loader(train, augmented, Material.shuffled(config, train.size(), workers));
    }

    @Override
    public Loader test(RunConfig config, int workers) {
        Transform plain = new Transform(config.size(), config.mean(), config.std(), false);
        return new Loader(check, plain,
                new Loader.Options(config.recipe().batch(), false, false, workers, config.recipe().seed()));
    }
}

package dev.glimpse.system;

import dev.glimpse.Layer;
import dev.glimpse.attention.Args;
import dev.glimpse.data.Batches;
import dev.glimpse.train.LearnedSystem;
import dev.glimpse.train.Material;
import dev.glimpse.train.Progress;
import dev.glimpse.train.Recipe;
import dev.glimpse.train.Run;
import dev.glimpse.train.RunConfig;
import dev.glimpse.train.Trainer;
import java.io.IOException;
import java.util.List;
import java.util.function.BooleanSupplier;
import org.bytedeco.pytorch.global.torch;

/** A system's training as the command line would start it. */
public final class SystemTraining {
    private static final Trainer.Checkpoints NONE_WITHIN_EPOCHS = new Trainer.Checkpoints(0, 0);

    private SystemTraining() {}

    /** @param model as it is typed */
    public static RunConfig config(String data, String model, Recipe recipe) throws IOException {
        Args args = Args.parse(model);
        LearnedSystem system = LearnedSystem.named(args.owner()).orElseThrow();
        return RunConfig.of("test", system, args, system.prepare(data, args), recipe, 0, List.of());
    }

    /** The model, with the weights that the run's seed gives. */
    public static Layer network(RunConfig config) {
        torch.manual_seed(config.recipe().seed());
        return config.network();
    }

    /** Trains a run from where it is. */
    public static Trainer train(Run run, BooleanSupplier stop) throws IOException {
        return train(run, network(run.config()), NONE_WITHIN_EPOCHS, stop);
    }

    /** The same of a model that is at hand, with checkpoints within epochs. */
    public static Trainer train(Run run, Layer network, Trainer.Checkpoints when, BooleanSupplier stop)
            throws IOException {
        RunConfig config = run.config();
        Material material = config.system().material(config.data(), config);
        try (Batches training = material.training(config, 2); Batches test = material.test(config, 1)) {
            Trainer trainer = new Trainer(run, network, config.learned(), when, Progress.NONE, stop);
            trainer.train(training, test);
            return trainer;
        }
    }
}

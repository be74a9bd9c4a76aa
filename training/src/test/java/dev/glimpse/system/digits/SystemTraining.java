package dev.glimpse.system.digits;

import dev.glimpse.Layer;
import dev.glimpse.attention.Args;
import dev.glimpse.data.Augmentation;
import dev.glimpse.data.Batches;
import dev.glimpse.train.Feeding;
import dev.glimpse.train.LearnedSystem;
import dev.glimpse.train.LearnedSystem.Prepared;
import dev.glimpse.train.Mode;
import dev.glimpse.train.OptimizerSettings;
import dev.glimpse.train.Progress;
import dev.glimpse.train.Recipe;
import dev.glimpse.train.Regularisation;
import dev.glimpse.train.Run;
import dev.glimpse.train.RunConfig;
import dev.glimpse.train.Schedule;
import dev.glimpse.train.TaskConfig;
import dev.glimpse.train.Trainer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.function.BooleanSupplier;
import org.bytedeco.pytorch.global.torch;

/** A system's training as the command line would start it. */
public final class SystemTraining {
    private SystemTraining() {}

    /** @param model as it is typed */
    public static RunConfig config(Path data, String model, int epochs, Mode mode) throws IOException {
        Args args = Args.parse(model);
        LearnedSystem system = LearnedSystem.named(args.owner()).orElseThrow();
        Prepared prepared = system.prepare(data.toString(), args);
        Recipe recipe = new Recipe(epochs, 16, 1, OptimizerSettings.parse("adam", 0.003, 0),
                Schedule.parse("cosine", 0.5), Regularisation.NONE, List.of(), mode, 0, 5, 2);
        return new RunConfig(RunConfig.FORMAT, "test", system.name(), args.values(), prepared.classes(),
                prepared.size(), prepared.mean(), prepared.std(), prepared.data(), prepared.material().identity(),
                recipe, TaskConfig.SYSTEM, new Feeding(Augmentation.none(), false, 0), List.of(), prepared.words());
    }

    /** Trains a run from where it is. */
    public static Trainer train(Run run, BooleanSupplier stop) throws IOException {
        RunConfig config = run.config();
        torch.manual_seed(config.recipe().seed());
        Layer network = config.network();
        SceneMaterial material = (SceneMaterial) config.system().material(config.data(), config);
        try (Batches training = material.training(config, 2); Batches test = material.test(config, 1)) {
            Trainer trainer = new Trainer(run, network, config.learned(), new Trainer.Checkpoints(0, 0),
                    Progress.NONE, stop);
            trainer.train(training, test);
            return trainer;
        }
    }
}

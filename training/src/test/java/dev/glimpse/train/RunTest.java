package dev.glimpse.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.glimpse.data.Augmentation;
import dev.glimpse.data.ColourJitter;
import dev.glimpse.data.Mixing;
import dev.glimpse.data.RandAugment;
import dev.glimpse.data.RandomErasing;
import dev.glimpse.data.RandomResizedCrop;
import dev.glimpse.train.OptimizerSettings.Rule;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RunTest {
    @TempDir
    Path folder;

    private static RunConfig config() {
        Recipe recipe = new Recipe(3, 8, 2, OptimizerSettings.parse("sgd:nesterov=true", 0.1, 0.01),
                Schedule.parse("step:every=2", 1), new Regularisation(0.1, List.of(1.0, 2.0), 1, 0.01, 0.9),
                List.of("conv1"), new Mode(Mode.Precision.BF16, Mode.Layout.NHWC), 2, 7, 3);
        return new RunConfig(RunConfig.FORMAT, "glimpse 1", "resnet18", Map.of("classes", 2), List.of("a", "b"), 32,
                new float[]{0, 0, 0}, new float[]{1, 1, 1}, "/data", new RunConfig.Images(3, 4, "ab"), recipe,
                TaskConfig.CLASSIFICATION, new Feeding(new Augmentation(new RandomResizedCrop(0.5, 0.9, 1, 2), 0, 0.25,
                        0.75, new ColourJitter(0.1, 0.2, 0.3, 0.4), RandAugment.parse("rand-m7-n3-mstd0.5"),
                        RandomErasing.usual(0.2, RandomErasing.Fill.PIXEL), new Mixing(0.1, 1, 0.8, 0.4)), true, 0.1));
    }

    @Test
    void whatIsWrittenIsRead() throws IOException {
        try (Run run = Run.create(folder.resolve("run"), config())) {
            RunConfig read = Run.open(run.folder()).config();
            assertThat(read.recipe()).isEqualTo(config().recipe());
            assertThat(read.images()).isEqualTo(config().images());
            assertThat(read.feeding()).isEqualTo(config().feeding());
        }
    }

    @Test
    void aFolderIsHeldByOne() throws IOException {
        Path place = folder.resolve("run");
        try (Run _ = Run.create(place, config())) {
            assertThatThrownBy(() -> Run.create(place, config())).isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("another process");
        }
        assertThat(place.resolve(".lock")).doesNotExist();
        try (Run _ = Run.create(place, config())) {
            assertThat(place.resolve(".lock")).exists();
        }
    }

    @Test
    void aRunOfOldIsRead() throws IOException {
        Files.writeString(folder.resolve("config.json"), """
                {"glimpse": "glimpse 0.1.0", "model": "resnet18", "args": {"classes": 2}, "classes": ["a", "b"],
                 "size": 32, "mean": [0, 0, 0], "std": [1, 1, 1], "data": "/data", "recipe": {"epochs": 5, "batch": 32,
                 "optimizer": "SGD", "learningRate": 0.05, "schedule": "COSINE", "momentum": 0.8, "weightDecay": 0.001,
                 "warmup": 0.5, "seed": 9, "workers": 2}}
                """);
        Recipe recipe = Run.open(folder).config().recipe();
        assertThat(recipe.optimizer()).isEqualTo(OptimizerSettings.parse("sgd:momentum=0.8", 0.05, 0.001));
        assertThat(recipe.optimizer().rule()).isEqualTo(Rule.SGD);
        assertThat(recipe.schedule()).isEqualTo(Schedule.of(Schedule.Kind.COSINE, 0.5));
        assertThat(recipe.epochs()).isEqualTo(5);
        assertThat(Run.open(folder).config().feeding())
                .isEqualTo(new Feeding(Augmentation.shifted(32), false, 0.05));
        assertThat(recipe.seed()).isEqualTo(9);
        assertThat(recipe.mode()).isEqualTo(Mode.PLAIN);
        assertThatThrownBy(() -> Run.resume(folder)).hasMessageContaining("no checkpoint.safetensors");
    }

    @Test
    void whatIsNoConfigurationIsSaid() throws IOException {
        for (String text : List.of("[]", "{", "{\"format\": 2}", "{\"recipe\": {\"optimizer\": \"LAMB\"}}",
                "{\"format\": 3}")) {
            Files.writeString(folder.resolve("config.json"), text);
            assertThatThrownBy(() -> Run.open(folder)).as(text).isInstanceOf(IOException.class)
                    .hasMessageStartingWith(folder.resolve("config.json") + ": ");
        }
    }
}

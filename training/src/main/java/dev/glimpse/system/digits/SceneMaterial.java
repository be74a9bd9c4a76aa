package dev.glimpse.system.digits;

import dev.glimpse.data.DataSources;
import dev.glimpse.data.Dataset;
import dev.glimpse.data.Loader;
import dev.glimpse.train.Material;
import dev.glimpse.train.RunConfig;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;

/** Images made of a data set's digits: of the training ones others in each epoch, of the test ones always the same. */
public record SceneMaterial(DataSources.Splits digits, Scene scene) implements Material {
    public SceneMaterial {
        if (digits.train().multiLabel()) {
            throw new IllegalArgumentException("images of several classes each; expected one, as MNIST's have");
        }
    }

    /**
     * Opens a run's data again.
     *
     * @throws IllegalArgumentException in one line where its classes are others
     */
    public static SceneMaterial of(String data, List<String> classes, Scene scene) throws IOException {
        DataSources.Splits digits = DataSources.open(data);
        if (!digits.classes().equals(classes)) {
            throw new IllegalArgumentException(data + ": its classes are others than when the run began: "
                    + digits.classes() + ", then " + classes);
        }
        return new SceneMaterial(digits, scene);
    }

    @Override
    public int trainingImages() {
        return digits.train().size();
    }

    @Override
    public RunConfig.Images identity() {
        return Material.identity(digits.train().size(), digits.test().size(), i -> labelAndFile(digits.train(), i),
                i -> labelAndFile(digits.test(), i));
    }

    private static String labelAndFile(Dataset data, int index) {
        return data.label(index) + "/" + Path.of(data.name(index)).getFileName();
    }

    @Override
    public Loader training(RunConfig config, int workers) {
        return new Loader(new SceneExamples(digits.train(), scene, false),
                Material.shuffled(config, digits.train().size(), workers));
    }

    @Override
    public Loader test(RunConfig config, int workers) {
        return new Loader(new SceneExamples(digits.test(), scene, true),
                Material.inOrder(config, config.recipe().batch(), workers));
    }

    /**
     * A test image, as the tests have it.
     *
     * @param index of its digit
     */
    public record TestImage(int index, Grey picture, String truth) {}

    /**
     * The first test images, without those whose digits cannot be read.
     *
     * @param stop asked before each; once true, the rest is left out
     * @throws IOException in one line where none can be read
     */
    public List<TestImage> testImages(int most, BooleanSupplier stop) throws IOException {
        List<TestImage> images = new ArrayList<>();
        IOException unread = null;
        for (int i = 0; i < digits.test().size() && images.size() < most && !stop.getAsBoolean(); i++) {
            Grey picture = Grey.black(scene.side());
            try {
                scene.draw(digits.test(), i, SceneExamples.fixed(i), picture);
                images.add(new TestImage(i, picture, digits.classes().get(digits.test().label(i))));
            } catch (IOException e) {
                unread = e;
            }
        }
        if (images.isEmpty() && unread != null) {
            throw unread;
        }
        return images;
    }
}

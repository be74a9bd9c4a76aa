package dev.glimpse.train;

import dev.glimpse.Layer;
import dev.glimpse.data.Image;
import dev.glimpse.data.Transform;
import dev.glimpse.nn.Scopes;
import dev.glimpse.nn.Tensors;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** A trained network with what it needs to look at a picture. */
public final class Classifier {
    private final Layer network;
    private final List<String> classes;
    private final Transform transform;
    private final boolean several;

    /**
     * A class and how sure the network is of it.
     *
     * @param index its place among the classes
     * @param probability in 0 to 1; those of a network that gives any number of labels do not sum to 1
     */
    public record Answer(String name, int index, double probability) {}

    /** @param network in eval mode */
    public Classifier(Layer network, RunConfig config) {
        this.network = network;
        this.classes = config.classes();
        this.transform = new Transform(config.size(), config.mean(), config.std(), false);
        this.several = config.task().kind() == TaskConfig.Kind.MULTI_LABEL;
    }

    /** All classes, the likeliest first. */
    public List<Answer> classify(Image picture) {
        try (PointerScope _ = new PointerScope()) {
            Tensor scores = Scopes.noGrad(() -> network.forward(input(picture)));
            float[] probabilities = Tensors.toFloats((several ? scores.sigmoid() : scores.softmax(1)).get(0));
            List<Answer> answers = new ArrayList<>();
            for (int i = 0; i < probabilities.length; i++) {
                answers.add(new Answer(classes.get(i), i, probabilities[i]));
            }
            answers.sort(Comparator.comparingDouble(Answer::probability).reversed());
            return answers;
        }
    }

    /** The picture as the network is fed it: (1, 3, S, S). It belongs to the scope around. */
    public Tensor input(Image picture) {
        Tensor input = Tensors.empty(ScalarType.Float, 1, 3, transform.size(), transform.size());
        transform.write(picture, new Random(0), Tensors.memory(input));
        return input;
    }

    /** The part of the picture that the network sees. */
    public Image square(Image picture) {
        return transform.square(picture);
    }

    public Layer network() {
        return network;
    }

    public List<String> classes() {
        return classes;
    }
}

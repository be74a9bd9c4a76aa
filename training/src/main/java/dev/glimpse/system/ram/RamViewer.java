package dev.glimpse.system.ram;

import dev.glimpse.data.Image;
import dev.glimpse.glimpses.Ram;
import dev.glimpse.glimpses.Ram.Look;
import dev.glimpse.nn.Scopes;
import dev.glimpse.nn.Tensors;
import dev.glimpse.system.digits.Grey;
import dev.glimpse.train.LearnedSystem.Example;
import dev.glimpse.train.RunConfig;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;

/** A trained recurrent attention model, and where it looks. */
public final class RamViewer {
    private final Ram ram;
    private final RunConfig config;

    /** @param ram in eval mode */
    public RamViewer(Ram ram, RunConfig config) {
        this.ram = ram;
        this.config = config;
    }

    /**
     * What the model made of an image.
     *
     * @param name of the likeliest class
     * @param probability of it, the mean of all looks
     * @param glimpses column and row of the centres of the first look's glimpses, in pixels
     */
    private record Answer(String name, double probability, List<long[]> glimpses) {
        public Answer {
            glimpses = List.copyOf(glimpses);
        }
    }

    /**
     * Looks at any picture.
     *
     * @param name of it, where it is refused
     * @throws IOException in one line where it has too few pixels
     */
    public Example look(String name, Image picture) throws IOException {
        long least = ram.config().retina().patch();
        if (Math.min(picture.width(), picture.height()) < least) {
            throw new IOException(name + ": " + picture.width() + "x" + picture.height()
                    + " pixels are fewer than the model's retina has, " + least + "x" + least);
        }
        return look(name, Grey.of(picture, config.size()), null);
    }

    /** Looks at an image of the size that the model was trained with. */
    Example look(String name, Grey image, String truth) {
        Answer answer = answer(image);
        Map<String, Object> facts = new LinkedHashMap<>();
        facts.put("side", image.side());
        facts.put("glimpses", answer.glimpses.stream().map(at -> Map.of("x", at[0], "y", at[1])).toList());
        return Example.ofClass(name, answer.name, answer.probability, truth, facts, pictures(image, answer));
    }

    private Answer answer(Grey image) {
        try (PointerScope _ = new PointerScope()) {
            return Scopes.noGrad(() -> {
                Tensor input = Tensors.of(image.pixels(), 1, 1, image.side(), image.side());
                List<Look> looks = ram.looks(input);
                float[] scores = Tensors.toFloats(Ram.mean(looks));
                int best = 0;
                for (int i = 1; i < scores.length; i++) {
                    best = scores[i] > scores[best] ? i : best;
                }
                List<long[]> glimpses = looks.getFirst().locations().stream().map(location -> Tensors
                        .toLongs(ram.config().retina().centres(location, image.side(), image.side()))).toList();
                return new Answer(config.classes().get(best), Math.exp(scores[best]), glimpses);
            });
        }
    }

    /** By title: the image, the path of the glimpses over it, and what they saw sharply. */
    private Map<String, Image> pictures(Grey image, Answer answer) {
        Map<String, Image> pictures = new LinkedHashMap<>();
        pictures.put("image", GlimpsePictures.enlarged(image.image()));
        pictures.put("path", GlimpsePictures.path(image.image(), ram.config().retina(), answer.glimpses()));
        pictures.put("seen", GlimpsePictures.seen(image.image(), ram.config().retina(), answer.glimpses()));
        return pictures;
    }
}

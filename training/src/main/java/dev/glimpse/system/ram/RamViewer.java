package dev.glimpse.system.ram;

import dev.glimpse.data.Image;
import dev.glimpse.glimpses.Ram;
import dev.glimpse.glimpses.Ram.Look;
import dev.glimpse.nn.Scopes;
import dev.glimpse.nn.Tensors;
import dev.glimpse.system.digits.Grey;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;

/** A trained recurrent attention model, and where it looks. */
public final class RamViewer {
    private final Ram ram;
    private final List<String> classes;

    /** @param ram in eval mode */
    public RamViewer(Ram ram, List<String> classes) {
        this.ram = ram;
        this.classes = List.copyOf(classes);
    }

    /**
     * What the model made of an image.
     *
     * @param name of the likeliest class
     * @param probability of it, the mean of all looks
     * @param glimpses column and row of the centres of the first look's glimpses, in pixels
     */
    public record Answer(String name, double probability, List<long[]> glimpses) {
        public Answer {
            glimpses = List.copyOf(glimpses);
        }
    }

    /** Looks at an image of the size that the model was trained with. */
    public Answer look(Grey image) {
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
                return new Answer(classes.get(best), Math.exp(scores[best]), glimpses);
            });
        }
    }

    /** By title: the path of the glimpses over the image, and what they saw sharply. */
    public Map<String, Image> pictures(Grey image, Answer answer) {
        Map<String, Image> pictures = new LinkedHashMap<>();
        pictures.put("path", GlimpsePictures.path(image.image(), ram.config().retina(), answer.glimpses()));
        pictures.put("seen", GlimpsePictures.seen(image.image(), ram.config().retina(), answer.glimpses()));
        return pictures;
    }
}

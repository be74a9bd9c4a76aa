package dev.glimpse.system.caption;

import dev.glimpse.Layer;
import dev.glimpse.data.Augmentation;
import dev.glimpse.data.Image;
import dev.glimpse.data.Transform;
import dev.glimpse.explain.HeatMap;
import dev.glimpse.nn.Scopes;
import dev.glimpse.nn.Tensors;
import dev.glimpse.sequence.BeamSearch;
import dev.glimpse.sequence.Tokeniser;
import dev.glimpse.sequence.Vocabulary;
import dev.glimpse.train.Material;
import dev.glimpse.train.RunConfig;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.LongStream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** Says captions of pictures with a trained network, and where it looked before each word. */
public final class Captioner {
    private static final int LONGEST = 50;
    private static final long NONE = -1;

    private final CaptionNetwork network;
    private final Vocabulary words;
    private final Transform transform;

    /**
     * @param network of the system {@code caption}, in eval mode
     * @throws IllegalArgumentException for another network
     */
    public Captioner(Layer network, RunConfig config) {
        if (!(network instanceof CaptionNetwork captions)) {
            throw new IllegalArgumentException("'" + config.model() + "' says no captions");
        }
        this.network = captions;
        this.words = CaptionConfig.vocabulary(config);
        this.transform = new Transform(config.size(), config.mean(), config.std(), Augmentation.none());
    }

    /**
     * @param text of the word
     * @param looked how much each place of the picture's square counted before it was said
     */
    public record Word(String text, HeatMap looked) {}

    /**
     * @param score its logarithmic probability
     * @param picture the part that was looked at, as large as the network sees it
     */
    public record Caption(List<Word> words, double score, Image picture) {
        /** In one line. */
        public String text() {
            return Tokeniser.join(words.stream().map(Word::text).toList());
        }
    }

    /** The likeliest caption that a search finds. @param beams 1 for a greedy one */
    public Caption caption(Image picture, int beams) {
        try (PointerScope _ = new PointerScope()) {
            Tensor input = Tensors.empty(ScalarType.Float, 1, 3, transform.size(), transform.size());
            transform.write(picture, new SplittableRandom(0), Tensors.memory(input));
            Said said = Scopes.noGrad(() -> say(network, network.forward(input), new BeamSearch(beams, 0, LONGEST)));
            int places = (int) said.weights.size(2);
            int side = (int) Math.round(Math.sqrt(places));
            float[] weights = Tensors.toFloats(said.weights);
            List<Word> told = new ArrayList<>();
            long[] numbers = said.words.getFirst();
            for (int i = 0; i < numbers.length; i++) {
                told.add(new Word(words.words().get((int) numbers[i]),
                        new HeatMap(side, side, Arrays.copyOfRange(weights, i * places, (i + 1) * places))));
            }
            return new Caption(told, said.scores.getFirst(), transform.square(picture));
        }
    }

    /**
     * The first pictures that runs of these data are tested on, by name.
     *
     * @param material of this system
     */
    public static Map<String, Image> tested(Material material, int count) throws IOException {
        CaptionedImages images = ((CaptionMaterial) material).test();
        Map<String, Image> first = new LinkedHashMap<>();
        for (int i = 0; i < Math.min(count, images.size()); i++) {
            first.put(images.name(i), images.image(i));
        }
        return first;
    }

    /**
     * What was said of a batch.
     *
     * @param words of each picture, without marks
     * @param weights (B, S, N) before each word; 0 behind the last
     */
    record Said(List<long[]> words, List<Double> scores, Tensor weights) {
        /** In one tensor (B, 1 + S (1 + N)): N, then each word's number, -1 behind the last, and its weights. */
        Tensor packed() {
            int longest = (int) weights.size(1);
            float[] numbers = new float[words.size() * longest];
            Arrays.fill(numbers, NONE);
            for (int i = 0; i < words.size(); i++) {
                for (int j = 0; j < words.get(i).length; j++) {
                    numbers[i * longest + j] = words.get(i)[j];
                }
            }
            Tensor told = Tensors.cat(2, Tensors.of(numbers, words.size(), longest, 1), weights).flatten(1, 2);
            return Tensors.cat(1, torch.full_like(told.narrow(1, 0, 1), new Scalar(weights.size(2))), told);
        }
    }

    /** Says captions of places (B, N, C), and goes over them once more to see where it looked. */
    static Said say(CaptionNetwork network, Tensor places, BeamSearch search) {
        List<BeamSearch.Said> said =
                search.run(network.decoder().decoding(places, network.gaze()), (int) places.size(0));
        int longest = said.stream().mapToInt(one -> one.words().length).max().orElse(0);
        int steps = Math.max(1, longest);
        long[] heard = new long[said.size() * (steps + 1)];
        float[] spoken = new float[said.size() * steps];
        for (int i = 0; i < said.size(); i++) {
            long[] words = LongStream.concat(LongStream.of(Vocabulary.BEGIN), Arrays.stream(said.get(i).words()))
                    .toArray();
            System.arraycopy(words, 0, heard, i * (steps + 1), words.length);
            Arrays.fill(spoken, i * steps, i * steps + words.length - 1, 1);
        }
        Tensor weights = network.decoder().forward(places, Tensors.of(heard, said.size(), steps + 1),
                Tensors.of(spoken, said.size(), steps), network.gaze()).weights();
        return new Said(said.stream().map(BeamSearch.Said::words).toList(),
                said.stream().map(BeamSearch.Said::score).toList(), weights);
    }
}

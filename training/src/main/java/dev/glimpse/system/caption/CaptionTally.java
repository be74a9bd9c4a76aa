package dev.glimpse.system.caption;

import dev.glimpse.explain.HeatMap;
import dev.glimpse.explain.HeatMap.Box;
import dev.glimpse.nn.Tensors;
import dev.glimpse.sequence.Bleu;
import dev.glimpse.sequence.Vocabulary;
import dev.glimpse.system.caption.CaptionConfig.Kind;
import dev.glimpse.system.caption.Scene.Shape;
import dev.glimpse.train.LossSum;
import dev.glimpse.train.Tally;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.bytedeco.pytorch.Tensor;

/**
 * How good captions are, and whether the decoder looks at what it names.
 *
 * <pre>
 * perplexity   e^(cross entropy a word)
 * bleu         BLEU-4 of the captions that were said, 0 to 1
 * pointing     soft: the share of the weights that lies in the box of the thing whose noun is being said
 *              hard: the chance that a place drawn by the weights has its centre in that box
 * chance       the box's share of the picture; no number where nothing was named that is there
 * </pre>
 *
 * Means over all nouns that were said, of generated scenes alone. A noun belongs to the thing that the colour before it and
 * itself name; where no such thing is, its pointing is 0. In training there are only loss and perplexity.
 */
final class CaptionTally implements Tally {
    private final boolean things;
    private final Kind kind;
    private final int side;
    private final Set<Long> nouns;

    private final List<String> said = new ArrayList<>();
    private final List<List<String>> references = new ArrayList<>();
    private boolean tested;
    private final LossSum loss = new LossSum();
    private double cost;
    private long words;
    private double pointing;
    private long named;
    private double chance;
    private long there;

    /**
     * @param things whether it is known what is in the pictures
     * @param side of the pictures
     */
    CaptionTally(Vocabulary vocabulary, boolean things, Kind kind, int side) {
        this.things = things;
        this.kind = kind;
        this.side = side;
        nouns = new HashSet<>();
        for (Shape shape : Shape.values()) {
            nouns.add(vocabulary.encode(List.of(shape.word()))[1]);
        }
    }

    /**
     * @param output each picture's cost, (B, 1); in a test what {@link Captioner.Said#packed} gave beside it
     * @param target see {@link CaptionTarget}: (B, rows, T)
     */
    @Override
    public void add(Tensor output, Tensor target, double meanLoss) {
        int count = (int) output.size(0);
        int columns = (int) output.size(1);
        float[] numbers = Tensors.toFloats(output);
        List<CaptionTarget> targets =
                CaptionTarget.read(Tensors.toLongs(target), (int) target.size(1), (int) target.size(2));
        loss.add(meanLoss, count);
        for (int i = 0; i < count; i++) {
            CaptionTarget truth = targets.get(i);
            cost += numbers[i * columns];
            words += CaptionTarget.words(truth.captions().getFirst()).length + 1;
            if (columns > 1) {
                tested = true;
                add(Arrays.copyOfRange(numbers, i * columns + 1, (i + 1) * columns), truth);
            }
        }
    }

    private void add(float[] packed, CaptionTarget truth) {
        Spoken spoken = Spoken.of(packed);
        said.add(text(spoken.words));
        references.add(truth.captions().stream().map(caption -> text(CaptionTarget.words(caption))).toList());
        for (int i = 1; i < spoken.words.length; i++) {
            if (things && nouns.contains(spoken.words[i])) {
                point(spoken, i, truth);
            }
        }
    }

    private void point(Spoken spoken, int noun, CaptionTarget truth) {
        Optional<Box> box = truth.things().stream()
                .filter(thing -> thing.noun() == spoken.words[noun] && thing.colour() == spoken.words[noun - 1])
                .map(CaptionTarget.Named::box).findFirst();
        named++;
        if (box.isPresent()) {
            there++;
            chance += (double) box.get().width() * box.get().height() / side / side;
            HeatMap map = spoken.maps.get(noun);
            pointing += kind == Kind.SOFT ? map.massIn(box.get(), side, side) : centresIn(box.get(), map);
        }
    }

    /** The weight of the places whose centres lie in a box. */
    private double centresIn(Box box, HeatMap map) {
        double inside = 0;
        for (int i = 0; i < map.values().length; i++) {
            double x = (i % map.width() + 0.5) * side / map.width() - box.x();
            double y = (i / map.width() + 0.5) * side / map.height() - box.y();
            inside += x >= 0 && x < box.width() && y >= 0 && y < box.height() ? map.values()[i] : 0;
        }
        return inside;
    }

    /** What was said of a picture, and where the decoder looked before each word. */
    private record Spoken(long[] words, List<HeatMap> maps) {
        static Spoken of(float[] packed) {
            int places = (int) packed[0];
            int grid = (int) Math.round(Math.sqrt(places));
            List<Long> words = new ArrayList<>();
            List<HeatMap> maps = new ArrayList<>();
            for (int from = 1; from < packed.length && packed[from] >= 0; from += 1 + places) {
                words.add((long) packed[from]);
                maps.add(new HeatMap(grid, grid, Arrays.copyOfRange(packed, from + 1, from + 1 + places)));
            }
            return new Spoken(words.stream().mapToLong(Long::longValue).toArray(), maps);
        }
    }

    /** Numbers are as good as words, and those of unknown words match nothing. */
    private static String text(long[] numbers) {
        return Arrays.stream(numbers).mapToObj(Long::toString).collect(Collectors.joining(" "));
    }

    @Override
    public long images() {
        return loss.images();
    }

    @Override
    public Map<String, Double> values() {
        Map<String, Double> values = new LinkedHashMap<>();
        values.put("loss", loss.mean());
        values.put("perplexity", Math.exp(cost / Math.max(1, words)));
        if (tested) {
            values.put("bleu", Bleu.of(said, references).score() / 100);
            if (things) {
                values.put("pointing", pointing / Math.max(1, named));
                values.put("chance", there == 0 ? Double.NaN : chance / there);
            }
        }
        return values;
    }

    /** Of training alone: a test is never stopped half way. */
    @Override
    public double[] state() {
        return loss.before(new double[]{cost, words});
    }

    @Override
    public void restore(double[] state) {
        double[] rest = loss.restore(state);
        cost = rest[0];
        words = (long) rest[1];
    }
}

package dev.glimpse.system.racnn;

import dev.glimpse.data.Batch;
import dev.glimpse.data.Batches;
import dev.glimpse.data.Image;
import dev.glimpse.data.Transform;
import dev.glimpse.explain.ContactSheet;
import dev.glimpse.explain.Pictures;
import dev.glimpse.explain.Scaling;
import dev.glimpse.glimpses.RaCnn;
import dev.glimpse.glimpses.RaCnn.Sight;
import dev.glimpse.nn.Scopes;
import dev.glimpse.nn.Tensors;
import dev.glimpse.train.LearnedSystem.Example;
import dev.glimpse.train.Material;
import dev.glimpse.train.RunConfig;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** What each scale saw of a picture, what it made of it, and where the next one looked. */
public final class RaCnnViewer {
    private static final int MOST = 12;
    private static final int SIDE = 160;
    private static final int LINE = 2;
    private static final int[] YELLOW = {255, 220, 0};
    private static final List<String> TITLES = List.of("whole", "closer", "closest");

    private final RaCnn network;
    private final RunConfig config;

    /** @param network in eval mode */
    public RaCnnViewer(RaCnn network, RunConfig config) {
        this.network = network;
        this.config = config;
    }

    /** A class and how likely it is. */
    private record Answer(String name, double probability) {}

    /** Looks at any picture: at its largest central square, scaled to the size that the network was trained with. */
    public Example look(String name, Image picture) {
        Transform transform = new Transform(config.size(), config.mean(), config.std(), false);
        try (PointerScope _ = new PointerScope()) {
            Tensor input = Tensors.empty(ScalarType.Float, 1, 3, config.size(), config.size());
            transform.write(picture, new Random(0), Tensors.memory(input));
            return Scopes.noGrad(() -> look(input, List.of(name), Collections.singletonList(null))).getFirst();
        }
    }

    /** Looks at the first test pictures. */
    List<Example> examples(Material material, BooleanSupplier stop) throws IOException {
        List<Example> examples = new ArrayList<>();
        try (Batches images = material.test(config, 1); Batches.Pass pass = images.epoch(0, 0)) {
            while (examples.size() < MOST && !stop.getAsBoolean() && pass.hasNext()) {
                try (Batch batch = pass.next(); PointerScope _ = new PointerScope()) {
                    int count = Math.min(MOST - examples.size(), batch.size());
                    long[] labels = Tensors.toLongs(RaCnnTask.labels(batch.labels()).contiguous());
                    List<String> names = IntStream.of(batch.indices()).mapToObj(index -> "image " + index).toList();
                    List<String> truths =
                            LongStream.of(labels).mapToObj(label -> config.classes().get((int) label)).toList();
                    Tensor some = batch.images().narrow(0, 0, count);
                    examples.addAll(Scopes.noGrad(() -> look(some, names, truths)));
                }
            }
        }
        return examples;
    }

    /** @param images (B, 3, S, S) */
    private List<Example> look(Tensor images, List<String> names, List<String> truths) {
        List<Example> examples = new ArrayList<>();
        Sight sight = Sight.of(config.recipe().mode().forward(network, images), config.classes().size());
        List<Tensor> views = List.of(network.whole(images), network.part(images, sight.boxes().select(1, 0)),
                network.part(images, sight.boxes().select(1, 1)));
        for (int i = 0; i < images.size(0); i++) {
            Map<String, Image> pictures = new LinkedHashMap<>();
            List<Map<String, Object>> scales = new ArrayList<>();
            List<Map<String, Object>> boxes = new ArrayList<>();
            for (int s = 0; s < RaCnn.SCALES; s++) {
                Answer answer = answer(sight.scores().select(0, i).select(0, s));
                Image view = Pictures.fitted(picture(views.get(s).select(0, i)), SIDE, Scaling.NEAREST);
                scales.add(Map.of("answer", answer.name, "probability", answer.probability));
                if (s + 1 < RaCnn.SCALES) {
                    view = boxed(view, Tensors.toDoubles(sight.proposals().select(0, i).select(0, s)));
                    boxes.add(pixels(Tensors.toDoubles(sight.boxes().select(0, i).select(0, s))));
                }
                String title = String.format(Locale.ROOT, "%s %.0f %%", answer.name, 100 * answer.probability);
                pictures.put(TITLES.get(s), new ContactSheet(List.of(title),
                        List.of(new ContactSheet.Row("", "", List.of(view)))).draw());
            }
            Map<String, Object> facts = new LinkedHashMap<>();
            facts.put("side", config.size());
            facts.put("boxes", boxes);
            facts.put("scales", scales);
            Answer answer = answer(sight.fused().select(0, i));
            examples.add(Example.ofClass(names.get(i), answer.name, answer.probability, truths.get(i), facts,
                    pictures));
        }
        return examples;
    }

    private Answer answer(Tensor scores) {
        double[] shares = Tensors.toDoubles(scores.softmax(0));
        int best = 0;
        for (int c = 1; c < shares.length; c++) {
            best = shares[c] > shares[best] ? c : best;
        }
        return new Answer(config.classes().get(best), shares[best]);
    }

    /** @param box across, down, half side, as shares of the picture's side */
    private Map<String, Object> pixels(double... box) {
        long left = Math.round((box[0] - box[2]) * config.size());
        long top = Math.round((box[1] - box[2]) * config.size());
        Map<String, Object> pixels = new LinkedHashMap<>();
        pixels.put("left", left);
        pixels.put("top", top);
        pixels.put("width", Math.round((box[0] + box[2]) * config.size()) - left);
        pixels.put("height", Math.round((box[1] + box[2]) * config.size()) - top);
        return pixels;
    }

    /** (3, H, W) as it was before it was normalised. */
    private Image picture(Tensor normalised) {
        int height = (int) normalised.size(1);
        int width = (int) normalised.size(2);
        float[] planes = Tensors.toFloats(normalised);
        byte[] rgb = new byte[planes.length];
        for (int i = 0; i < rgb.length; i++) {
            int channel = i % 3;
            float value = planes[channel * width * height + i / 3] * config.std()[channel] + config.mean()[channel];
            rgb[i] = (byte) Math.clamp(Math.round(255 * value), 0, 255);
        }
        return new Image(width, height, rgb);
    }

    /** @param box across, down, half side, as shares of the picture's side */
    private static Image boxed(Image picture, double... box) {
        byte[] rgb = picture.rgb().clone();
        int side = picture.width();
        int left = (int) Math.round((box[0] - box[2]) * side);
        int right = (int) Math.round((box[0] + box[2]) * side) - 1;
        int top = (int) Math.round((box[1] - box[2]) * side);
        int bottom = (int) Math.round((box[1] + box[2]) * side) - 1;
        for (int y = Math.max(0, top); y <= Math.min(side - 1, bottom); y++) {
            for (int x = Math.max(0, left); x <= Math.min(side - 1, right); x++) {
                if (x < left + LINE || x > right - LINE || y < top + LINE || y > bottom - LINE) {
                    for (int c = 0; c < 3; c++) {
                        rgb[3 * (y * side + x) + c] = (byte) YELLOW[c];
                    }
                }
            }
        }
        return new Image(side, side, rgb);
    }
}

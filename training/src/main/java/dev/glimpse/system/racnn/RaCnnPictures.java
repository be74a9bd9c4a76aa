package dev.glimpse.system.racnn;

import dev.glimpse.data.Batch;
import dev.glimpse.data.Batches;
import dev.glimpse.data.Image;
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
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.BooleanSupplier;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;

/** What each scale saw of a picture, what it made of it, and where the next one looked. */
final class RaCnnPictures {
    private static final int MOST = 12;
    private static final int SIDE = 160;
    private static final int LINE = 2;
    private static final int[] YELLOW = {255, 220, 0};

    private final RaCnn network;
    private final RunConfig config;

    RaCnnPictures(RaCnn network, RunConfig config) {
        this.network = network;
        this.config = config;
    }

    List<Example> examples(Material material, BooleanSupplier stop) throws IOException {
        List<Example> examples = new ArrayList<>();
        try (Batches images = material.test(config, 1); Batches.Pass pass = images.epoch(0, 0)) {
            while (examples.size() < MOST && !stop.getAsBoolean() && pass.hasNext()) {
                try (Batch batch = pass.next(); PointerScope _ = new PointerScope()) {
                    int count = Math.min(MOST - examples.size(), batch.size());
                    Tensor some = batch.images().narrow(0, 0, count);
                    examples.addAll(Scopes.noGrad(() -> shown(some, batch)));
                }
            }
        }
        return examples;
    }

    private List<Example> shown(Tensor images, Batch batch) {
        List<Example> examples = new ArrayList<>();
        Sight sight = Sight.of(config.recipe().mode().forward(network, images), config.classes().size());
        long[] labels = Tensors.toLongs(RaCnnTask.labels(batch.labels()).contiguous());
        List<Tensor> views = List.of(network.whole(images), network.part(images, sight.boxes().select(1, 0)),
                network.part(images, sight.boxes().select(1, 1)));
        for (int i = 0; i < images.size(0); i++) {
            List<Image> pictures = new ArrayList<>();
            List<String> titles = new ArrayList<>();
            for (int s = 0; s < RaCnn.SCALES; s++) {
                Image view = Pictures.fitted(picture(views.get(s).select(0, i)), SIDE, Scaling.NEAREST);
                pictures.add(s + 1 == RaCnn.SCALES ? view
                        : boxed(view, Tensors.toDoubles(sight.proposals().select(0, i).select(0, s))));
                titles.add(answer(sight.scores().select(0, i).select(0, s)));
            }
            ContactSheet sheet = new ContactSheet(titles, List.of(new ContactSheet.Row("", "", pictures)));
            examples.add(new Example("image " + batch.indices()[i], answer(sight.fused().select(0, i)),
                    config.classes().get((int) labels[i]), Map.of("scales", sheet.draw())));
        }
        return examples;
    }

    /** The likeliest class and how likely it is. */
    private String answer(Tensor scores) {
        double[] shares = Tensors.toDoubles(scores.softmax(0));
        int best = 0;
        for (int c = 1; c < shares.length; c++) {
            best = shares[c] > shares[best] ? c : best;
        }
        return String.format(Locale.ROOT, "%s %.0f %%", config.classes().get(best), 100 * shares[best]);
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

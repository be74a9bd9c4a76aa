package dev.glimpse.glimpses;

import static dev.glimpse.nn.Layers.linear;
import static dev.glimpse.nn.Tensors.cat;

import dev.glimpse.Layer;
import dev.glimpse.attention.Args;
import dev.glimpse.model.ImageNetwork;
import dev.glimpse.model.Networks;
import dev.glimpse.nn.Checks;
import dev.glimpse.nn.Scopes;
import dev.glimpse.nn.Tensors;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.LinearImpl;
import org.bytedeco.pytorch.Module;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * The recurrent attention convolutional network: it looks at a picture, then closer at the part that tells most, then closer
 * still, and answers from all three.
 *
 * <pre>
 * X1 = the picture, averaged down               X(s+1) = {@link Boxcar} of the picture at box s          (B, 3, v, v)
 * F(s) = convolutions of scale s of X(s)        scores(s) = its classifier of F(s)                      (B, K)
 * box(s) = proposal network s of F(s)           of scale 2 within box 1                                 (B, 3)
 * fused = W [mean F(1), mean F(2), mean F(3)], each to one length                                       (B, K)
 * </pre>
 *
 * Fu, Zheng, Mei: Look Closer to See Better: Recurrent Attention Convolutional Neural Network for Fine-grained Image
 * Recognition. CVPR 2017.
 * <a href="https://openaccess.thecvf.com/content_cvpr_2017/html/Fu_Look_Closer_to_CVPR_2017_paper.html">paper</a>
 *
 * <p>
 * Differs from the paper: each part is cut out of the whole picture, so that scale three sees its pixels and not those of
 * scale two's zoom; all scales see squares of one size, where the paper's first sees 448 pixels and the others 224. A box's
 * side is at least a third of the box's around it, as the paper says; public codes bound its half by a third of the
 * picture's side, twice as much.
 */
public final class RaCnn extends Layer {
    /** How many times it looks. */
    public static final int SCALES = 3;
    /** Numbers of a box: across, down, half side, as shares of the picture's side. */
    public static final int BOX = 3;

    /**
     * @param classes how many it tells apart
     * @param size side of the pictures
     * @param first side of what scale one sees of them
     * @param view the same of scales two and three
     * @param backbone {@code part} ({@link PartNet}), or a classifier of {@link Networks}
     * @param hidden width of the proposal networks
     * @param least a box's smallest side, as a share of that of the box around it
     * @param boxcar how parts are cut out
     */
    public record Config(long classes, long size, long first, long view, String backbone, long hidden, double least,
            Boxcar boxcar) {
        public Config {
            Checks.positive("racnn: classes", classes);
            Checks.positive("racnn: view", view);
            if (first < view || size < first) {
                throw new IllegalArgumentException("racnn: a picture of " + size + " pixels, of which scale one sees "
                        + first + " and the others " + view + "; each must be at least the next");
            }
            Checks.positive("racnn: hidden", hidden);
            if (!(least > 0 && least <= 1)) {
                throw new IllegalArgumentException("racnn: least is " + least + ", must be above 0 and at most 1");
            }
        }

        /** As it is typed: views of a third of the picture's side, unless said otherwise. */
        public static Config read(Args args, long classes, long size) {
            long view = args.integer("view", Math.max(1, size / 3));
            return new Config(classes, size, args.integer("first", view), view, args.text("backbone", "part"),
                    args.integer("hidden", 128), args.number("least", 1.0 / 3),
                    new Boxcar(args.number("k", 10), Args.constant("racnn", "gradient", Boxcar.Gradient.class,
                            args.text("gradient", "mask"))));
        }
    }

    /** Which half learns. */
    public enum Learner {
        /** The convolutions and classifiers, the boxes being what they are. */
        CLASSIFIERS,
        /** The proposal networks, by what a box does to the scores. */
        ATTENTION,
        /** Each by its own: no loss of the scores moves a box. */
        EACH
    }

    /**
     * What it made of pictures.
     *
     * @param fused scores of the three scales together (B, K)
     * @param scores of each scale (B, 3, K)
     * @param proposals of the two proposal networks, each within the scale's own view: across, down, half side (B, 2, 3)
     * @param boxes where scales two and three look, in the whole picture (B, 2, 3)
     * @param peaks where the last maps of scales one and two are highest, across and down in their views (B, 2, 2)
     */
    public record Sight(Tensor fused, Tensor scores, Tensor proposals, Tensor boxes, Tensor peaks) {
        /** Takes apart what {@link RaCnn#forward} gave. */
        public static Sight of(Tensor output, long classes) {
            long looks = SCALES - 1L;
            Tensor[] parts = Tensors.split(output, 1, classes, SCALES * classes, looks * BOX, looks * BOX, looks * 2);
            return new Sight(parts[0], parts[1].view(-1, SCALES, classes), parts[2].view(-1, looks, BOX),
                    parts[3].view(-1, looks, BOX), parts[4].view(-1, looks, 2));
        }
    }

    private final Config config;
    private final List<Layer> scales = new ArrayList<>();
    private final List<ProposalNetwork> proposers = new ArrayList<>();
    private final LinearImpl fusion;
    private final Tensor batches;
    private boolean boxesLearn = true;

    /** Build it outside of pointer scopes. */
    public RaCnn(Config config) {
        this.config = config;
        long width = 0;
        for (int i = 0; i < SCALES; i++) {
            Layer scale = register_module("scale" + (i + 1), backbone(config));
            scales.add(scale);
            try (PointerScope _ = new PointerScope()) {
                width = maps(scale, i).size(1);
            }
        }
        for (int i = 0; i + 1 < SCALES; i++) {
            Tensor maps = maps(scales.get(i), i);
            proposers.add(register_module("apn" + (i + 1), new ProposalNetwork(maps, config.hidden())));
        }
        fusion = register_module("fusion", linear(SCALES * width, config.classes()));
        batches = register_buffer("batches", Tensors.zeros(ScalarType.Long, 1));
    }

    private static Layer backbone(Config config) {
        if (config.backbone().equals("part")) {
            return new PartNet(config.classes());
        }
        if (Networks.entry(config.backbone()).classifier()) {
            Layer network = Networks.create(config.backbone(), Map.of("classes", config.classes()));
            if (network instanceof ImageNetwork) {
                return network;
            }
        }
        throw new IllegalArgumentException("racnn: backbone=" + config.backbone() + " is no classifier of images");
    }

    /** What a scale's last maps are like: (1, C, H, W). */
    private Tensor maps(Layer scale, int index) {
        long side = index == 0 ? config.first() : config.view();
        scale.eval();
        try {
            return Scopes
                    .noGrad(() -> ((ImageNetwork) scale).features(Tensors.zeros(ScalarType.Float, 1, 3, side, side)));
        } finally {
            scale.train(true);
        }
    }

    /** Pictures (B, 3, size, size) to what a {@link Sight} holds. */
    @Override
    public Tensor forward(Tensor images) {
        Checks.shape("racnn", "pictures", images, "images", 3, config.size(), config.size());
        Tensor view = whole(images);
        List<Tensor> scores = new ArrayList<>();
        List<Tensor> means = new ArrayList<>();
        List<Tensor> proposals = new ArrayList<>();
        List<Tensor> boxes = new ArrayList<>();
        List<Tensor> peaks = new ArrayList<>();
        for (int i = 0; i < SCALES; i++) {
            ImageNetwork scale = (ImageNetwork) scales.get(i);
            Tensor maps = scale.features(view); // (B, C, H, W)
            scores.add(scale.classify(maps));
            means.add(evened(Tensors.spatialMean(maps).flatten(1, 3)));
            if (i + 1 < SCALES) {
                Tensor box = Boxcar.bounded(proposers.get(i).forward(maps.detach()), config.least() / 2);
                proposals.add(box);
                boxes.add(i == 0 ? box : Boxcar.within(boxes.getLast(), box));
                peaks.add(peak(maps.detach()));
                view = part(images, boxes.getLast());
            }
        }
        Tensor fused = fusion.forward(cat(1, means.toArray(Tensor[]::new)).detach());
        List<Tensor> all = new ArrayList<>(List.of(fused));
        List.of(scores, proposals, boxes, peaks).forEach(all::addAll);
        return cat(1, all.toArray(Tensor[]::new));
    }

    /** What scale one sees: (B, 3, first, first). */
    public Tensor whole(Tensor images) {
        return config.first() == config.size() ? images
                : Tensors.adaptiveMean(images, config.first(), config.first());
    }

    /**
     * What scales two and three see: (B, 3, view, view).
     *
     * @param boxes in the whole picture (B, 3)
     */
    public Tensor part(Tensor images, Tensor boxes) {
        return config.boxcar().cut(images, boxesLearn ? boxes : boxes.detach(), config.view());
    }

    /** Each picture's features at one length, such that no scale outshouts the others: (B, C). */
    private static Tensor evened(Tensor means) {
        Tensor length = Tensors.mean(means.mul(means), 1).add(new Scalar(1e-6)).sqrt();
        return means.div(length);
    }

    /** The place of the highest response over all channels: (B, C, H, W) to (B, 2). */
    private static Tensor peak(Tensor maps) {
        long width = maps.size(3);
        Tensor place = Tensors.argmax(Tensors.mean(maps, 1).flatten(1, 3), 1); // (B)
        Tensor column = place.remainder(new Scalar(width)).type_as(maps).add(new Scalar(0.5));
        Tensor row = place.floor_divide(new Scalar(width)).type_as(maps).add(new Scalar(0.5));
        return Tensors.stack(1, column.div(new Scalar((double) width)), row.div(new Scalar((double) maps.size(2))));
    }

    /** Lets one half learn, or each by its own, until told otherwise; where the convolutions do not, their norms stay too. */
    public void learn(Learner half) {
        boxesLearn = half == Learner.ATTENTION;
        scales.forEach(scale -> learn(scale, half != Learner.ATTENTION));
        proposers.forEach(proposer -> learn(proposer, half != Learner.CLASSIFIERS));
        learn(fusion, half != Learner.ATTENTION);
    }

    private static void learn(Module part, boolean learns) {
        part.train(learns);
        TensorVector parameters = part.parameters();
        for (long i = 0; i < parameters.size(); i++) {
            parameters.get(i).set_requires_grad(learns);
        }
    }

    /** How many batches it was trained on; this one is counted. */
    public long countBatch() {
        long before = batches.item_long();
        Scopes.noGrad(() -> batches.add_(new Scalar(1L)));
        return before;
    }

    /**
     * By how much each scale falls short of being surer of the truth than the one before it, by a margin; the one before is
     * what it is measured against, and has no gradient of it.
     *
     * <pre>
     * L = mean over pictures of sum over s of max(0, p(s) - p(s+1) + margin)
     * </pre>
     *
     * @param truth how sure each scale is of the true class (B, 3)
     */
    public static Tensor ranking(Tensor truth, double margin) {
        Tensor before = truth.narrow(1, 0, SCALES - 1L).detach();
        Tensor after = truth.narrow(1, 1, SCALES - 1L);
        return torch.relu(before.sub(after).add(new Scalar(margin))).sum().div(new Scalar((double) truth.size(0)));
    }
}

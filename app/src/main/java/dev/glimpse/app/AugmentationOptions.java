package dev.glimpse.app;

import dev.glimpse.data.Augmentation;
import dev.glimpse.data.ColourJitter;
import dev.glimpse.data.Mixing;
import dev.glimpse.data.RandAugment;
import dev.glimpse.data.RandomErasing;
import dev.glimpse.data.RandomResizedCrop;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Option;

/** How training images are changed by chance, as options of a command; the names are timm's where it has them. */
final class AugmentationOptions {
    /** Smaller images are shifted, larger ones are cut to random parts. */
    private static final int SMALL = 64;

    private enum Crop {
        AUTO, RESIZED, SHIFTED, CENTRE
    }

    @Option(names = "--crop", defaultValue = "SHIFTED",
            description = "RESIZED: random parts of random size; SHIFTED: the "
                    + "central square moved by up to an eighth; CENTRE: the central square; AUTO: SHIFTED up to 64 pixels, else "
                    + "RESIZED.")
    private Crop crop;

    @Option(names = "--scale", arity = "2", paramLabel = "LEAST MOST", hideParamSyntax = true,
            description = "Share of the area of random parts (default: 0.08 1).")
    private double[] scale;

    @Option(names = "--ratio", arity = "2", paramLabel = "LEAST MOST", hideParamSyntax = true,
            description = "Width over height of random parts (default: 0.75 1.3333).")
    private double[] ratio;

    @Option(names = "--hflip", defaultValue = "0.5", description = "Chance of being mirrored left to right.")
    private double flip;

    @Option(names = "--vflip", defaultValue = "0", description = "Chance of being mirrored top to bottom.")
    private double verticalFlip;

    @Option(names = "--color-jitter", split = ",", paramLabel = "X[,...]", hideParamSyntax = true,
            description = "Of brightness, contrast and "
                    + "saturation alike; or of each; and a fourth number for the hue (default: none).")
    private List<Double> jitter = new ArrayList<>();

    @Option(names = "--aa", paramLabel = "rand-m9-n2",
            description = "RandAugment: magnitude of 30, number of operations, "
                    + "-mstd0.5 for the magnitude's deviation (default: none).")
    private String operations;

    @Option(names = "--reprob", defaultValue = "0", description = "Chance of random erasing.")
    private double erasing;

    @Option(names = "--remode", defaultValue = "CONST",
            description = "What is put there, ${COMPLETION-CANDIDATES}: the mean, a random colour, random pixels.")
    private RandomErasing.Fill fill;

    @Option(names = "--recount", defaultValue = "1", description = "How many rectangles are erased.")
    private int count;

    @Option(names = "--mixup", defaultValue = "0", paramLabel = "A", description = "Mixup, by Beta(A, A).")
    private double mixup;

    @Option(names = "--cutmix", defaultValue = "0", paramLabel = "A", description = "Cutmix, by Beta(A, A).")
    private double cutmix;

    @Option(names = "--mixup-prob", defaultValue = "1", description = "Chance of either for a batch.")
    private double mixing;

    @Option(names = "--mixup-switch-prob", defaultValue = "0.5", description = "Where both are on, that of cutmix.")
    private double switching;

    /** @param size side of the images that the network is fed */
    Augmentation augmentation(int size) {
        Crop which = crop != Crop.AUTO ? crop : size <= SMALL ? Crop.SHIFTED : Crop.RESIZED;
        RandomResizedCrop parts = null;
        if (which == Crop.RESIZED) {
            RandomResizedCrop usual = RandomResizedCrop.usual();
            parts = new RandomResizedCrop(scale == null ? usual.minScale() : scale[0],
                    scale == null ? usual.maxScale() : scale[1], ratio == null ? usual.minRatio() : ratio[0],
                    ratio == null ? usual.maxRatio() : ratio[1]);
        } else if (scale != null || ratio != null) {
            throw new IllegalArgumentException("--scale and --ratio are for --crop resized");
        }
        return new Augmentation(parts, which == Crop.SHIFTED ? size / 8 : 0, flip, verticalFlip, jitter(),
                operations == null || operations.equals("none") ? null : RandAugment.parse(operations),
                erasing == 0 ? null
                        : new RandomErasing(erasing, fill, count, RandomErasing.usual(1, fill).minArea(),
                                RandomErasing.usual(1, fill).maxArea()),
                mixup == 0 && cutmix == 0 ? null : new Mixing(mixup, cutmix, mixing, switching));
    }

    private ColourJitter jitter() {
        return switch (jitter.size()) {
            case 0 -> null;
            case 1 -> new ColourJitter(jitter.getFirst(), jitter.getFirst(), jitter.getFirst(), 0);
            case 3, 4 -> new ColourJitter(jitter.get(0), jitter.get(1), jitter.get(2),
                    jitter.size() == 4 ? jitter.get(3) : 0);
            default -> throw new IllegalArgumentException(
                    "--color-jitter has " + jitter.size() + " numbers; expected 1, 3 or 4");
        };
    }
}

package dev.glimpse.data;

import java.util.Arrays;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;

/**
 * Which images an epoch has, one after the other.
 *
 * @param images by place
 * @param draws the how-manieth time of the image this is, from 0; null where each comes once
 */
public record Order(int[] images, int[] draws) {
    static Order of(Dataset data, Loader.Options options, int epoch) {
        RandomGenerator random = Seeds.random(options.seed(), epoch);
        if (options.balanced()) {
            return balanced(data, random);
        }
        return plain(data.size(), options, random);
    }

    /** All, each once; classes are not looked at. */
    static Order of(int size, Loader.Options options, int epoch) {
        return plain(size, options, Seeds.random(options.seed(), epoch));
    }

    private static Order plain(int size, Loader.Options options, RandomGenerator random) {
        return new Order(options.shuffle() ? Seeds.permutation(size, random) : IntStream.range(0, size).toArray(),
                null);
    }

    /** Draws with replacement, every class as often as any other; an image of several classes counts for its rarest. */
    private static Order balanced(Dataset data, RandomGenerator random) {
        double[] upTo = weights(data);
        for (int i = 1; i < upTo.length; i++) {
            upTo[i] += upTo[i - 1];
        }
        double sum = upTo[upTo.length - 1];
        int[] images = new int[data.size()];
        int[] draws = new int[images.length];
        int[] drawn = new int[images.length];
        for (int i = 0; i < images.length; i++) {
            int found = Arrays.binarySearch(upTo, random.nextDouble() * sum);
            images[i] = Math.min(found < 0 ? -found - 1 : found + 1, images.length - 1);
            draws[i] = drawn[images[i]]++;
        }
        return new Order(images, draws);
    }

    private static double[] weights(Dataset data) {
        int[] counts = new int[data.classes().size() + 1]; // the last for images of no class
        for (int i = 0; i < data.size(); i++) {
            for (int label : labels(data, i)) {
                counts[label]++;
            }
        }
        double[] weights = new double[data.size()];
        for (int i = 0; i < weights.length; i++) {
            weights[i] = 1.0 / Arrays.stream(labels(data, i)).map(label -> counts[label]).min().orElseThrow();
        }
        return weights;
    }

    private static int[] labels(Dataset data, int index) {
        return switch (data.target(index)) {
            case Target.Label(int label) -> new int[]{label};
            case Target.Labels(float[] shares) -> {
                int[] labels = IntStream.range(0, shares.length).filter(i -> shares[i] >= 0.5f).toArray();
                yield labels.length > 0 ? labels : new int[]{shares.length};
            }
        };
    }

    /** What the augmentation of the image at a place is drawn from. */
    RandomGenerator random(int place, long seed, int epoch) {
        return draws == null || draws[place] == 0
                ? Seeds.random(seed, epoch, images[place])
                : Seeds.random(seed, epoch, images[place], draws[place]);
    }
}

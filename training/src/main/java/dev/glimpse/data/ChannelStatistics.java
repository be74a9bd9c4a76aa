package dev.glimpse.data;

import java.io.IOException;

/**
 * Mean and standard deviation of each colour over a data set's pixels, black 0 and white 1.
 *
 * <p>
 * The deviation is at least one step of an 8-bit colour, so that normalising even pictures does not divide by zero.
 */
public record ChannelStatistics(float[] mean, float[] std) {
    private static final int DEFAULT_LIMIT = 2000;

    @FunctionalInterface
    private interface Images {
        Image image(int index) throws IOException;
    }

    /** Over at most 2,000 images. */
    public static ChannelStatistics of(Dataset data) throws IOException {
        return of(data, DEFAULT_LIMIT);
    }

    /** Over at most 2,000 images. */
    public static ChannelStatistics of(SegmentationFolder data) throws IOException {
        return of(data.size(), data::image, DEFAULT_LIMIT);
    }

    /**
     * Over at most {@code limit} evenly spaced images. Those that cannot be read are left out.
     *
     * @throws IOException where none can be read
     */
    public static ChannelStatistics of(Dataset data, int limit) throws IOException {
        return of(data.size(), data::image, limit);
    }

    private static ChannelStatistics of(int size, Images images, int limit) throws IOException {
        int count = Math.min(size, limit);
        if (count < 1) {
            throw new IllegalArgumentException("statistics over " + count + " images");
        }
        long[][] histogram = new long[3][256];
        IOException failure = null;
        for (int i = 0; i < count; i++) {
            try {
                byte[] rgb = images.image((int) ((long) i * size / count)).rgb();
                for (int p = 0; p < rgb.length; p += 3) {
                    histogram[0][rgb[p] & 0xff]++;
                    histogram[1][rgb[p + 1] & 0xff]++;
                    histogram[2][rgb[p + 2] & 0xff]++;
                }
            } catch (IOException e) {
                failure = e;
            }
        }
        float[] mean = new float[3];
        float[] std = new float[3];
        for (int c = 0; c < 3; c++) {
            double pixels = 0;
            double sum = 0;
            double squares = 0;
            for (int value = 0; value < 256; value++) {
                double at = value / 255.0;
                pixels += histogram[c][value];
                sum += histogram[c][value] * at;
                squares += histogram[c][value] * at * at;
            }
            if (pixels == 0) {
                throw new IOException("none of " + count + " images can be read; the last: " + failure.getMessage());
            }
            double average = sum / pixels;
            mean[c] = (float) average;
            std[c] = (float) Math.max(Math.sqrt(Math.max(0, squares / pixels - average * average)), 1 / 255.0);
        }
        return new ChannelStatistics(mean, std);
    }
}

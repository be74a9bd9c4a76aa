package dev.glimpse.data;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * The white-patch experiment's images: half of them have a white square of 16x16 pixels somewhere, and a network is to
 * say which.
 *
 * <pre>
 * x = (rgb - 128) / 128, and 1 in the patch     (3, 96, 96)
 * </pre>
 *
 * Exactly half of a split has a patch. Which images do is drawn at random, and where for each by itself, uniformly. The
 * same seed gives the same bits.
 */
public final class WhitePatch {
    /** Side of an image in pixels. */
    public static final int SIZE = 96;

    /** Side of the patch in pixels. */
    public static final int PATCH = 16;

    private static final int PLANE = SIZE * SIZE;
    private static final int IMAGE_BYTES = 3 * PLANE;
    private static final int NOWHERE = -1;

    private final String images;
    private final Split train;
    private final Split test;

    private WhitePatch(String images, Split train, Split test) {
        this.images = images;
        this.train = train;
        this.test = test;
    }

    /**
     * Makes both splits.
     *
     * @param train how many images, an even number
     * @param test how many images, an even number
     */
    public static WhitePatch create(Backgrounds backgrounds, long seed, int train, int test) throws IOException {
        if (train < 2 || test < 2 || train % 2 != 0 || test % 2 != 0) {
            throw new IllegalArgumentException(train + " training and " + test
                    + " test images; expected even numbers, as half of each has a patch");
        }
        Backgrounds.Split sources = backgrounds.split(seed, train, test);
        try {
            return new WhitePatch(backgrounds.title(), new Split(sources.train(), train, Seeds.random(seed, 2)),
                    new Split(sources.test(), test, Seeds.random(seed, 3)));
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
    }

    /** Where the pictures came from, in words. */
    public String images() {
        return images;
    }

    public Split train() {
        return train;
    }

    public Split test() {
        return test;
    }

    /** Images kept as bytes, a quarter of what they need as floats, outside of the Java heap. */
    public static final class Split {
        private final int[] patchX;
        private final int[] patchY;
        private final MemorySegment pixels; // plane by plane, without patches

        private Split(Backgrounds.Source backgrounds, int count, RandomGenerator random) {
            patchX = new int[count];
            patchY = new int[count];
            Arrays.fill(patchX, NOWHERE);
            Arrays.fill(patchY, NOWHERE);
            for (int index : Arrays.copyOf(Seeds.permutation(count, random), count / 2)) {
                patchX[index] = random.nextInt(SIZE - PATCH + 1);
                patchY[index] = random.nextInt(SIZE - PATCH + 1);
            }
            pixels = Arena.ofAuto().allocate((long) count * IMAGE_BYTES);
            IntStream.range(0, count).parallel().forEach(i -> store(backgrounds, i));
        }

        private void store(Backgrounds.Source backgrounds, int index) {
            try {
                byte[] rgb = backgrounds.image(index).rgb();
                byte[] planes = new byte[IMAGE_BYTES];
                for (int p = 0; p < PLANE; p++) {
                    for (int c = 0; c < 3; c++) {
                        planes[c * PLANE + p] = rgb[3 * p + c];
                    }
                }
                MemorySegment.copy(planes, 0, pixels, ValueLayout.JAVA_BYTE, (long) index * IMAGE_BYTES, IMAGE_BYTES);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        public int size() {
            return patchX.length;
        }

        public boolean hasPatch(int index) {
            return patchX[index] != NOWHERE;
        }

        /** Left edge of the patch, -1 where there is none. */
        public int patchX(int index) {
            return patchX[index];
        }

        /** Upper edge of the patch, -1 where there is none. */
        public int patchY(int index) {
            return patchY[index];
        }

        /** Images as (B, 3, 96, 96), 32-bit floats; a new tensor, the caller's. */
        public Tensor batch(int... indices) {
            Tensor batch = torch.empty(indices.length, 3, SIZE, SIZE);
            MemorySegment memory = Slot.memory(batch);
            for (int i = 0; i < indices.length; i++) {
                write(indices[i], memory.asSlice(4L * IMAGE_BYTES * i, 4L * IMAGE_BYTES));
            }
            return batch;
        }

        /** Labels as (B), 32-bit floats: 1 with a patch, 0 without; a new tensor, the caller's. */
        public Tensor labels(int... indices) {
            Tensor labels = torch.empty(indices.length);
            MemorySegment memory = Slot.memory(labels);
            for (int i = 0; i < indices.length; i++) {
                memory.setAtIndex(ValueLayout.JAVA_FLOAT, i, hasPatch(indices[i]) ? 1 : 0);
            }
            return labels;
        }

        /** Writes an image as floats, plane by plane. */
        public void write(int index, MemorySegment to) {
            byte[] bytes = planes(index);
            float[] floats = new float[IMAGE_BYTES];
            for (int i = 0; i < IMAGE_BYTES; i++) {
                floats[i] = ((bytes[i] & 0xff) - 128) / 128f;
            }
            if (hasPatch(index)) {
                for (int c = 0; c < 3; c++) {
                    for (int y = patchY[index]; y < patchY[index] + PATCH; y++) {
                        int from = c * PLANE + y * SIZE + patchX[index];
                        Arrays.fill(floats, from, from + PATCH, 1);
                    }
                }
            }
            MemorySegment.copy(floats, 0, to, ValueLayout.JAVA_FLOAT, 0, IMAGE_BYTES);
        }

        /** An image with its patch, to look at. */
        public Image image(int index) {
            byte[] planes = planes(index);
            byte[] rgb = new byte[IMAGE_BYTES];
            for (int i = 0; i < IMAGE_BYTES; i++) {
                int x = i / 3 % SIZE - patchX[index];
                int y = i / 3 / SIZE - patchY[index];
                boolean white = hasPatch(index) && x >= 0 && x < PATCH && y >= 0 && y < PATCH;
                rgb[i] = white ? (byte) 255 : planes[i % 3 * PLANE + i / 3];
            }
            return new Image(SIZE, SIZE, rgb);
        }

        private byte[] planes(int index) {
            return pixels.asSlice((long) index * IMAGE_BYTES, IMAGE_BYTES).toArray(ValueLayout.JAVA_BYTE);
        }
    }
}

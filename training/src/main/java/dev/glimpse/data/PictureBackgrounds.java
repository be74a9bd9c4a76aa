package dev.glimpse.data;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.random.RandomGenerator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Random squares of a folder's pictures. The files, not the squares, are divided between training and test.
 *
 * <p>
 * Large pictures are made smaller first, so that a square shows things rather than a stretch of sky, and those that are
 * too small larger.
 */
record PictureBackgrounds(Path folder) implements Backgrounds {
    private static final Logger LOG = LoggerFactory.getLogger(PictureBackgrounds.class);
    private static final int SIZE = WhitePatch.SIZE;

    @Override
    public String title() {
        return "pictures in " + folder;
    }

    @Override
    public Split split(long seed, int train, int test) throws IOException {
        List<Path> files = ImageFolder.imagesIn(folder);
        if (files.size() < 2) {
            throw new IllegalArgumentException(folder + ": " + (files.isEmpty() ? "no pictures" : "only one picture")
                    + "; expected at least two, as training and test share none");
        }
        List<Path> shuffled = Arrays.stream(Seeds.permutation(files.size(), Seeds.random(seed, files.size())))
                .mapToObj(files::get).toList();
        int forTest = Math.clamp(Math.round((double) files.size() * test / (train + test)), 1, files.size() - 1);
        return new Split(new Squares(shuffled.subList(forTest, files.size()), train, seed, 0),
                new Squares(shuffled.subList(0, forTest), test, seed, 1));
    }

    /** Neighbours come from the same file, which is decoded once. */
    private static final class Squares implements Source {
        private static final int KEPT = 64;

        private final List<Path> files;
        private final int count;
        private final long seed;
        private final int part;
        private final Set<Integer> broken = ConcurrentHashMap.newKeySet();
        private final Map<Integer, Image> recent = new LinkedHashMap<>(KEPT, 0.75f, true) {
            private static final long serialVersionUID = 1;

            @Override
            protected boolean removeEldestEntry(Map.Entry<Integer, Image> eldest) {
                return size() > KEPT;
            }
        };

        Squares(List<Path> files, int count, long seed, int part) {
            this.files = files;
            this.count = count;
            this.seed = seed;
            this.part = part;
        }

        @Override
        public Image image(int index) throws IOException {
            Image picture = picture((int) ((long) index * files.size() / count));
            RandomGenerator random = Seeds.random(seed, part, index);
            int left = random.nextInt(picture.width() - SIZE + 1);
            int top = random.nextInt(picture.height() - SIZE + 1);
            return Resize.crop(picture, left, top, SIZE, SIZE);
        }

        /** A file's picture, or that of the next file that can be read. */
        private Image picture(int file) throws IOException {
            IOException failure = null;
            for (int i = 0; i < files.size(); i++) {
                int candidate = (file + i) % files.size();
                try {
                    return load(candidate);
                } catch (IOException e) {
                    if (broken.add(candidate)) {
                        LOG.warn("passed over {}", e.getMessage());
                    }
                    failure = e;
                }
            }
            throw new IOException("none of " + files.size() + " pictures can be read; the last: "
                    + failure.getMessage());
        }

        private Image load(int file) throws IOException {
            synchronized (recent) {
                Image known = recent.get(file);
                if (known != null) {
                    return known;
                }
            }
            Image picture = sized(ImageReader.read(files.get(file)));
            synchronized (recent) {
                recent.put(file, picture);
            }
            return picture;
        }

        /** Scaled so that the shorter side is one to two squares long; the longer one is cut to eight. */
        private static Image sized(Image image) {
            int side = Math.min(image.width(), image.height());
            int width = Math.min(image.width(), 8 * side);
            int height = Math.min(image.height(), 8 * side);
            Image cut = Resize.crop(image, (image.width() - width) / 2, (image.height() - height) / 2, width, height);
            int shorter = Math.clamp(side, SIZE, 2 * SIZE);
            return shorter == side
                    ? cut
                    : Resize.scale(cut, Math.round((float) width * shorter / side),
                            Math.round((float) height * shorter / side));
        }
    }
}

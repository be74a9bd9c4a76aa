package dev.glimpse.data;

import dev.glimpse.data.ImageHeader.BadImageException;
import dev.glimpse.io.Utf8;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarFile;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Tar archives as WebDataset writes them: files that share a name up to its first point are a sample, such as
 * {@code 00017.jpg} and {@code 00017.cls}.
 *
 * <p>
 * The label is the text of {@code .cls}, a class's number or name, or in {@code .json} the number, name, or list of them
 * under {@code label}, {@code labels}, {@code cls} or {@code class}. The archives' headers are walked once; images are
 * then read by their place, in any order. A file {@code classes.txt} beside the archives names numbered classes.
 */
public final class TarShards implements Dataset {
    private static final int LARGEST_LABEL = 1 << 20; // bytes
    private static final List<String> KEYS = List.of("label", "labels", "cls", "class");
    private static final JsonMapper JSON = new JsonMapper();

    private final List<Shard> shards;
    private final List<Place> places;
    private final Labelling labelling;
    private final int ignored;

    private record Shard(Path file, long size) {}

    private record Place(Shard shard, String name, long offset, long length) {}

    /** What is known of the files of one name. */
    private static final class Sample {
        private String key;
        private Place image;
        private List<String> labels;
        private boolean several;
    }

    /** All samples of all archives, in order. */
    private static final class Index {
        private final List<Place> places = new ArrayList<>();
        private final List<List<String>> labels = new ArrayList<>();
        private boolean several;
        private int ignored;

        void add(Sample sample) {
            if (sample.image == null) {
                ignored += sample.key == null ? 0 : 1;
                return;
            }
            if (sample.labels == null) {
                throw new IllegalArgumentException(sample.image.shard.file + ": " + sample.image.name
                        + " has no label; expected " + sample.key + ".cls or .json beside it");
            }
            places.add(sample.image);
            labels.add(sample.labels);
            several |= sample.several;
        }
    }

    private TarShards(List<Shard> shards, Index index, Labelling labelling) {
        this.shards = shards;
        this.places = List.copyOf(index.places);
        this.labelling = labelling;
        this.ignored = index.ignored;
    }

    /**
     * Walks through archives.
     *
     * @param files in the order in which their images are counted
     * @param classes the classes by label; null for those of {@code classes.txt}, or that occur
     * @throws IllegalArgumentException of one line where an archive is missing or damaged, or a label is
     */
    public static TarShards open(List<Path> files, List<String> classes) throws IOException {
        Index index = new Index();
        List<Shard> shards = new ArrayList<>();
        for (Path file : files) {
            if (!Files.isRegularFile(file)) {
                throw new IllegalArgumentException(file + ": no such file");
            }
            Shard shard = new Shard(file, Files.size(file));
            shards.add(shard);
            walk(shard, index);
        }
        if (index.places.isEmpty()) {
            throw new IllegalArgumentException(
                    files.getFirst() + ": no images in it" + (files.size() > 1 ? ", nor in the others" : "")
                            + "; expected samples such as 1.jpg and 1.cls");
        }
        String where = files.getFirst().toString();
        List<String> known = classes;
        Path names = files.getFirst().resolveSibling("classes.txt");
        if (known == null) {
            known = Files.isRegularFile(names) ? ClassNames.read(names, 0) : Labelling.numbers(index.labels);
        }
        return new TarShards(shards, index, Labelling.of(index.labels, index.several, known, where));
    }

    private static void walk(Shard shard, Index index) throws IOException {
        try (TarFile tar = new TarFile(shard.file)) {
            Sample sample = new Sample();
            for (TarArchiveEntry entry : tar.getEntries()) {
                if (!entry.isFile() || entry.isSymbolicLink() || entry.isLink()) {
                    continue;
                }
                String name = entry.getName().replaceAll("\\p{Cntrl}", "?");
                int point = name.indexOf('.', name.lastIndexOf('/') + 1);
                if (point < 0) {
                    index.ignored++;
                    continue;
                }
                String key = name.substring(0, point);
                if (!key.equals(sample.key)) {
                    index.add(sample);
                    sample = new Sample();
                    sample.key = key;
                }
                take(tar, entry, name, name.substring(point + 1).toLowerCase(Locale.ROOT), shard, sample);
            }
            index.add(sample);
        } catch (IOException e) {
            throw new IllegalArgumentException(shard.file + ": a damaged tar archive");
        } catch (OutOfMemoryError _) {
            throw new IOException(shard.file + ": too large for the Java heap");
        }
    }

    private static void take(TarFile tar, TarArchiveEntry entry, String name, String extension, Shard shard,
            Sample sample) throws IOException {
        String where = shard.file + ": " + name;
        if (ImageReader.EXTENSIONS.contains(extension) && sample.image == null) {
            if (entry.isSparse() || entry.getDataOffset() + entry.getSize() > shard.size) {
                throw new IllegalArgumentException(where + ": sparse, or beyond the archive's end");
            }
            sample.image = new Place(shard, name, entry.getDataOffset(), entry.getSize());
        } else if (extension.equals("cls") || extension.equals("json") && sample.labels == null) {
            if (entry.getSize() > LARGEST_LABEL) {
                throw new IllegalArgumentException(where + ": too large for a label");
            }
            byte[] bytes;
            try (InputStream in = tar.getInputStream(entry)) {
                bytes = in.readNBytes(LARGEST_LABEL);
            }
            if (extension.equals("cls")) {
                sample.labels = List.of(Utf8.unmarked(new String(bytes, StandardCharsets.UTF_8)).strip());
            } else {
                fromJson(bytes, sample, where);
            }
        }
    }

    private static void fromJson(byte[] bytes, Sample sample, String where) {
        try {
            JsonNode node = JSON.readTree(bytes);
            JsonNode label = node;
            if (node.isObject()) {
                label = KEYS.stream().filter(node::has).map(node::get).findFirst().orElse(null);
            }
            if (label == null) {
                return; // other facts
            }
            if (label.isArray()) {
                sample.several = true;
                List<String> labels = new ArrayList<>();
                label.forEach(one -> labels.add(text(one, where)));
                sample.labels = labels;
            } else {
                sample.labels = List.of(text(label, where));
            }
        } catch (JacksonException _) {
            throw new IllegalArgumentException(where + ": not JSON");
        }
    }

    private static String text(JsonNode label, String where) {
        if (!label.isString() && !label.isIntegralNumber()) {
            throw new IllegalArgumentException(where + ": its label is neither a name nor a whole number");
        }
        return label.asString().strip();
    }

    @Override
    public int size() {
        return places.size();
    }

    @Override
    public List<String> classes() {
        return labelling.classes();
    }

    @Override
    public boolean multiLabel() {
        return labelling.several();
    }

    @Override
    public int label(int index) {
        return labelling.label(index);
    }

    @Override
    public Target target(int index) {
        return labelling.target(index);
    }

    /** How many samples have no image. */
    @Override
    public int ignored() {
        return ignored;
    }

    /** How many archives there are. */
    public int shards() {
        return shards.size();
    }

    private byte[] bytes(int index) throws IOException {
        Place place = places.get(index);
        if (place.length > 8 * ImageReader.PIXEL_LIMIT) {
            throw new IOException(name(index) + ": too large for an image");
        }
        return RawImages.read(place.shard.file, place.offset, (int) place.length, place.shard.size);
    }

    @Override
    public Image image(int index) throws IOException {
        try {
            byte[] file = bytes(index);
            return ImageReader.decode(file, ImageReader.header(file, ImageReader.PIXEL_LIMIT));
        } catch (BadImageException e) {
            throw ImageReader.named(name(index), e);
        }
    }

    @Override
    public void load(int index, Picture picture) throws IOException {
        picture.read(bytes(index), name(index));
    }

    @Override
    public String name(int index) {
        return places.get(index).shard.file + ":" + places.get(index).name;
    }
}

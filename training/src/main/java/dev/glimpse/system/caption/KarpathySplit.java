package dev.glimpse.system.caption;

import dev.glimpse.data.Image;
import dev.glimpse.data.ImageReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.json.JsonMapper;

/**
 * Flickr8k, Flickr30k and COCO as Karpathy and Fei-Fei (CVPR 2015) split and tokenised them, beside a folder of pictures.
 *
 * <pre>
 * {"dataset": "flickr8k", "images": [{"filename": "1.jpg", "filepath": "val2014", "split": "train",
 *                                     "sentences": [{"tokens": ["a", "dog", ...]}, ...]}, ...]}
 * </pre>
 *
 * {@code filepath} is there in COCO's alone. Captions of more than 50 words are left out.
 */
record KarpathySplit(Path file, Path images, Map<String, List<Entry>> splits) {
    /** Words of the longest caption that is taken. */
    static final int LONGEST = 50;
    private static final JsonMapper JSON =
            JsonMapper.builder().disable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS).build();
    private static final Set<String> TO_LEARN_FROM = Set.of("train", "restval");

    /** A picture. @param path below the folder of pictures */
    record Entry(String path, List<List<String>> captions) {}

    /** As the file has it. */
    private record Written(String filename, String filepath, String split, List<Sentence> sentences) {}

    private record Sentence(List<String> tokens) {}

    /**
     * Reads a file.
     *
     * @param images the folder of pictures
     * @throws IllegalArgumentException in one line where there is no such file
     * @throws IOException in one line where it holds something else, or a picture or its captions are missing
     */
    static KarpathySplit read(Path file, Path images) throws IOException {
        Map<String, List<Entry>> splits = new TreeMap<>();
        Map<String, String> known = new HashMap<>(); // each word once in memory
        try (JsonParser parser = JSON.createParser(Files.newInputStream(file))) {
            boolean found = false;
            JsonToken token = parser.nextToken();
            while ((token = parser.nextToken()) != null && !found) {
                if (token == JsonToken.PROPERTY_NAME && parser.currentName().equals("images")) {
                    found = true;
                    if (parser.nextToken() != JsonToken.START_ARRAY) {
                        break;
                    }
                    while (parser.nextToken() == JsonToken.START_OBJECT) {
                        take(JSON.readValue(parser, Written.class), file, known, splits);
                    }
                } else if (token == JsonToken.START_ARRAY || token == JsonToken.START_OBJECT) {
                    parser.skipChildren();
                }
            }
        } catch (NoSuchFileException e) {
            throw new IllegalArgumentException(file + ": no such file", e);
        } catch (JacksonException e) {
            throw new IOException(file + ": no captions in Karpathy's form: " + e.getOriginalMessage().lines()
                    .findFirst().orElse(""), e);
        }
        KarpathySplit split = new KarpathySplit(file, images, splits);
        for (String half : List.of("train", "val")) {
            if (!splits.containsKey(half)) {
                throw new IOException(file + ": no captions in Karpathy's form: it has no images whose split is '"
                        + half + "'");
            }
        }
        split.requirePictures();
        return split;
    }

    private static void take(Written written, Path file, Map<String, String> known, Map<String, List<Entry>> splits)
            throws IOException {
        if (written.filename == null || written.split == null) {
            throw new IOException(file + ": no captions in Karpathy's form: an image has no filename or no split");
        }
        List<List<String>> captions = new ArrayList<>();
        for (Sentence sentence : written.sentences == null ? List.<Sentence>of() : written.sentences) {
            if (sentence.tokens != null && !sentence.tokens.isEmpty() && sentence.tokens.size() <= LONGEST) {
                captions.add(sentence.tokens.stream().map(word -> known.computeIfAbsent(word, own -> own)).toList());
            }
        }
        if (captions.isEmpty()) {
            throw new IOException(file + ": '" + written.filename + "' has no caption of 1 to " + LONGEST + " words");
        }
        String path = written.filepath == null ? written.filename : written.filepath + "/" + written.filename;
        String half = TO_LEARN_FROM.contains(written.split) ? "train" : written.split;
        splits.computeIfAbsent(half, _ -> new ArrayList<>()).add(new Entry(path, captions));
    }

    private void requirePictures() throws IOException {
        List<String> missing = splits.values().stream().flatMap(List::stream).map(Entry::path)
                .filter(path -> !Files.isRegularFile(images.resolve(path))).toList();
        if (!missing.isEmpty()) {
            long all = splits.values().stream().mapToLong(List::size).sum();
            throw new IOException(file + ": " + missing.size() + " of its " + all + " pictures are not in " + images
                    + ", such as '" + missing.getFirst() + "'; say where they are by " + file.getFileName()
                    + ",images=FOLDER");
        }
    }

    /**
     * A split's pictures.
     *
     * @param name train (with restval), val or test
     * @throws IOException in one line where there is none
     */
    CaptionedImages half(String name) throws IOException {
        List<Entry> entries = splits.get(name);
        if (entries == null) {
            throw new IOException(file + ": it has no images whose split is '" + name + "', but " + splits.keySet());
        }
        return new Half(images, entries);
    }

    private record Half(Path images, List<Entry> entries) implements CaptionedImages {
        @Override
        public int size() {
            return entries.size();
        }

        @Override
        public String name(int index) {
            return entries.get(index).path;
        }

        @Override
        public Image image(int index) throws IOException {
            return ImageReader.read(images.resolve(entries.get(index).path));
        }

        @Override
        public List<List<String>> captions(int index) {
            return entries.get(index).captions;
        }
    }
}

package dev.glimpse.data;

import java.io.IOException;
import java.util.List;

/** A data set in memory: images with labels 0 and 1 in turn; a null is one that cannot be read. */
record ListDataset(List<Image> images) implements Dataset {
    @Override
    public int size() {
        return images.size();
    }

    @Override
    public List<String> classes() {
        return List.of("even", "odd");
    }

    @Override
    public int label(int index) {
        return index % 2;
    }

    @Override
    public Image image(int index) throws IOException {
        if (images.get(index) == null) {
            throw new IOException(name(index) + ": broken");
        }
        return images.get(index);
    }

    @Override
    public String name(int index) {
        return "image " + index;
    }
}

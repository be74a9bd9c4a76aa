package dev.glimpse.data;

import java.io.IOException;
import java.nio.file.Path;

/** STL-10's training images for training, its test images for the test, in random order. */
record Stl10Backgrounds(Path folder) implements Backgrounds {
    @Override
    public String title() {
        return "STL-10";
    }

    @Override
    public Split split(long seed, int train, int test) throws IOException {
        return new Split(source("train", seed, train), source("test", seed, test));
    }

    private Source source(String part, long seed, int count) throws IOException {
        Stl10 images = Stl10.open(folder, part);
        if (count > images.size()) {
            throw new IllegalArgumentException(folder + ": STL-10's " + part + " split has " + images.size()
                    + " images; " + count + " are asked for");
        }
        int[] order = Seeds.permutation(images.size(), Seeds.random(seed, images.size()));
        return index -> images.image(order[index]);
    }
}

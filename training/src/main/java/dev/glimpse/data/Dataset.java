package dev.glimpse.data;

import java.io.IOException;
import java.util.List;

/** Images with a class each, or with several. Reading may happen from many threads at once. */
public interface Dataset {
    int size();

    /** The classes' names by label. */
    List<String> classes();

    /** The label of an image, an index into {@link #classes()}; of a {@link #multiLabel} data set the first it has, or -1. */
    int label(int index);

    /** Whether an image may show several of the classes, or none. */
    default boolean multiLabel() {
        return false;
    }

    /** What an image shows: {@link Target.Labels} where {@link #multiLabel}, else a {@link Target.Label}. */
    default Target target(int index) {
        return new Target.Label(label(index));
    }

    /**
     * Reads or decodes an image.
     *
     * @throws IOException of one line that names the image and what is wrong with it
     */
    Image image(int index) throws IOException;

    /**
     * Puts an image where it is decoded as far as it is wanted. A data set of files overrides this: that is faster than
     * decoding all of {@link #image}.
     *
     * @throws IOException of one line that names the image and what is wrong with it
     */
    default void load(int index, Picture picture) throws IOException {
        picture.set(image(index));
    }

    /** How many files were passed over because they are no images by their names. */
    default int ignored() {
        return 0;
    }

    /** What messages call an image: a file's path, or a number. */
    String name(int index);
}

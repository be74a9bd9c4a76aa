package dev.glimpse.data;

import java.io.IOException;
import java.util.List;

/** Images with a class each. Reading may happen from many threads at once. */
public interface Dataset {
    int size();

    /** The classes' names by label. */
    List<String> classes();

    /** The label of an image, an index into {@link #classes()}. */
    int label(int index);

    /**
     * Reads or decodes an image.
     *
     * @throws IOException of one line that names the image and what is wrong with it
     */
    Image image(int index) throws IOException;

    /** What messages call an image: a file's path, or a number. */
    String name(int index);
}

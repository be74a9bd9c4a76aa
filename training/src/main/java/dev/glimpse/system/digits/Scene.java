package dev.glimpse.system.digits;

import dev.glimpse.data.Dataset;
import java.io.IOException;
import java.util.random.RandomGenerator;

/** How the image that is learned from is made of digits. */
public interface Scene {
    /** Side of the image, in pixels. */
    int side();

    /** How many whole numbers are to be said of an image, the class first: see {@link #draw}. */
    int facts();

    /**
     * Makes an image.
     *
     * @param digits of which one is what the image shows
     * @param index of that one
     * @param image black; drawn on
     * @return what is to be said of it
     */
    long[] draw(Dataset digits, int index, RandomGenerator random, Grey image) throws IOException;
}

package dev.glimpse.data;

import java.io.IOException;
import java.nio.file.Path;

/** Where the white-patch experiment has its pictures from. */
public interface Backgrounds {
    /** Where from, in words. */
    String title();

    /**
     * Divides what there is so that training and test share no picture; the same seed divides it alike.
     *
     * @throws IllegalArgumentException of one line where there are too few pictures
     */
    Split split(long seed, int train, int test) throws IOException;

    /** Pictures of 96x96 by number, for many threads at once. */
    interface Source {
        Image image(int index) throws IOException;
    }

    /** Two sources that share no picture. */
    record Split(Source train, Source test) {}

    /** Generated: needs no files. */
    static Backgrounds deadLeaves() {
        return new GeneratedBackgrounds();
    }

    /** Parts of a folder's pictures, at any depth. */
    static Backgrounds pictures(Path folder) {
        return new PictureBackgrounds(folder);
    }

    /** The images of STL-10, whose own division is kept. */
    static Backgrounds stl10(Path folder) {
        return new Stl10Backgrounds(folder);
    }
}

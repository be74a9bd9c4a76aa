package dev.glimpse.system.caption;

import dev.glimpse.data.Image;
import java.io.IOException;
import java.util.List;

/** Pictures with captions, and, where it is known, where the things are that captions name. */
interface CaptionedImages {
    int size();

    /** What messages call a picture. */
    String name(int index);

    /** @throws IOException in one line where it cannot be read */
    Image image(int index) throws IOException;

    /** At least one, word by word. */
    List<List<String>> captions(int index);

    /** What is in the picture and where; none where nobody knows. */
    default List<Scene.Thing> things(int index) {
        return List.of();
    }
}

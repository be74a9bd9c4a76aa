package dev.glimpse.nn;

import java.io.IOException;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.pytorch.global.torch;

/** Loads libtorch. */
public final class Libtorch {
    private Libtorch() {}

    /**
     * Extracts all of libtorch before the first of it is loaded. Without this, a first start with an empty JavaCPP cache
     * takes a {@code libtorch.so} from the system's library path where there is one, and the JVM dies.
     *
     * <p>
     * Call it before the first tensor or module. Calling it again costs nothing.
     *
     * @throws IllegalStateException when the natives of this platform are not on the class path, or cannot be extracted
     */
    public static void load() {
        Loaded.once();
    }

    /** Its initialisation happens once. */
    private static final class Loaded {
        static {
            String folder = "/org/bytedeco/pytorch/" + Loader.getPlatform() + "/";
            try {
                if (Loader.cacheResources(folder).length == 0) {
                    throw new IllegalStateException(
                            "libtorch for " + Loader.getPlatform() + " is not on the class path: "
                                    + "add org.bytedeco:pytorch with the classifier " + Loader.getPlatform());
                }
            } catch (IOException e) {
                throw new IllegalStateException("libtorch cannot be extracted to " + System.getProperty("user.home")
                        + "/.javacpp: " + e.getMessage() + "; free some space or set -Dorg.bytedeco.javacpp.cachedir",
                        e);
            }
            Loader.load(torch.class);
        }

        private Loaded() {}

        static void once() {
            // The class is initialised by being called.
        }
    }
}

package dev.glimpse.nn;

import java.io.IOException;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.pytorch.global.torch;

/** Loads libtorch. */
public final class Libtorch {
    private static boolean loaded;

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
    public static synchronized void load() {
        if (loaded) {
            return;
        }
        String platform = Loader.getPlatform();
        try {
            if (Loader.cacheResources("/org/bytedeco/pytorch/" + platform + "/").length == 0) {
                throw new IllegalStateException("libtorch for " + platform + " is not on the class path: add "
                        + "org.bytedeco:pytorch with the classifier " + platform);
            }
            Loader.load(torch.class);
        } catch (IOException | UnsatisfiedLinkError e) {
            throw new IllegalStateException("libtorch cannot be extracted and loaded: " + e.getMessage()
                    + "; free some space or name another folder by -Dorg.bytedeco.javacpp.cachedir", e);
        }
        loaded = true;
    }
}

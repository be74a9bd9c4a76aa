package dev.glimpse.data;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The images that could not be read, and how many of them are too many. */
final class SkippedImages {
    private static final Logger LOG = LoggerFactory.getLogger(SkippedImages.class);
    private static final int ALWAYS_ALLOWED = 5;
    private static final int NAMED = 3;

    private final Map<String, String> reasons = new TreeMap<>();
    private final int images;
    private final double share;

    /** @param share of the images that may fail; up to five may in any case, unless it is 0 */
    SkippedImages(int images, double share) {
        this.images = images;
        this.share = share;
    }

    /**
     * Remembers an image.
     *
     * @throws UncheckedIOException of one line where it is one too many
     */
    synchronized void add(String name, String reason) {
        if (reasons.put(name, reason) == null) {
            LOG.debug("skipped {}", reason);
        }
        if (reasons.size() > (share == 0 ? 0 : Math.max(ALWAYS_ALLOWED, share * images))) {
            String first = reasons.values().stream().limit(NAMED).collect(Collectors.joining("; "));
            String message = reasons.size() + " of " + images + " images cannot be read, more than "
                    + Math.round(1000 * share) / 10.0 + " %: " + first + (reasons.size() > NAMED ? "; ..." : "");
            throw new UncheckedIOException(message, new IOException(message));
        }
    }

    synchronized Map<String, String> reasons() {
        return new TreeMap<>(reasons);
    }
}

package dev.glimpse.model;

import dev.glimpse.Layer;
import dev.glimpse.attention.Args;
import dev.glimpse.attention.Attentions;
import dev.glimpse.attention.Attentions.Slot;
import java.nio.file.FileSystems;
import java.nio.file.Path;
import java.nio.file.PathMatcher;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/**
 * Which attention stands at which places of a network.
 *
 * <pre>
 * attention=cbam                                  in every block, before the residual is added
 * attention=bam                                   at the end of every stage but the last, as its authors have it
 * attention=se,place=stages                       the same for another
 * attention=gc,place=layer3.*+layer4.0            in the blocks named; layer3 alone is the end of that stage
 * attention=cbam,start=identity                   let in by {@link dev.glimpse.attention.IdentityStart}
 * </pre>
 */
public final class Placement {
    /** No attention anywhere. */
    public static final Placement NONE = new Placement(Optional.empty(), List.of());
    private static final String BLOCKS = "blocks";
    private static final String STAGES = "stages";

    /** What can be attended at. */
    enum Site {
        /** Inside of a block, before its residual is added, or behind the block where it has none. */
        BLOCK,
        /** Behind a stage that others follow. */
        STAGE_END,
        /** Behind the last stage. */
        LAST_STAGE_END
    }

    private final Optional<Slot> slot;
    private final List<String> names;

    private Placement(Optional<Slot> slot, List<String> names) {
        this.slot = slot;
        this.names = names;
    }

    /** An attention in every block. */
    public static Placement inBlocks(Slot slot) {
        return new Placement(Optional.of(slot), List.of(BLOCKS));
    }

    /** An attention behind every stage but the last. */
    public static Placement atStageEnds(Slot slot) {
        return new Placement(Optional.of(slot), List.of(STAGES));
    }

    /**
     * An attention at the places named.
     *
     * @param names paths of blocks or stages, as in the state dict, with {@code *} and {@code ?} standing for any characters
     */
    public static Placement at(Slot slot, List<String> names) {
        return new Placement(Optional.of(slot), List.copyOf(names));
    }

    /** Reads {@code attention}, {@code place} and {@code start}. */
    static Placement read(Args args) {
        return read(args, "none", Attentions::slot);
    }

    /**
     * The same for a network that has an attention of its own.
     *
     * @param own the attention that stands where nothing is said
     * @param slots what a user's text stands for
     */
    static Placement read(Args args, String own, Function<String, Slot> slots) {
        String text = args.text("attention", own);
        List<String> places = args.words("place", List.of());
        String start = args.text("start", "authors");
        if (text.equals("none")) {
            if (!places.isEmpty()) {
                throw new IllegalArgumentException(args.owner() + ": place is set, but no attention to put there");
            }
            return NONE;
        }
        Slot slot = slots.apply(text);
        switch (start) {
            case "authors" -> {
            }
            case "identity" -> slot = slot.startingAsIdentity();
            default -> throw new IllegalArgumentException(
                    args.owner() + ": start is '" + start + "'; known: authors, identity");
        }
        if (!places.isEmpty()) {
            return at(slot, places);
        }
        return slot.key().equals("bam") ? atStageEnds(slot) : inBlocks(slot);
    }

    /** The key of an attention inside of a block; behind a stage its number follows. */
    String key() {
        return slot.orElseThrow().key();
    }

    /** The same attention under another key, for dialects that call all of them alike. */
    Placement withKey(String key) {
        return new Placement(slot.map(s -> new Slot(key, s.factory())), names);
    }

    /** The attention for a place, or none. */
    Optional<Layer> create(String path, Site site, long channels) {
        return slot.filter(_ -> names.stream().anyMatch(name -> matches(name, path, site)))
                .map(s -> s.create(channels));
    }

    /**
     * Says that every name matched.
     *
     * @param blocks the paths of all blocks
     * @param stages the paths of all stages
     * @throws IllegalArgumentException naming one that did not, and the places there are
     */
    void requireKnown(String network, List<String> blocks, List<String> stages) {
        for (String name : names) {
            boolean known = blocks.stream().anyMatch(path -> matches(name, path, Site.BLOCK))
                    || stages.stream().anyMatch(path -> matches(name, path, Site.STAGE_END));
            if (!known) {
                throw new IllegalArgumentException(
                        network + ": no place is called '" + name + "'; there are blocks, stages"
                                + (blocks.isEmpty() ? "" : ", " + blocks.getFirst() + " to " + blocks.getLast())
                                + (stages.isEmpty() || stages.equals(blocks) ? ""
                                        : ", " + stages.getFirst() + " to " + stages.getLast()));
            }
        }
    }

    private static boolean matches(String name, String path, Site site) {
        return switch (name) {
            case BLOCKS -> site == Site.BLOCK;
            case STAGES -> site == Site.STAGE_END;
            default -> glob(name).matches(Path.of(path));
        };
    }

    private static PathMatcher glob(String name) {
        return FileSystems.getDefault().getPathMatcher("glob:" + name.replaceAll("[\\[\\]{}\\\\]", "?"));
    }
}

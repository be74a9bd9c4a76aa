package dev.glimpse.model;

import dev.glimpse.attention.Args;
import dev.glimpse.nn.Checks;

/**
 * What a network leaves out by chance in training: see {@link dev.glimpse.nn.Dropping}.
 *
 * @param path the last block's chance to be left out for an image; those before have less, the first none
 * @param features share of what the classifier sees
 */
public record Drops(double path, double features) {
    /** Nothing. */
    public static final Drops NONE = new Drops(0, 0);

    public Drops {
        Checks.probability("drop_path", path);
        Checks.probability("dropout", features);
    }

    /** As users type it, where they do. */
    Drops read(Args args) {
        return new Drops(args.number("drop_path", path), args.number("dropout", features));
    }

    /** A block's own, the chance growing evenly with depth, as in timm. */
    Drops at(int block, int blocks) {
        return new Drops(blocks == 1 ? path : path * block / (blocks - 1), features);
    }
}

package dev.glimpse.model;

import org.bytedeco.pytorch.Tensor;

/** A classifier in two parts, so that an explanation can stand between them. */
public interface ImageNetwork {
    /** Images (B, planes, H, W) to the maps of the last convolutions (B, C, h, w). */
    Tensor features(Tensor images);

    /** These maps to scores (B, classes); an attention behind all convolutions belongs here. */
    Tensor classify(Tensor features);
}

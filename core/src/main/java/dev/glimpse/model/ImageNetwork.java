package dev.glimpse.model;

import org.bytedeco.pytorch.Tensor;

/** A classifier in two parts, so that an explanation can stand between them. */
public interface ImageNetwork {
    /** Images (B, planes, H, W) to the last feature maps (B, C, h, w). */
    Tensor features(Tensor images);

    /** The last feature maps (B, C, h, w) to scores (B, classes). */
    Tensor classify(Tensor features);
}

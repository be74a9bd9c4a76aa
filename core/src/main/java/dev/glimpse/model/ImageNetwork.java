package dev.glimpse.model;

import java.util.List;
import org.bytedeco.pytorch.Tensor;

/** A classifier in two parts, so that an explanation can stand between them, a detector behind its stages. */
public interface ImageNetwork {
    /** Images (B, planes, H, W) to the maps of the last convolutions (B, C, h, w). */
    Tensor features(Tensor images);

    /** These maps to scores (B, classes); an attention behind all convolutions belongs here. */
    Tensor classify(Tensor features);

    /** The maps at the end of each stage, from the largest to the smallest, the last being {@link #features}. */
    List<Tensor> stages(Tensor images);

    /** Puts a new, untrained classifier of that many classes in the place of the old one. */
    void replaceClassifier(long classes);
}

package dev.glimpse.explain;

import dev.glimpse.model.ImageNetwork;
import dev.glimpse.nn.Scopes;
import dev.glimpse.nn.Tensors;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.AutoGradMode;
import org.bytedeco.pytorch.Tensor;

/**
 * Which positions of the last feature maps raise a class's score.
 *
 * <pre>
 * w_c = mean over positions of d score / d A_c       A: features (C, h, w)
 * map = relu(sum_c w_c A_c)                          (h, w)
 * </pre>
 *
 * Selvaraju, Cogswell, Das, Vedantam, Parikh, Batra: Grad-CAM: Visual Explanations from Deep Networks via
 * Gradient-based Localization. ICCV 2017. <a href="https://arxiv.org/abs/1610.02391">arXiv:1610.02391</a>
 */
public final class GradCam {
    private GradCam() {}

    /**
     * A map for each image; the network's parameters and their gradients stay as they are.
     *
     * @param network in eval mode
     * @param images (B, planes, H, W)
     * @param classes for each image, whose score is explained
     */
    public static List<HeatMap> maps(ImageNetwork network, Tensor images, int[] classes) {
        try (AutoGradMode _ = new AutoGradMode(true); PointerScope _ = new PointerScope()) {
            Tensor features = Scopes.noGrad(() -> network.features(images)).detach().set_requires_grad(true);
            Tensor scores = network.classify(features); // (B, classes)
            Tensor sum = null;
            for (int i = 0; i < classes.length; i++) {
                Tensor score = scores.get(i).get(classes[i]);
                sum = sum == null ? score : sum.add(score);
            }
            Tensor gradient = Tensors.gradient(sum, features);
            Tensor weighted = Tensors.spatialMean(gradient).mul(features); // (B, C, h, w)
            Tensor cams = weighted.sum(1).relu(); // (B, h, w)
            List<HeatMap> maps = new ArrayList<>();
            for (int i = 0; i < classes.length; i++) {
                maps.add(new HeatMap((int) cams.size(2), (int) cams.size(1), Tensors.toFloats(cams.get(i))));
            }
            return maps;
        }
    }
}

package dev.glimpse.io;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.bytedeco.pytorch.Tensor;

/**
 * Where timm names the weights of a network otherwise than torchvision: in VGG's head, whose linear layers are convolutions
 * there, and in all of MobileNet V2. Its ResNets, DenseNets and Xception have the names that ours have.
 */
final class TimmNames {
    /** VGG's head sees maps of this side. */
    private static final long GRID = 7;
    private static final Map<String, String> VGG =
            Map.of("classifier.0.", "pre_logits.fc1.", "classifier.3.", "pre_logits.fc2.", "classifier.6.", "head.fc.");
    /** How many blocks each of MobileNet V2's stages has. */
    private static final int[] BLOCKS = {1, 2, 3, 4, 3, 3, 1};
    private static final Pattern MOBILE_BLOCK = Pattern.compile("features\\.(\\d+)\\.(.*)");
    private static final Pattern TIMM_MOBILE_BLOCK = Pattern.compile("blocks\\.(\\d+)\\.(\\d+)\\.(.*)");
    /** The first block, which does not widen: torchvision's names and timm's. */
    private static final Map<String, String> FIRST =
            Map.of("conv.0.0.", "conv_dw.", "conv.0.1.", "bn1.", "conv.1.", "conv_pw.", "conv.2.", "bn2.");
    private static final Map<String, String> FURTHER = Map.of("conv.0.0.", "conv_pw.", "conv.0.1.", "bn1.",
            "conv.1.0.", "conv_dw.", "conv.1.1.", "bn2.", "conv.2.", "conv_pwl.", "conv.3.", "bn3.");
    private static final Map<String, String> AROUND = Map.of("features.0.0.", "conv_stem.", "features.0.1.", "bn1.",
            "features.18.0.", "conv_head.", "features.18.1.", "bn2.", "classifier.1.", "classifier.");

    private TimmNames() {}

    /** timm's weights under torchvision's names. */
    static Map<String, Tensor> toTorchvision(Map<String, Tensor> weights) {
        Map<String, Tensor> renamed = new LinkedHashMap<>();
        if (weights.containsKey("pre_logits.fc1.weight")) {
            weights.forEach((key, value) -> renamed.put(swapped(key, inverse(VGG)),
                    key.startsWith("pre_logits.") && value.dim() == 4 ? value.flatten(1, 3) : value));
        } else if (weights.containsKey("blocks.1.0.conv_pwl.weight") && weights.containsKey("conv_head.weight")) {
            weights.forEach((key, value) -> renamed.put(fromMobile(key), value));
        } else {
            return weights;
        }
        return renamed;
    }

    /** The reverse. */
    static Map<String, Tensor> fromTorchvision(Map<String, Tensor> weights) {
        Map<String, Tensor> renamed = new LinkedHashMap<>();
        if (weights.containsKey("classifier.6.weight") && weights.containsKey("features.0.weight")) {
            weights.forEach((key, value) -> renamed.put(swapped(key, VGG), switch (key) {
                case "classifier.0.weight" -> value.view(-1, value.size(1) / (GRID * GRID), GRID, GRID);
                case "classifier.3.weight" -> value.unsqueeze(2).unsqueeze(3);
                default -> value;
            }));
        } else if (weights.containsKey("features.1.conv.0.0.weight") && weights.containsKey("features.18.0.weight")) {
            weights.forEach((key, value) -> renamed.put(toMobile(key), value));
        } else {
            return weights;
        }
        return renamed;
    }

    private static String fromMobile(String key) {
        Matcher block = TIMM_MOBILE_BLOCK.matcher(key);
        if (!block.matches()) {
            return swapped(key, inverse(AROUND));
        }
        int number = firstOf(Integer.parseInt(block.group(1))) + Integer.parseInt(block.group(2));
        return "features." + number + "." + swapped(block.group(3), inverse(number == 1 ? FIRST : FURTHER));
    }

    private static String toMobile(String key) {
        Matcher block = MOBILE_BLOCK.matcher(key);
        int number = block.matches() ? Integer.parseInt(block.group(1)) : 0;
        int stage = BLOCKS.length - 1;
        if (number < 1 || number >= firstOf(BLOCKS.length)) {
            return swapped(key, AROUND);
        }
        while (firstOf(stage) > number) {
            stage--;
        }
        return "blocks." + stage + "." + (number - firstOf(stage)) + "."
                + swapped(block.group(2), number == 1 ? FIRST : FURTHER);
    }

    /** The number of a stage's first block among torchvision's {@code features}, of which the stem is the first. */
    private static int firstOf(int stage) {
        int number = 1;
        for (int i = 0; i < Math.min(stage, BLOCKS.length); i++) {
            number += BLOCKS[i];
        }
        return number;
    }

    /** With the one of the beginnings that the key has replaced; the longest, where several fit. */
    private static String swapped(String key, Map<String, String> beginnings) {
        List<String> fitting = new ArrayList<>(beginnings.keySet());
        fitting.removeIf(beginning -> !key.startsWith(beginning));
        fitting.sort((a, b) -> b.length() - a.length());
        return fitting.isEmpty() ? key
                : beginnings.get(fitting.getFirst()) + key.substring(fitting.getFirst().length());
    }

    private static Map<String, String> inverse(Map<String, String> names) {
        Map<String, String> inverse = new LinkedHashMap<>();
        names.forEach((ours, timms) -> inverse.put(timms, ours));
        return inverse;
    }
}

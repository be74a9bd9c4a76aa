package dev.glimpse.io;

import dev.glimpse.nn.Tensors;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.bytedeco.pytorch.Tensor;

/**
 * How a project names a network's weights. Between projects the names of the convolutions agree; those of the attention in
 * them differ, and for CBAM and SE its shapes too.
 *
 * <pre>
 * Map&lt;String, Tensor&gt; ours = Dialect.TIMM.toGlimpse(Weights.read(Path.of("seresnet.pth")));
 * Map&lt;String, Tensor&gt; timms = Dialect.TIMM.fromGlimpse(StateDict.of(network));
 * </pre>
 */
public enum Dialect {
    /** Ours: torchvision's names, with an attention under {@code attention}, {@code cbam} or {@code bam1} to {@code bam3}. */
    GLIMPSE {
        @Override
        Map<String, Tensor> translateFrom(Map<String, Tensor> weights) {
            return weights;
        }

        @Override
        Map<String, Tensor> translateTo(Map<String, Tensor> weights) {
            return weights;
        }
    },
    /** torchvision's, those of its first DenseNet files included. */
    TORCHVISION {
        private static final Pattern OLD_DENSE =
                Pattern.compile("(.*denselayer\\d+\\.(?:norm|relu|conv))\\.([12]\\..*)");

        @Override
        Map<String, Tensor> translateFrom(Map<String, Tensor> weights) {
            return renamed(weights, key -> OLD_DENSE.matcher(key).replaceFirst("$1$2"));
        }

        @Override
        Map<String, Tensor> translateTo(Map<String, Tensor> weights) {
            return weights;
        }
    },
    /**
     * timm's: whatever attention a block has stands under {@code se}. A CBAM or SE of the authors' form becomes timm's, whose
     * MLP is made of convolutions, and whose spatial gate takes the mean first. VGG's head and MobileNet V2 get timm's names and
     * shapes; its ResNets, DenseNets and Xception are named as ours.
     */
    TIMM {
        @Override
        Map<String, Tensor> translateFrom(Map<String, Tensor> weights) {
            return renamed(TimmNames.toTorchvision(weights),
                    key -> key.replaceFirst("(^|\\.)se\\.(channel|spatial)\\.", "$1cbam.$2.")
                            .replaceFirst("(^|\\.)se\\.", "$1attention."));
        }

        @Override
        Map<String, Tensor> translateTo(Map<String, Tensor> weights) {
            Map<String, Tensor> translated = new LinkedHashMap<>();
            weights.forEach((key, value) -> {
                Matcher gate = AUTHORS_CBAM.matcher(key);
                Matcher excitation = AUTHORS_SE.matcher(key);
                if (gate.matches()) {
                    translated.put(gate.group(1) + "se." + TIMM_CBAM.get(gate.group(2)) + gate.group(3),
                            gate.group(2).equals(SPATIAL_CONV) ? Tensors.cat(1, value.narrow(1, 1, 1),
                                    value.narrow(1, 0, 1)) : asConvolution(value));
                } else if (excitation.matches()) {
                    String layer = excitation.group(1) + "se.fc" + (excitation.group(2).equals("0") ? 1 : 2) + ".";
                    translated.put(layer + excitation.group(3), asConvolution(value));
                    if (!weights.containsKey(excitation.group(1) + "attention.fc." + excitation.group(2) + ".bias")) {
                        translated.put(layer + "bias", Tensors.zeros(value.scalar_type().intern(), value.size(0)));
                    }
                } else {
                    translated.put(key.replaceFirst("(^|\\.)(attention|cbam)\\.", "$1se."), value);
                }
            });
            return TimmNames.fromTorchvision(translated);
        }
    },
    /** Jongchan/attention-module's, whose checkpoints were saved from several processors: every name begins with module. */
    ATTENTION_MODULE {
        @Override
        Map<String, Tensor> translateFrom(Map<String, Tensor> weights) {
            return weights;
        }

        @Override
        Map<String, Tensor> translateTo(Map<String, Tensor> weights) {
            Map<String, Tensor> translated = new LinkedHashMap<>();
            weights.forEach((key, value) -> translated.put("module." + key, value));
            return translated;
        }
    };

    private static final List<String> WRAPPERS = List.of("module.", "_orig_mod.", "model.", "backbone.", "encoder.");
    private static final String SPATIAL_CONV = "SpatialGate.spatial.conv.";
    private static final Pattern AUTHORS_CBAM = Pattern
            .compile("(.*\\.|)cbam\\.(ChannelGate\\.mlp\\.[13]\\.|SpatialGate\\.spatial\\.(?:conv|bn)\\.)(\\w+)");
    private static final Pattern AUTHORS_SE = Pattern.compile("(.*\\.|)attention\\.fc\\.([02])\\.(weight|bias)");
    private static final Map<String, String> TIMM_CBAM = Map.of("ChannelGate.mlp.1.", "channel.fc1.",
            "ChannelGate.mlp.3.", "channel.fc2.", SPATIAL_CONV, "spatial.conv.conv.", "SpatialGate.spatial.bn.",
            "spatial.conv.bn.");

    abstract Map<String, Tensor> translateFrom(Map<String, Tensor> weights);

    abstract Map<String, Tensor> translateTo(Map<String, Tensor> weights);

    /** Weights of this dialect under our names; a prefix that all names share ({@code module.}, {@code model.}) goes. */
    public Map<String, Tensor> toGlimpse(Map<String, Tensor> weights) {
        return translateFrom(unwrapped(weights));
    }

    /** Our weights under this dialect's names. */
    public Map<String, Tensor> fromGlimpse(Map<String, Tensor> weights) {
        return translateTo(weights);
    }

    private static Map<String, Tensor> unwrapped(Map<String, Tensor> weights) {
        for (String wrapper : WRAPPERS) {
            if (!weights.isEmpty() && weights.keySet().stream().allMatch(key -> key.startsWith(wrapper))) {
                return unwrapped(renamed(weights, key -> key.substring(wrapper.length())));
            }
        }
        return weights;
    }

    private static Map<String, Tensor> renamed(Map<String, Tensor> weights, UnaryOperator<String> name) {
        Map<String, Tensor> renamed = new LinkedHashMap<>();
        weights.forEach((key, value) -> renamed.put(name.apply(key), value));
        return renamed;
    }

    /** The weight of a linear layer as that of a 1x1 convolution; anything else as it is. */
    private static Tensor asConvolution(Tensor value) {
        return value.dim() == 2 ? value.unsqueeze(2).unsqueeze(3) : value;
    }
}

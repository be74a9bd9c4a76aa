package dev.glimpse.system.translation;

import dev.glimpse.attention.Args;
import dev.glimpse.sequence.Transformer;
import java.util.LinkedHashMap;
import java.util.Map;

/** Translation by attention alone (Vaswani et al., 2017): {@link Transformer}. */
public final class TransformerSystem extends TranslationSystem {
    @Override
    public String name() {
        return "transformer";
    }

    @Override
    public Map<String, String> usual() {
        Map<String, String> usual = new LinkedHashMap<>();
        usual.put("--epochs", "12");
        usual.put("--batch", "96");
        usual.put("--optimizer", "adam:beta2=0.98,epsilon=1e-9");
        usual.put("--lr", "0.001");
        usual.put("--weight-decay", "0");
        usual.put("--label-smoothing", "0.1");
        usual.put("--schedule", "inverse-sqrt");
        usual.put("--warmup", "2");
        usual.put("--ema", "0.998");
        return usual;
    }

    @Override
    Map<String, Object> usualArgs() {
        return Map.of("d_model", 256, "d_inner", 512, "n_layers", 3, "n_head", 8, "dropout", 0.2);
    }

    @Override
    Translator translator(Args args) {
        return new Translator(new Transformer(Transformer.Config.read(args)));
    }
}

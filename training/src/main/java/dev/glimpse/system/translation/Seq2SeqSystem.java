package dev.glimpse.system.translation;

import dev.glimpse.attention.Args;
import dev.glimpse.sequence.Seq2Seq;
import java.util.LinkedHashMap;
import java.util.Map;

/** Translation by recurrent networks with attention (Bahdanau, Cho, Bengio, 2015): {@link Seq2Seq}. */
public final class Seq2SeqSystem extends TranslationSystem {
    @Override
    public String name() {
        return "seq2seq";
    }

    @Override
    public Map<String, String> usual() {
        Map<String, String> usual = new LinkedHashMap<>();
        usual.put("--epochs", "10");
        usual.put("--batch", "96");
        usual.put("--optimizer", "adam");
        usual.put("--lr", "0.001");
        usual.put("--weight-decay", "0");
        usual.put("--clip-norm", "1");
        usual.put("--schedule", "cosine:end=0.05");
        return usual;
    }

    @Override
    Map<String, Object> usualArgs() {
        return Map.of("emb_dim", 256, "enc_hid_dim", 256, "dec_hid_dim", 256, "maxout", 256, "dropout", 0.3);
    }

    @Override
    Translator translator(Args args) {
        return new Translator(new Seq2Seq(Seq2Seq.Config.read(args)));
    }
}

package dev.glimpse.system.caption;

import dev.glimpse.Layer;
import dev.glimpse.attention.Args;
import dev.glimpse.sequence.Tokeniser;
import dev.glimpse.train.LearnedSystem;
import dev.glimpse.train.Material;
import dev.glimpse.train.RunConfig;
import dev.glimpse.train.Task;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;
import java.util.stream.Collectors;

/**
 * Captions of pictures, said word by word with a look at the picture before each.
 *
 * <p>
 * Xu et al.: Show, Attend and Tell. ICML 2015, <a href="https://arxiv.org/abs/1502.03044">arXiv:1502.03044</a>
 */
public final class CaptionSystem implements LearnedSystem {
    static final String NAME = "caption";
    private static final String GENERATED = "generated";
    private static final float[] MIDDLE = {0.5f, 0.5f, 0.5f};
    private static final float[] SPREAD = {0.25f, 0.25f, 0.25f};
    private static final float[] PHOTO_MEAN = {0.485f, 0.456f, 0.406f};
    private static final float[] PHOTO_STD = {0.229f, 0.224f, 0.225f};
    private static final int PHOTO_SIDE = 224;
    private static final int EXAMPLES = 8;

    static boolean generated(String data) {
        return data.equals(GENERATED) || data.startsWith(GENERATED + ":");
    }

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public Map<String, String> usual() {
        Map<String, String> usual = new LinkedHashMap<>();
        usual.put("--epochs", "12");
        usual.put("--batch", "32");
        usual.put("--optimizer", "adam");
        usual.put("--lr", "0.002");
        usual.put("--weight-decay", "0");
        usual.put("--clip-norm", "5");
        return usual;
    }

    @Override
    public Prepared prepare(String data, Args args) throws IOException {
        CaptionConfig.check(args);
        CaptionMaterial material = CaptionMaterial.open(data);
        List<String> words = material.vocabulary(CaptionConfig.read(args).minCount()).words();
        boolean generated = material.train() instanceof Scenes;
        return new Prepared(material.data(), material, List.of(), Map.of(CaptionConfig.WORDS, words),
                material.train() instanceof Scenes scenes ? scenes.side() : PHOTO_SIDE,
                generated ? MIDDLE : PHOTO_MEAN, generated ? SPREAD : PHOTO_STD);
    }

    @Override
    public Material material(String data, RunConfig config) throws IOException {
        return CaptionMaterial.open(data);
    }

    @Override
    public Layer network(RunConfig config) {
        return new CaptionNetwork(CaptionConfig.of(config), config);
    }

    @Override
    public Task task(RunConfig config) {
        return new CaptionTask(config);
    }

    @Override
    public List<Example> examples(Layer network, RunConfig config, Material material, BooleanSupplier stop)
            throws IOException {
        CaptionMaterial pictures = (CaptionMaterial) material;
        Captioner captioner = new Captioner(network, config);
        List<Example> examples = new ArrayList<>();
        for (int i = 0; i < Math.min(EXAMPLES, pictures.test().size()) && !stop.getAsBoolean(); i++) {
            Captioner.Caption caption = captioner.caption(pictures.test().image(i), 1);
            examples.add(new Example(pictures.test().name(i), caption.text(),
                    pictures.test().captions(i).stream().map(Tokeniser::join).collect(Collectors.joining(" / ")),
                    CaptionStrip.panels(caption)));
        }
        return examples;
    }
}

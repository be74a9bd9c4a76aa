package dev.glimpse.system.translation;

import dev.glimpse.Layer;
import dev.glimpse.attention.Args;
import dev.glimpse.sequence.Vocabulary;
import dev.glimpse.train.LearnedSystem;
import dev.glimpse.train.Material;
import dev.glimpse.train.RunConfig;
import dev.glimpse.train.Task;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import org.bytedeco.javacpp.PointerScope;

/** What the systems that translate share: all but the model. */
abstract class TranslationSystem implements LearnedSystem {
    static final String SOURCE = "source";
    static final String TARGET = "target";

    private static final int EXAMPLES = 6;

    /** The model's arguments where a user does not say otherwise. */
    abstract Map<String, Object> usualArgs();

    /** The model, whose vocabularies' sizes stand among its arguments. Call it outside of pointer scopes. */
    abstract Translator translator(Args args);

    @Override
    public Prepared prepare(String data, Args args) throws IOException {
        Path folder = Path.of(data).toAbsolutePath().normalize();
        TextOptions options = options(args.values());
        build(args.values(), Vocabulary.END + 1, Vocabulary.END + 1).close(); // an argument may be wrong
        TranslationMaterial material = TranslationMaterial.read(folder, options);
        Sentences learned = material.learned();
        Map<String, List<String>> words = Map.of(
                SOURCE, words(options, learned.both(), learned.source().stream()),
                TARGET, words(options, learned.both(), learned.target().stream()));
        return Prepared.text(folder.toString(), material, words);
    }

    private static List<String> words(TextOptions options, Stream<List<String>> both, Stream<List<String>> own) {
        return Vocabulary.of(options.joint() ? both : own, options.leastCount()).words();
    }

    @Override
    public Material material(String data, RunConfig config) throws IOException {
        return TranslationMaterial.read(Path.of(data), options(config.args()));
    }

    @Override
    public Layer network(RunConfig config) {
        return build(config.args(), vocabulary(config, SOURCE).size(), vocabulary(config, TARGET).size());
    }

    private Translator build(Map<String, Object> typed, long sourceWords, long targetWords) {
        Args args = args(typed).with("n_src_vocab", sourceWords).with("n_trg_vocab", targetWords);
        TextOptions.read(args);
        Translator translator = translator(args);
        args.requireAllRead();
        return translator;
    }

    private Args args(Map<String, Object> typed) {
        Map<String, Object> values = new LinkedHashMap<>(usualArgs());
        values.putAll(typed);
        return new Args(name(), values);
    }

    @Override
    public Task task(RunConfig config) {
        return new TranslationTask(config.recipe().regularisation().labelSmoothing(), vocabulary(config, TARGET),
                options(config.args()).longest());
    }

    /** How a run of this system reads sentences. */
    TextOptions options(Map<String, Object> typed) {
        return TextOptions.read(args(typed));
    }

    static Vocabulary vocabulary(RunConfig config, String which) {
        List<String> words = config.words().get(which);
        if (words == null) {
            throw new IllegalArgumentException("no run of a translation: it has no vocabulary of its " + which);
        }
        return new Vocabulary(words);
    }

    @Override
    public List<Example> examples(Layer network, RunConfig config, Material material, BooleanSupplier stop) {
        SentenceTranslator translator = SentenceTranslator.of(network, config);
        Sentences tested = ((TranslationMaterial) material).tested();
        List<Example> examples = new ArrayList<>();
        for (int i = 0; i < Math.min(EXAMPLES, tested.size()) && !stop.getAsBoolean(); i++) {
            try (PointerScope _ = new PointerScope()) {
                String sentence = tested.text().source().get(i);
                SentenceTranslator.Translation said = translator.translate(List.of(sentence), 1).getFirst();
                examples.add(new Example(sentence, said.text(), tested.text().target().get(i),
                        Map.of("attention", translator.summary(said))));
            }
        }
        return examples;
    }
}

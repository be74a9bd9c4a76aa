package dev.glimpse.app;

import dev.glimpse.explain.Pictures;
import dev.glimpse.explain.WordMapSheet;
import dev.glimpse.io.Utf8;
import dev.glimpse.nn.Checks;
import dev.glimpse.nn.Libtorch;
import dev.glimpse.system.translation.SentenceTranslator;
import dev.glimpse.system.translation.SentenceTranslator.Translation;
import dev.glimpse.system.translation.TranslationScore;
import dev.glimpse.train.Run;
import dev.glimpse.train.TaskConfig;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Translates sentences by a trained run of seq2seq or transformer, and shows which words it looked at. */
@Command(name = "translate", mixinStandardHelpOptions = true, showDefaultValues = true, description = {
    "Translate sentences by a run of glimpse train --model seq2seq or transformer, and show which words it looked at.",
    "--test measures perplexity and BLEU instead."})
final class TranslateCommand implements Callable<Integer> {
    @Parameters(index = "0", paramLabel = "RUN", description = "The run's folder.")
    private Path folder;

    @Parameters(index = "1..*", paramLabel = "SENTENCE",
            description = "Sentences, each in quotes; where none is given, the lines of standard input.")
    private List<String> sentences = new ArrayList<>();

    @Option(names = "--beam", defaultValue = "4", paramLabel = "N",
            description = "Beginnings that are kept in play; 1 takes the likeliest word each time.")
    private int beams;

    @Option(names = "--maps", paramLabel = "FILE.png",
            description = "Draw which words attended to which, of one sentence.")
    private Path maps;

    @Option(names = "--test", paramLabel = "DATA",
            description = "Translate a folder's test sentences and compare: perplexity and BLEU.")
    private Path test;

    @Option(names = "--set", defaultValue = "test_2016_flickr", paramLabel = "NAME",
            description = "Which of the folder's files --test reads: NAME.de and NAME.en, or with .gz behind.")
    private String set;

    @Option(names = "--json", description = "Print one JSON object.")
    private boolean json;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws IOException {
        Checks.positive("--beam", beams);
        if (test != null && (!sentences.isEmpty() || maps != null)) {
            throw new IllegalArgumentException("--test reads a folder's sentences: give no others, and no --maps");
        }
        if (maps != null && sentences.size() != 1) {
            throw new IllegalArgumentException("--maps draws one sentence, got " + sentences.size());
        }
        Run run = Run.open(folder);
        if (run.config().task().kind() != TaskConfig.Kind.SYSTEM || !SentenceTranslator.canUse(run.config())) {
            throw new IllegalArgumentException(folder + ": '" + run.config().model() + "' does not translate");
        }
        Libtorch.load();
        SentenceTranslator translator = SentenceTranslator.of(run.network(), run.config());
        return test != null ? score(translator) : translate(translator);
    }

    private int score(SentenceTranslator translator) throws IOException {
        TranslationScore score = TranslationScore.of(translator, test, set, beams);
        PrintWriter out = spec.commandLine().getOut();
        if (json) {
            out.println(Output.json(score));
        } else {
            out.printf(Locale.ROOT,
                    "BLEU %.2f (%s), perplexity %.2f, accuracy of words %.1f %%, on %d sentences of %s%n",
                    score.bleu().score(), score.signature(), score.perplexity(), 100 * score.accuracy(),
                    score.sentences(), set);
        }
        out.flush();
        return 0;
    }

    /** What cannot be translated is a line of its own. */
    private int translate(SentenceTranslator translator) throws IOException {
        List<String> all = sentences.isEmpty() ? read() : sentences;
        List<String> fit = new ArrayList<>();
        for (int i = 0; i < all.size(); i++) {
            Optional<String> refusal = translator.refusal(all.get(i));
            if (refusal.isPresent()) {
                say("sentence " + (i + 1) + ": " + refusal.get());
            } else {
                fit.add(all.get(i));
            }
        }
        List<Translation> said = translator.translate(fit, beams);
        for (Translation one : said) {
            if (!one.unknown().isEmpty()) {
                say("unknown to this model: " + String.join(", ", one.unknown()));
            }
        }
        if (maps != null && !said.isEmpty()) {
            Pictures.write(WordMapSheet.draw(translator.maps(said.getFirst())), maps);
        }
        print(said, all.size() - fit.size());
        return fit.size() == all.size() ? 0 : Main.FAILED;
    }

    private static List<String> read() throws IOException {
        try (BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8))) {
            return Utf8.unmarked(in).readAllLines();
        }
    }

    private void print(List<Translation> said, int refused) {
        PrintWriter out = spec.commandLine().getOut();
        if (json) {
            Map<String, Object> result = new LinkedHashMap<>();
            result.put("translations", said);
            result.put("refused", refused);
            result.put("maps", maps == null || said.isEmpty() ? null : maps.toString());
            out.println(Output.json(result));
        } else {
            said.forEach(one -> out.println(one.text()));
        }
        out.flush();
    }

    private void say(String message) {
        spec.commandLine().getErr().println("glimpse: " + message);
        spec.commandLine().getErr().flush();
    }
}

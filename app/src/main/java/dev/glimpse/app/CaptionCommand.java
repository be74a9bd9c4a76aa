package dev.glimpse.app;

import dev.glimpse.data.Image;
import dev.glimpse.data.ImageReader;
import dev.glimpse.explain.Pictures;
import dev.glimpse.nn.Libtorch;
import dev.glimpse.system.caption.CaptionStrip;
import dev.glimpse.system.caption.Captioner;
import dev.glimpse.system.caption.Captioner.Caption;
import dev.glimpse.train.Run;
import dev.glimpse.train.RunConfig;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Says captions of pictures, and draws where the decoder looked before each word. */
@Command(name = "caption", mixinStandardHelpOptions = true, showDefaultValues = true, description = {
    "Say captions of pictures, and draw where the decoder looked before each word.",
    "RUN is a training of glimpse train --model caption (Xu et al., 2015)."})
final class CaptionCommand implements Callable<Integer> {
    private static final int MOST_BEAMS = 100;
    private static final int MOST_IN_A_STRIP = 20;

    @Parameters(index = "0", paramLabel = "RUN", description = "Folder of a run.")
    private Path folder;

    @Parameters(index = "1..*", arity = "0..*", paramLabel = "IMAGE", description = "Pictures.")
    private List<Path> files = new ArrayList<>();

    @Option(names = "--test", paramLabel = "N", description = "Take the first pictures that the run was tested on.")
    private int test;

    @Option(names = "--beam", defaultValue = "1", paramLabel = "N",
            description = "Beginnings in play; 1 takes the likeliest word each time.")
    private int beams;

    @Option(names = "--strip", paramLabel = "OUT.png",
            description = "Draw a panel a word: red where it looked before the word, blue where not. Of up to "
                    + MOST_IN_A_STRIP + " pictures.")
    private Path strip;

    @Option(names = "--json", description = "Print one JSON object.")
    private boolean json;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws IOException {
        if (beams < 1 || beams > MOST_BEAMS) {
            throw new IllegalArgumentException("--beam is " + beams + ", must be 1 to " + MOST_BEAMS);
        }
        if (files.isEmpty() == (test < 1)) {
            throw new IllegalArgumentException("give IMAGE..., or --test N of at least 1");
        }
        Run run = Run.open(folder);
        RunConfig config = run.config();
        if (!config.model().equals("caption")) {
            throw new IllegalArgumentException(folder + " is a training of '" + config.model() + "', not of 'caption'");
        }
        Libtorch.load();
        Captioner captioner = new Captioner(run.network(), config);
        Map<String, Caption> captions = new LinkedHashMap<>();
        int unread = 0;
        if (test > 0) {
            for (Map.Entry<String, Image> picture : Captioner.tested(Materials.of(config.data(), config), test)
                    .entrySet()) {
                say(captioner, picture.getKey(), picture.getValue(), captions);
            }
        }
        for (Path file : files) {
            try {
                say(captioner, file.toString(), ImageReader.read(file), captions);
            } catch (IOException e) {
                unread++;
                spec.commandLine().getErr().println("glimpse: " + e.getMessage());
            }
        }
        PrintWriter out = spec.commandLine().getOut();
        if (strip != null && !captions.isEmpty()) {
            Pictures.write(CaptionStrip.draw(captions.values().stream().limit(MOST_IN_A_STRIP).toList()), strip);
        }
        if (json) {
            Map<String, Object> result = new LinkedHashMap<>();
            result.put("images", captions.entrySet().stream().map(CaptionCommand::row).toList());
            result.put("unread", unread);
            result.put("strip", strip == null || captions.isEmpty() ? null : strip.toString());
            out.println(Output.json(result));
        }
        out.flush();
        return unread == 0 ? 0 : Main.FAILED;
    }

    private void say(Captioner captioner, String name, Image picture, Map<String, Caption> captions) {
        Caption caption = captioner.caption(picture, beams);
        captions.put(name, caption);
        if (!json) {
            spec.commandLine().getOut().println(name + ": " + caption.text());
        }
    }

    private static Map<String, Object> row(Map.Entry<String, Caption> said) {
        Map<String, Object> row = new LinkedHashMap<>();
        row.put("file", said.getKey());
        row.put("caption", said.getValue().text());
        row.put("log_probability", said.getValue().score());
        row.put("words", said.getValue().words());
        return row;
    }
}

package dev.glimpse.system.caption;

import dev.glimpse.attention.Args;
import dev.glimpse.data.Augmentation;
import dev.glimpse.data.Batches;
import dev.glimpse.data.Loader;
import dev.glimpse.data.Transform;
import dev.glimpse.sequence.Vocabulary;
import dev.glimpse.train.Material;
import dev.glimpse.train.RunConfig;
import java.io.IOException;
import java.nio.file.Path;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Pictures with captions to learn from and to be tested on.
 *
 * @param data where they are, whatever the working directory
 * @param longest words of a caption, without marks
 */
record CaptionMaterial(String data, CaptionedImages train, CaptionedImages test, int longest) implements Material {
    private static final int MARKS = 2;
    private static final int TEST_BATCH = 128;

    /**
     * Reads or generates them: {@code generated[:KEY=VALUE,...]}, or {@code FILE.json[,images=FOLDER][,test=val|test]}.
     *
     * @throws IOException in one line where they cannot be read
     */
    static CaptionMaterial open(String data) throws IOException {
        if (CaptionSystem.generated(data)) {
            Scenes.Halves scenes = Scenes.parse(data);
            return new CaptionMaterial(data, scenes.train(), scenes.test(), Scene.LONGEST);
        }
        int comma = data.indexOf(",");
        Path file = Path.of(comma < 0 ? data : data.substring(0, comma)).toAbsolutePath().normalize();
        Args args = Args.parse("captions" + (comma < 0 ? "" : ":" + data.substring(comma + 1)));
        Path images = Path.of(args.text("images", file.getParent().toString())).toAbsolutePath().normalize();
        String half = args.text("test", "val");
        args.requireAllRead();
        KarpathySplit split = KarpathySplit.read(file, images);
        return new CaptionMaterial(file + ",images=" + images + ",test=" + half, split.half("train"),
                split.half(half), KarpathySplit.LONGEST);
    }

    /** What captions to learn from are made of; of generated scenes all that there is. */
    Vocabulary vocabulary(long minCount) {
        return train instanceof Scenes
                ? Vocabulary.of(Stream.of(Scene.vocabulary()), 1)
                : Vocabulary.of(IntStream.range(0, train.size()).boxed()
                        .flatMap(i -> train.captions(i).stream()), minCount);
    }

    @Override
    public int trainingImages() {
        return train.size();
    }

    @Override
    public RunConfig.Images identity() {
        return Material.identity(train.size(), test.size(), i -> name(train, i), i -> name(test, i));
    }

    private static String name(CaptionedImages images, int index) {
        return images.name(index) + " " + images.captions(index);
    }

    @Override
    public Batches training(RunConfig config, int workers) {
        return new Loader(examples(train, config, true), Material.shuffled(config, train.size(), workers));
    }

    @Override
    public Batches test(RunConfig config, int workers) {
        return new Loader(examples(test, config, false), Material.inOrder(config, TEST_BATCH, workers));
    }

    private CaptionExamples examples(CaptionedImages images, RunConfig config, boolean training) {
        Transform transform = new Transform(config.size(), config.mean(), config.std(), Augmentation.none());
        return new CaptionExamples(images, CaptionConfig.vocabulary(config), transform,
                Math.max(CaptionTarget.LEAST_LENGTH, longest + MARKS), training);
    }
}

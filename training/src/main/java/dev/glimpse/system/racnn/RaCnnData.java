package dev.glimpse.system.racnn;

import dev.glimpse.attention.Args;
import dev.glimpse.data.ChannelStatistics;
import dev.glimpse.data.DataSources;
import dev.glimpse.data.Dataset;
import dev.glimpse.data.Loader;
import dev.glimpse.data.Transform;
import dev.glimpse.system.racnn.Beetles.Half;
import dev.glimpse.train.LearnedSystem.Prepared;
import dev.glimpse.train.Material;
import dev.glimpse.train.RunConfig;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;

/** What it is trained on: generated beetles, CUB-200-2011, or whatever images have a class each. */
final class RaCnnData {
    /** The argument of the model that says how large pictures from files are fed. */
    static final String SIZE = "size";
    /** The argument that says whether CUB's birds are cut out by their bounding boxes. */
    static final String CROPPED = "cropped";
    private static final int USUAL_SIZE = 96;

    private RaCnnData() {}

    static Prepared prepare(String data, Args args) throws IOException {
        if (Beetles.means(data)) {
            Beetles beetles = Beetles.parse(data);
            if (args.has(SIZE) || args.has(CROPPED)) {
                throw new IllegalArgumentException(
                        "racnn: size and cropped are for pictures from files; write generated:size=" + beetles.size());
            }
            float mean = BeetleExamples.MEAN;
            float std = BeetleExamples.DEVIATION;
            RaCnnOptions.read(args, Beetles.SPECIES.size(), beetles.size());
            return new Prepared(data, new Generated(beetles), Beetles.SPECIES, Map.of(), beetles.size(),
                    new float[]{mean, mean, mean}, new float[]{std, std, std});
        }
        Pictures pictures = pictures(data, args);
        int size = Math.toIntExact(Math.clamp(args.integer(SIZE, USUAL_SIZE), 1, 1 << 14));
        RaCnnOptions.read(args, pictures.train.classes().size(), size);
        ChannelStatistics colours = ChannelStatistics.of(pictures.train);
        String place = Cub.recognises(data) ? Path.of(data).toAbsolutePath().normalize().toString()
                : DataSources.absolute(data);
        return new Prepared(place, pictures, pictures.train.classes(), Map.of(), size, colours.mean(), colours.std());
    }

    static Material material(String data, RunConfig config) throws IOException {
        if (Beetles.means(data)) {
            return new Generated(Beetles.parse(data));
        }
        Pictures pictures = pictures(data, new Args(config.model(), config.args()));
        if (!pictures.train.classes().equals(config.classes())) {
            throw new IllegalArgumentException(data + ": its classes are others than when the run began");
        }
        return pictures;
    }

    private static Pictures pictures(String data, Args args) throws IOException {
        boolean cropped = args.flag(CROPPED, false);
        if (Cub.recognises(data)) {
            Path folder = Path.of(data);
            return new Pictures(Cub.open(folder, true, cropped), Cub.open(folder, false, cropped));
        }
        if (cropped) {
            throw new IllegalArgumentException(
                    data + ": cropped=true needs the bounding_boxes.txt of CUB-200-2011");
        }
        DataSources.Splits splits = DataSources.open(data);
        if (splits.train().multiLabel()) {
            throw new IllegalArgumentException(data + ": several labels an image; racnn takes one");
        }
        return new Pictures(splits.train(), splits.test());
    }

    /** Drawn anew each time they are asked for. */
    record Generated(Beetles beetles) implements Material {
        @Override
        public int trainingImages() {
            return beetles.train();
        }

        @Override
        public RunConfig.Images identity() {
            return Material.identity(beetles.train(), beetles.test(), i -> beetles + "/train/" + i,
                    i -> beetles + "/test/" + i);
        }

        @Override
        public Loader training(RunConfig config, int workers) {
            return new Loader(new BeetleExamples(beetles, Half.TRAIN),
                    Material.shuffled(config, beetles.train(), workers));
        }

        @Override
        public Loader test(RunConfig config, int workers) {
            return new Loader(new BeetleExamples(beetles, Half.TEST),
                    Material.inOrder(config, config.recipe().batch(), workers));
        }
    }

    /** From files; those to learn from are moved by up to an eighth of their side, and mirrored every other time. */
    record Pictures(Dataset train, Dataset check) implements Material {
        @Override
        public int trainingImages() {
            return train.size();
        }

        @Override
        public RunConfig.Images identity() {
            return Material.identity(train.size(), check.size(), i -> name(train, i), i -> name(check, i));
        }

        private static String name(Dataset data, int index) {
            return data.label(index) + "/" + Path.of(data.name(index)).getFileName();
        }

        @Override
        public Loader training(RunConfig config, int workers) {
            return new Loader(train, new Transform(config.size(), config.mean(), config.std(), true),
                    Material.shuffled(config, train.size(), workers));
        }

        @Override
        public Loader test(RunConfig config, int workers) {
            return new Loader(check, new Transform(config.size(), config.mean(), config.std(), false),
                    Material.inOrder(config, config.recipe().batch(), workers));
        }
    }
}

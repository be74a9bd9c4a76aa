package dev.glimpse.app.report;

import dev.glimpse.data.Image;
import dev.glimpse.train.Schedule;
import dev.glimpse.train.WhitePatchResult;
import dev.glimpse.train.WhitePatchResult.Epoch;
import dev.glimpse.train.WhitePatchResult.Example;
import dev.glimpse.train.WhitePatchResult.Network;
import dev.glimpse.train.WhitePatchResult.Pointing;
import dev.glimpse.train.WhitePatchResult.Run;
import dev.glimpse.train.WhitePatchResult.Setup;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.LongStream;

/** An invented result of the white-patch experiment that looks like a measured one. */
final class WhitePatchFixture {
    static final int SIDE = 96;
    static final int PATCH = 16;

    private WhitePatchFixture() {}

    static WhitePatchResult result(int seeds, int epochs) {
        List<Long> list = LongStream.rangeClosed(1, seeds).boxed().toList();
        return new WhitePatchResult(
                new Setup("invented pictures: soft blobs of colour", SIDE, PATCH, 4000, 1000, epochs, 20, 1e-4,
                        Schedule.Kind.CONSTANT, list),
                List.of(network("cnn", "plain CNN", 53_857, 1.1167e-3, 0.05412, list, epochs, 0.05, "Grad-CAM"),
                        network("mha", "multi-head attention", 58_017, 9.81e-6, 0.04209, list, epochs, 0.11, "Grad-CAM",
                                "attention received"),
                        network("conv1d-mha", "1x1-convolution multi-head attention", 72_897, 2.547e-4, 0.01428, list,
                                epochs,
                                0.2, "Grad-CAM", "attention received"),
                        network("cbam", "CBAM", 54_119, 2.787e-5, 0.02805, list, epochs, 0.14, "Grad-CAM",
                                "spatial gate")));
    }

    private static Network network(String name, String title, long parameters, double train, double test,
            List<Long> seeds, int epochs, double speed, String... maps) {
        List<Run> runs = seeds.stream().map(seed -> run(seed, epochs, speed, maps)).toList();
        List<Example> examples = new ArrayList<>();
        for (int i = 0; i < 6; i++) {
            examples.add(example(i, (int) (parameters % 6), new Random(name.hashCode() + i), maps[0]));
        }
        return new Network(name, title, parameters, train, test, runs, examples);
    }

    private static Run run(long seed, int epochs, double speed, String[] maps) {
        Random random = new Random(seed * 1000 + Math.round(speed * 100));
        List<Epoch> course = new ArrayList<>();
        double pace = speed * (0.85 + 0.3 * random.nextDouble());
        for (int i = 0; i < epochs; i++) {
            double noise = Math.exp(0.18 * random.nextGaussian());
            double train = 0.69 * Math.exp(-pace * i) + 4e-5;
            double test = (0.69 * Math.exp(-0.6 * pace * i) + 0.012) * noise;
            course.add(
                    new Epoch(train * Math.exp(0.1 * random.nextGaussian()), 1 - 0.5 * Math.min(1, 1.3 * train), test,
                            1 - 0.5 * Math.min(1, 1.3 * test)));
        }
        List<Pointing> pointing = new ArrayList<>();
        for (int i = 0; i < maps.length; i++) {
            double hits = Math.min(0.98, 3 * speed + 0.25 + 0.03 * random.nextGaussian() - 0.2 * i);
            pointing.add(new Pointing(maps[i], hits, 0.4 * hits, 256.0 / 9216));
        }
        return new Run(seed, 180 + 500 * speed + 5 * random.nextDouble(), course, pointing);
    }

    private static Example example(int index, int unsure, Random random, String map) {
        boolean patch = index % 3 != 2;
        int x = patch ? random.nextInt(SIDE - PATCH) : -1;
        int y = patch ? random.nextInt(SIDE - PATCH) : -1;
        float[] heat = new float[24 * 24];
        for (int i = 0; i < heat.length; i++) {
            double dx = (i % 24 + 0.5) * 4 - (x + PATCH / 2.0);
            double dy = (i / 24 + 0.5) * 4 - (y + PATCH / 2.0);
            double centre = patch ? Math.exp(-(dx * dx + dy * dy) / 220) : 0;
            heat[i] = (float) (centre + 0.12 * random.nextDouble());
        }
        boolean wrong = index == unsure;
        double sure = 0.5 + 0.5 * Math.sqrt(random.nextDouble());
        return new Example(picture(random.nextLong(), x, y), x, y, patch ^ wrong ? sure : 1 - sure, map, heat, 24, 24);
    }

    private static Image picture(long seed, int patchX, int patchY) {
        Random random = new Random(seed);
        double[] waves = random.doubles(12).toArray();
        byte[] rgb = new byte[SIDE * SIDE * 3];
        for (int i = 0; i < rgb.length; i++) {
            int x = i / 3 % SIDE;
            int y = i / 3 / SIDE;
            int c = i % 3;
            double wave = Math.sin(x * waves[c] / 9 + 6 * waves[c + 3]) + Math.cos(y * waves[c + 6] / 7 + c + x / 40.0);
            double light = 120 + 70 * Math.sin(x * waves[9] / 8 + y * waves[10] / 10 + 6 * waves[11]);
            boolean inPatch = patchX >= 0 && x >= patchX && x < patchX + PATCH && y >= patchY && y < patchY + PATCH;
            rgb[i] = (byte) (inPatch ? 255
                    : Math.clamp(Math.round(light + 16 * wave + 6 * random.nextGaussian()), 0, 255));
        }
        return new Image(SIDE, SIDE, rgb);
    }
}

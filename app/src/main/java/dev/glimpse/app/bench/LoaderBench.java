package dev.glimpse.app.bench;

import static org.bytedeco.opencv.global.opencv_core.CV_8UC1;
import static org.bytedeco.opencv.global.opencv_imgcodecs.IMREAD_COLOR;
import static org.bytedeco.opencv.global.opencv_imgcodecs.imdecode;

import dev.glimpse.data.Augmentation;
import dev.glimpse.data.Batch;
import dev.glimpse.data.Dataset;
import dev.glimpse.data.Loader;
import dev.glimpse.data.Transform;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.opencv.opencv_core.Mat;

/**
 * How many images a second a loader gives, beside how many OpenCV alone decodes of the same files with as many threads.
 *
 * @param size side of the squares
 * @param batch images a batch
 * @param workers threads
 * @param augmentation what happens to them
 * @param seconds how long each of the two is measured, in rounds that alternate
 */
public record LoaderBench(int size, int batch, int workers, Augmentation augmentation, double seconds) {
    private static final int ROUNDS = 3;
    private static final float[] MEAN = {0.485f, 0.456f, 0.406f};
    private static final float[] STD = {0.229f, 0.224f, 0.225f};

    /** @param files of the data set's images, or none where they are no files */
    public Map<String, Object> run(Dataset images, List<Path> files) throws IOException {
        List<Double> loaded = new ArrayList<>();
        List<Double> decoded = new ArrayList<>();
        List<Double> ratios = new ArrayList<>();
        List<byte[]> encoded = new ArrayList<>();
        for (Path file : files) {
            encoded.add(Files.readAllBytes(file));
        }
        int skipped;
        Transform transform = new Transform(size, MEAN, STD, augmentation);
        try (Loader loader = new Loader(images, transform, new Loader.Options(batch, true, false, workers, 1))) {
            load(loader, seconds / ROUNDS); // until the code is compiled
            for (int round = 0; round < ROUNDS; round++) {
                loaded.add(load(loader, seconds / ROUNDS));
                if (!encoded.isEmpty()) {
                    decoded.add(decode(encoded, seconds / ROUNDS));
                    ratios.add(loaded.getLast() / decoded.getLast());
                }
            }
            skipped = loader.skipped().size();
        }
        Map<String, Object> result = new LinkedHashMap<>();
        result.put("images_per_second", Statistics.median(loaded));
        if (!encoded.isEmpty()) {
            result.put("imdecode_per_second", Statistics.median(decoded));
            result.put("over_imdecode", Statistics.median(ratios));
            result.put("mean_file_bytes", Math.round(encoded.stream().mapToInt(f -> f.length).average().orElseThrow()));
        }
        result.put("images", images.size());
        result.put("skipped", skipped);
        result.put("size", size);
        result.put("batch", batch);
        result.put("workers", workers);
        result.put("processor", Machine.processor());
        return result;
    }

    private static double load(Loader loader, double seconds) {
        long start = System.nanoTime();
        long images = 0;
        for (int epoch = 0; elapsed(start) < seconds; epoch++) {
            try (Loader.Epoch batches = loader.epoch(epoch)) {
                while (elapsed(start) < seconds && batches.hasNext()) {
                    try (Batch taken = batches.next()) {
                        images += taken.size();
                    }
                }
            }
        }
        return images / elapsed(start);
    }

    private double decode(List<byte[]> files, double seconds) {
        long start = System.nanoTime();
        AtomicInteger next = new AtomicInteger();
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < workers; i++) {
            threads.add(Thread.ofPlatform().start(() -> {
                try (Mat pixels = new Mat()) {
                    while (elapsed(start) < seconds) {
                        byte[] file = files.get(next.getAndIncrement() % files.size());
                        try (BytePointer bytes = new BytePointer(file);
                                Mat in = new Mat(1, file.length, CV_8UC1, bytes);
                                Mat _ = imdecode(in, IMREAD_COLOR, pixels)) {}
                    }
                }
            }));
        }
        for (Thread thread : threads) {
            try {
                thread.join();
            } catch (InterruptedException e) {
                throw new IllegalStateException("interrupted while measuring", e);
            }
        }
        return next.get() / elapsed(start);
    }

    private static double elapsed(long start) {
        return (System.nanoTime() - start) / 1e9;
    }
}

package dev.glimpse.system.digits;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;

/** Files in MNIST's format with four shapes, each a little elsewhere and in its own noise: a bar across, one down, a frame, a dot. */
public final class TinyDigits {
    private static final int SIDE = 28;
    private static final int MIDDLE = 14;

    private TinyDigits() {}

    /** Writes both halves and returns their folder. */
    public static Path write(Path folder, int train, int test) throws IOException {
        Files.createDirectories(folder);
        half(folder.resolve("train"), train, 1);
        half(folder.resolve("t10k"), test, 2);
        return folder;
    }

    private static void half(Path name, int count, long seed) throws IOException {
        Random random = new Random(seed);
        ByteBuffer images = ByteBuffer.allocate(16 + count * SIDE * SIDE).putInt(0x803).putInt(count).putInt(SIDE)
                .putInt(SIDE);
        ByteBuffer labels = ByteBuffer.allocate(8 + count).putInt(0x801).putInt(count);
        for (int i = 0; i < count; i++) {
            int dx = random.nextInt(5) - 2;
            int dy = random.nextInt(5) - 2;
            for (int p = 0; p < SIDE * SIDE; p++) {
                int x = Math.abs(p % SIDE - MIDDLE - dx);
                int y = Math.abs(p / SIDE - MIDDLE - dy);
                images.put((byte) (shows(i % 4, x, y) ? 200 + random.nextInt(56) : 0));
            }
            labels.put((byte) (i % 4));
        }
        Files.write(name.resolveSibling(name.getFileName() + "-images-idx3-ubyte"), images.array());
        Files.write(name.resolveSibling(name.getFileName() + "-labels-idx1-ubyte"), labels.array());
    }

    /** @param x distance from the shape's middle */
    private static boolean shows(int shape, int x, int y) {
        return switch (shape) {
            case 0 -> x <= 8 && y <= 1;
            case 1 -> x <= 1 && y <= 8;
            case 2 -> Math.max(x, y) >= 6 && Math.max(x, y) <= 8;
            default -> x * x + y * y <= 20;
        };
    }
}

package dev.glimpse.app;

import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Random;
import javax.imageio.ImageIO;

/** Small pictures that are easily told apart: a coloured square somewhere on grey noise. */
final class SamplePictures {
    private static final Map<String, Color> CLASSES =
            Map.of("red", Color.RED, "green", Color.GREEN, "blue", Color.BLUE);
    private static final int SIDE = 20;

    private SamplePictures() {}

    /** Makes train/ and test/ with so many pictures a class. */
    static Path dataSet(Path folder, int train, int test) throws IOException {
        for (String name : CLASSES.keySet()) {
            pictures(folder.resolve("train").resolve(name), CLASSES.get(name), train, 1);
            pictures(folder.resolve("test").resolve(name), CLASSES.get(name), test, 2);
        }
        return folder;
    }

    private static void pictures(Path folder, Color colour, int count, long seed) throws IOException {
        Files.createDirectories(folder);
        Random random = new Random(seed);
        for (int i = 0; i < count; i++) {
            BufferedImage image = new BufferedImage(SIDE, SIDE, BufferedImage.TYPE_INT_RGB);
            for (int p = 0; p < SIDE * SIDE; p++) {
                int grey = 60 + random.nextInt(120);
                image.setRGB(p % SIDE, p / SIDE, new Color(grey, grey, grey).getRGB());
            }
            Graphics2D pen = image.createGraphics();
            pen.setColor(colour);
            pen.fillRect(random.nextInt(SIDE / 2), random.nextInt(SIDE / 2), SIDE / 2, SIDE / 2);
            pen.dispose();
            ImageIO.write(image, "png", folder.resolve(i + ".png").toFile());
        }
    }
}

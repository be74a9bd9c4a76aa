package dev.glimpse.data;

import dev.glimpse.data.ImageHeader.BadImageException;
import java.awt.image.Raster;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import javax.imageio.ImageIO;
import javax.imageio.stream.ImageInputStream;
import javax.imageio.stream.MemoryCacheImageInputStream;

/**
 * JPEGs for print: cyan, magenta, yellow and black. Adobe's programs store them inverted and say so in a segment of
 * their own; OpenCV takes all for inverted, so these are decoded by the JDK.
 */
final class CmykJpeg {
    private CmykJpeg() {}

    static Image decode(byte[] file) throws BadImageException {
        int transform = JpegFile.adobeTransform(file);
        Raster raster = raster(file);
        int width = raster.getWidth();
        int[] row = new int[4 * width];
        byte[] rgb = new byte[Math.multiplyExact(3, width * raster.getHeight())];
        for (int y = 0, to = 0; y < raster.getHeight(); y++) {
            raster.getPixels(0, y, width, 1, row);
            for (int i = 0; i < row.length; i += 4) {
                if (transform == 2) {
                    yccToLight(row, i);
                }
                for (int c = 0; c < 3; c++) {
                    int light = transform < 0 ? 255 - row[i + c] : row[i + c];
                    int white = transform < 0 ? 255 - row[i + 3] : row[i + 3];
                    rgb[to++] = (byte) ((light * white + 127) / 255);
                }
            }
        }
        return new Image(width, raster.getHeight(), rgb);
    }

    private static Raster raster(byte[] file) throws BadImageException {
        javax.imageio.ImageReader reader = ImageIO.getImageReadersByFormatName("jpeg").next();
        try (ImageInputStream in = new MemoryCacheImageInputStream(new ByteArrayInputStream(file))) {
            reader.setInput(in, true, true);
            return reader.readRaster(0, null);
        } catch (IOException | RuntimeException _) {
            throw new BadImageException("the file is damaged");
        } finally {
            reader.dispose();
        }
    }

    /** YCCK is JFIF's conversion of 255 - CMY; as CMY is stored inverted, 255 less the result is the light. */
    private static void yccToLight(int[] row, int i) {
        double y = row[i];
        double cb = row[i + 1] - 128;
        double cr = row[i + 2] - 128;
        row[i] = clamp(255 - y - 1.402 * cr);
        row[i + 1] = clamp(255 - y + 0.344136 * cb + 0.714136 * cr);
        row[i + 2] = clamp(255 - y - 1.772 * cb);
    }

    private static int clamp(double value) {
        return Math.clamp(Math.round(value), 0, 255);
    }
}

package dev.glimpse.explain;

import java.awt.AWTError;
import java.awt.Font;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.font.LineMetrics;
import java.awt.image.BufferedImage;
import org.bytedeco.javacpp.IntPointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.opencv.global.opencv_core;
import org.bytedeco.opencv.global.opencv_imgproc;
import org.bytedeco.opencv.opencv_core.Mat;
import org.bytedeco.opencv.opencv_core.Point;
import org.bytedeco.opencv.opencv_core.Scalar;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Draws lines of text: with the machine's fonts, or, on a machine that has none, with OpenCV's strokes. */
interface Lettering {
    /**
     * A line of text as ink.
     *
     * @param height the same for every text of a size
     * @param ink how much of each pixel is covered, 0 to 255, row by row
     */
    record Line(int width, int height, byte[] ink) {}

    /**
     * @param size of the letters in pixels
     */
    Line line(String text, int size, boolean bold);

    /** The best that this machine can do. */
    static Lettering best() {
        return Best.LETTERING;
    }

    /** Decides once. */
    final class Best {
        private static final Logger LOG = LoggerFactory.getLogger(Lettering.class);
        static final Lettering LETTERING = choose();

        private Best() {}

        private static Lettering choose() {
            Lettering fonts = new Fonts();
            try {
                fonts.line("Ag", 12, true);
                return fonts;
            } catch (RuntimeException | LinkageError | InternalError | AWTError e) {
                LOG.info("No fonts for text in pictures, so it is drawn in strokes: {}", e.toString());
                return new Strokes();
            }
        }
    }

    /** Java's sans-serif font, smoothed. */
    final class Fonts implements Lettering {
        @Override
        public Line line(String text, int size, boolean bold) {
            Font font = new Font(Font.SANS_SERIF, bold ? Font.BOLD : Font.PLAIN, size);
            Graphics2D probe = smooth(new BufferedImage(1, 1, BufferedImage.TYPE_INT_ARGB), font);
            int width = Math.max(1, probe.getFontMetrics().stringWidth(text));
            LineMetrics metrics = font.getLineMetrics("Ag", probe.getFontRenderContext());
            probe.dispose();
            int height = (int) Math.ceil(metrics.getAscent() + metrics.getDescent());

            BufferedImage canvas = new BufferedImage(width, height, BufferedImage.TYPE_INT_ARGB);
            Graphics2D graphics = smooth(canvas, font);
            graphics.drawString(text, 0, metrics.getAscent());
            graphics.dispose();
            byte[] ink = new byte[width * height];
            for (int i = 0; i < ink.length; i++) {
                ink[i] = (byte) (canvas.getRGB(i % width, i / width) >>> 24);
            }
            return new Line(width, height, ink);
        }

        private static Graphics2D smooth(BufferedImage canvas, Font font) {
            Graphics2D graphics = canvas.createGraphics();
            graphics.setRenderingHint(RenderingHints.KEY_TEXT_ANTIALIASING, RenderingHints.VALUE_TEXT_ANTIALIAS_ON);
            graphics.setRenderingHint(RenderingHints.KEY_FRACTIONALMETRICS, RenderingHints.VALUE_FRACTIONALMETRICS_ON);
            graphics.setFont(font);
            return graphics;
        }
    }

    /** OpenCV's Hershey letters, which know ASCII alone. */
    final class Strokes implements Lettering {
        private static final int FACE = opencv_imgproc.FONT_HERSHEY_SIMPLEX;
        private static final double PIXELS_AT_SCALE_ONE = 30;

        @Override
        public Line line(String text, int size, boolean bold) {
            String ascii = text.replaceAll("[^ -~]", "?");
            double scale = size / PIXELS_AT_SCALE_ONE;
            int thickness = Math.max(1, size / (bold ? 12 : 24));
            try (PointerScope _ = new PointerScope()) {
                int width = opencv_imgproc.getTextSize(ascii, FACE, scale, thickness, new IntPointer(1)).width();
                int height = (int) Math.ceil(1.3 * size);
                Mat canvas = new Mat(height, Math.max(1, width), opencv_core.CV_8UC1, new Scalar(0));
                opencv_imgproc.putText(canvas, ascii, new Point(0, size), FACE, scale, new Scalar(255), thickness,
                        opencv_imgproc.LINE_AA, false);
                byte[] ink = new byte[canvas.rows() * canvas.cols()];
                canvas.data().get(ink);
                return new Line(canvas.cols(), canvas.rows(), ink);
            }
        }
    }
}

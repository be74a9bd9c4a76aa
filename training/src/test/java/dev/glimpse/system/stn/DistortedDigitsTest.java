package dev.glimpse.system.stn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.glimpse.data.DataSources;
import dev.glimpse.data.Dataset;
import dev.glimpse.system.digits.Grey;
import dev.glimpse.system.digits.TinyDigits;
import java.io.IOException;
import java.nio.file.Path;
import java.util.SplittableRandom;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DistortedDigitsTest {
    private static final int BAR = 0;

    @TempDir
    static Path folder;

    private static Dataset digits;

    @BeforeAll
    static void write() throws IOException {
        digits = DataSources.open(TinyDigits.write(folder, 16, 4).toString()).train();
    }

    private static Grey draw(DistortedDigits scene, int seed) throws IOException {
        Grey image = Grey.black(scene.side());
        assertThat(scene.draw(digits, BAR, new SplittableRandom(seed), image)).containsExactly(digits.label(BAR));
        return image;
    }

    private static double sum(Grey image) {
        double sum = 0;
        for (float pixel : image.pixels()) {
            sum += pixel;
        }
        return sum;
    }

    /** Slope of the line along which the ink lies, in degrees. */
    private static double angle(Grey image) {
        double[] m = new double[6];
        for (int i = 0; i < image.pixels().length; i++) {
            double x = i % image.side();
            double y = i / image.side();
            double[] terms = {1, x, y, x * x, x * y, y * y};
            for (int k = 0; k < m.length; k++) {
                m[k] += image.pixels()[i] * terms[k];
            }
        }
        double x = m[1] / m[0];
        double y = m[2] / m[0];
        return Math.toDegrees(0.5 * Math.atan2(2 * (m[4] / m[0] - x * y), m[3] / m[0] - x * x - m[5] / m[0] + y * y));
    }

    @Test
    void whatIsNotDistortedStays() throws IOException {
        Grey image = draw(new DistortedDigits(28, 0, 1, 1), 3);
        float[] digit = Grey.of(digits.image(BAR), 28).pixels();
        assertThat(image.pixels()).containsExactly(digit, within(1e-5f));
    }

    @Test
    void sizesAndAnglesAreAsSaid() throws IOException {
        double ink = sum(Grey.of(digits.image(BAR), 28));
        double least = 90;
        double most = -90;
        for (int seed = 0; seed < 60; seed++) {
            Grey image = draw(new DistortedDigits(60, 45, 1, 1), seed);
            assertThat(sum(image)).isCloseTo(ink, within(0.1 * ink));
            least = Math.min(least, angle(image));
            most = Math.max(most, angle(image));
            double larger = sum(draw(new DistortedDigits(60, 0, 1.5, 1.5), seed));
            assertThat(larger).isCloseTo(2.25 * ink, within(0.15 * ink));
        }
        assertThat(least).isBetween(-46.0, -35.0);
        assertThat(most).isBetween(35.0, 46.0);
    }
}

package dev.glimpse.system.ram;

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

class PlacedDigitsTest {
    @TempDir
    static Path folder;

    private static Dataset digits;

    @BeforeAll
    static void write() throws IOException {
        digits = DataSources.open(TinyDigits.write(folder, 16, 4).toString()).train();
    }

    private static double sum(Grey image, long left, long top, long right, long bottom) {
        double sum = 0;
        for (long y = top; y < bottom; y++) {
            for (long x = left; x < right; x++) {
                sum += image.pixels()[(int) (y * image.side() + x)];
            }
        }
        return sum;
    }

    @Test
    void theBoxHoldsTheDigitWhereverItIs() throws IOException {
        PlacedDigits scene = new PlacedDigits(60, 0);
        boolean[] seen = new boolean[33];
        for (int i = 0; i < 200; i++) {
            Grey image = Grey.black(60);
            long[] facts = scene.draw(digits, i % 16, new SplittableRandom(i), image);
            assertThat(facts[0]).isEqualTo(digits.label(i % 16));
            double whole = sum(Grey.of(digits.image(i % 16), 28), 0, 0, 28, 28);
            assertThat(sum(image, facts[1], facts[2], facts[3], facts[4])).isCloseTo(whole, within(1e-3));
            assertThat(sum(image, 0, 0, 60, 60)).isCloseTo(whole, within(1e-3));
            assertThat(sum(image, facts[1] + 1, facts[2], facts[3], facts[4])).isLessThan(whole - 0.5);
            assertThat(sum(image, facts[1], facts[2], facts[3], facts[4] - 1)).isLessThan(whole - 0.5);
            seen[(int) facts[1] / 2] = true;
        }
        assertThat(seen[1] || seen[2] || seen[3]).isTrue();
        assertThat(seen[19] || seen[20] || seen[21]).isTrue();
    }

    @Test
    void aDigitInTheMiddleStays() throws IOException {
        Grey image = Grey.black(28);
        new PlacedDigits(28, 0).draw(digits, 2, new SplittableRandom(1), image);
        assertThat(image.pixels()).containsExactly(Grey.of(digits.image(2), 28).pixels());
    }

    /** Nothing is taken away, and no piece is larger than it may be. */
    @Test
    void clutterComesOnTop() throws IOException {
        double more = 0;
        for (int seed = 0; seed < 30; seed++) {
            Grey plain = Grey.black(60);
            Grey cluttered = Grey.black(60);
            new PlacedDigits(60, 0).draw(digits, 3, new SplittableRandom(seed), plain);
            new PlacedDigits(60, 4).draw(digits, 3, new SplittableRandom(seed), cluttered);
            int changed = 0;
            for (int i = 0; i < plain.pixels().length; i++) {
                assertThat(cluttered.pixels()[i]).isGreaterThanOrEqualTo(plain.pixels()[i]);
                changed += cluttered.pixels()[i] > plain.pixels()[i] ? 1 : 0;
            }
            assertThat(changed).isLessThanOrEqualTo(4 * 64);
            more += changed;
        }
        assertThat(more / 30).isGreaterThan(20);
    }
}

package dev.glimpse.data;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class DeadLeavesTest {
    private static final int SIZE = 96;
    private static final int HIGHEST = 24;

    @Test
    void aSeedIsAPicture() {
        assertThat(DeadLeaves.image(3, 96, 96).rgb()).isEqualTo(DeadLeaves.image(3, 96, 96).rgb())
                .isNotEqualTo(DeadLeaves.image(4, 96, 96).rgb());
        assertThat(DeadLeaves.image(3, 40, 1).width()).isEqualTo(40);
        assertThat(DeadLeaves.image(3, 1, 1).rgb()).hasSize(3);
    }

    /** The slope, in logarithms, of the power spectrum averaged over rings and over pictures. */
    @Test
    void powerFallsAsInPhotographs() {
        double[] power = new double[HIGHEST + 1];
        int[] count = new int[HIGHEST + 1];
        for (int seed = 0; seed < 24; seed++) {
            addSpectrum(DeadLeaves.image(seed, SIZE, SIZE).rgb(), power, count);
        }
        double n = 0;
        double x = 0;
        double y = 0;
        double xx = 0;
        double xy = 0;
        for (int f = 2; f <= HIGHEST; f++) {
            double logF = Math.log(f);
            double logPower = Math.log(power[f] / count[f]);
            n++;
            x += logF;
            y += logPower;
            xx += logF * logF;
            xy += logF * logPower;
        }
        assertThat(-(n * xy - x * y) / (n * xx - x * x)).isBetween(1.6, 2.6);
    }

    /** Adds the power of the green channel under a Hann window, which keeps the borders' jump out. */
    private static void addSpectrum(byte[] rgb, double[] power, int[] count) {
        double[] cos = new double[SIZE];
        double[] sin = new double[SIZE];
        double[] hann = new double[SIZE];
        for (int i = 0; i < SIZE; i++) {
            cos[i] = Math.cos(2 * Math.PI * i / SIZE);
            sin[i] = Math.sin(2 * Math.PI * i / SIZE);
            hann[i] = 0.5 - 0.5 * cos[i];
        }
        double mean = 0;
        for (int i = 1; i < rgb.length; i += 3) {
            mean += (rgb[i] & 0xff) / (double) (SIZE * SIZE);
        }
        for (int u = 0; u <= HIGHEST; u++) {
            double[] real = new double[SIZE];
            double[] imaginary = new double[SIZE];
            for (int row = 0; row < SIZE; row++) {
                for (int column = 0; column < SIZE; column++) {
                    double value = ((rgb[3 * (row * SIZE + column) + 1] & 0xff) - mean) * hann[row] * hann[column];
                    real[row] += value * cos[u * column % SIZE];
                    imaginary[row] -= value * sin[u * column % SIZE];
                }
            }
            for (int v = -HIGHEST; v <= HIGHEST; v++) {
                int ring = (int) Math.round(Math.hypot(u, v));
                if (ring <= HIGHEST) {
                    double re = 0;
                    double im = 0;
                    for (int row = 0; row < SIZE; row++) {
                        int at = Math.floorMod(v * row, SIZE);
                        re += real[row] * cos[at] + imaginary[row] * sin[at];
                        im += imaginary[row] * cos[at] - real[row] * sin[at];
                    }
                    power[ring] += re * re + im * im;
                    count[ring]++;
                }
            }
        }
    }

    @Test
    void someAreBrightButNoneHasAWhitePatch() {
        int bright = 0;
        int white = 0;
        double mean = 0;
        for (int seed = 1000; seed < 1300; seed++) {
            byte[] rgb = DeadLeaves.image(seed, SIZE, SIZE).rgb();
            int pixels = 0;
            for (int i = 0; i < rgb.length; i += 3) {
                mean += (rgb[i + 1] & 0xff) / (300.0 * SIZE * SIZE);
                if ((rgb[i] & 0xff) > 215 && (rgb[i + 1] & 0xff) > 215 && (rgb[i + 2] & 0xff) > 215) {
                    pixels++;
                }
            }
            bright += pixels > 200 ? 1 : 0;
            white += whiteSquares(rgb) > 0 ? 1 : 0;
        }
        assertThat(bright).isBetween(30, 240);
        assertThat(white).isLessThanOrEqualTo(3);
        assertThat(mean).isBetween(85.0, 140.0);
    }

    /** How many 16x16 squares on a grid of 4 are all 255. */
    private static int whiteSquares(byte[] rgb) {
        int found = 0;
        for (int top = 0; top <= SIZE - 16; top += 4) {
            for (int left = 0; left <= SIZE - 16; left += 4) {
                found += isWhite(rgb, left, top) ? 1 : 0;
            }
        }
        return found;
    }

    private static boolean isWhite(byte[] rgb, int left, int top) {
        for (int y = top; y < top + 16; y++) {
            for (int i = 3 * (y * SIZE + left); i < 3 * (y * SIZE + left + 16); i++) {
                if (rgb[i] != -1) {
                    return false;
                }
            }
        }
        return true;
    }
}

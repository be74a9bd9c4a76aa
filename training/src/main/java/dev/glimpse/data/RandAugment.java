package dev.glimpse.data;

import java.util.Locale;
import java.util.random.RandomGenerator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A few operations out of fourteen, all of one strength: Cubuk, Zoph, Shlens and Le, <i>RandAugment: Practical Automated
 * Data Augmentation with a Reduced Search Space</i>, NeurIPS 2020,
 * <a href="https://arxiv.org/abs/1909.13719">arXiv:1909.13719</a>.
 *
 * <p>
 * Operations and strengths are torchvision's. Differs from it: turned and moved pictures are interpolated, and filled up
 * with the data's mean colour.
 *
 * @param operations how many, drawn with replacement
 * @param magnitude their strength, 0 to 30; timm counts to 10
 * @param deviation of a normal distribution round it, from which each operation's own strength is drawn; 0 for none
 */
public record RandAugment(int operations, double magnitude, double deviation) {
    private static final double MOST = 30;
    private static final Pattern TEXT = Pattern.compile(
            "rand-m(\\d+(?:\\.\\d+)?)(?:-n(\\d+))?(?:-mstd(\\d+(?:\\.\\d+)?))?");

    /** What may be done. */
    enum Operation {
        IDENTITY, SHEAR_X, SHEAR_Y, TRANSLATE_X, TRANSLATE_Y, ROTATE, BRIGHTNESS, COLOUR, CONTRAST, SHARPNESS,
        POSTERISE, SOLARISE, AUTO_CONTRAST, EQUALISE;

        private static final Operation[] ALL = values();

        /** @param strength 0 to 1; below 0 for the other direction, where there are two */
        void apply(Canvas canvas, double strength) {
            double size = Math.abs(strength);
            switch (this) {
                case IDENTITY -> {
                }
                case SHEAR_X -> canvas.warp(1, 0.3 * strength, 0, 0, 1, 0);
                case SHEAR_Y -> canvas.warp(1, 0, 0, 0.3 * strength, 1, 0);
                case TRANSLATE_X -> canvas.warp(1, 0, (int) (150 / 331.0 * canvas.side() * strength), 0, 1, 0);
                case TRANSLATE_Y -> canvas.warp(1, 0, 0, 0, 1, (int) (150 / 331.0 * canvas.side() * strength));
                case ROTATE -> rotate(canvas, Math.toRadians(30 * strength));
                case BRIGHTNESS -> canvas.linear(1 + 0.9 * strength, 0);
                case COLOUR -> canvas.saturation(1 + 0.9 * strength);
                case CONTRAST -> canvas.contrast(1 + 0.9 * strength);
                case SHARPNESS -> canvas.sharpness(1 + 0.9 * strength);
                case POSTERISE -> {
                    int mask = 0xff << Math.round(4 * size);
                    canvas.table(table((_, value) -> value & mask));
                }
                case SOLARISE -> canvas.table(table((_, value) -> value >= 255 * (1 - size) ? 255 - value : value));
                case AUTO_CONTRAST -> stretch(canvas);
                case EQUALISE -> equalise(canvas);
            }
        }

        private interface Value {
            int of(int channel, int old);
        }

        private static byte[] table(Value value) {
            byte[] table = new byte[3 * 256];
            for (int i = 0; i < table.length; i++) {
                table[i] = (byte) value.of(i % 3, i / 3);
            }
            return table;
        }

        private static void rotate(Canvas canvas, double angle) {
            double centre = (canvas.side() - 1) / 2.0;
            double cos = Math.cos(angle);
            double sin = Math.sin(angle);
            canvas.warp(cos, -sin, centre * (1 - cos + sin), sin, cos, centre * (1 - sin - cos));
        }

        /** Each channel's least value to 0, its largest to 255. */
        private static void stretch(Canvas canvas) {
            int[][] counts = canvas.histogram();
            int[] least = new int[3];
            int[] range = new int[3];
            for (int c = 0; c < 3; c++) {
                int from = 0;
                int to = 255;
                while (counts[c][from] == 0) {
                    from++;
                }
                while (counts[c][to] == 0) {
                    to--;
                }
                least[c] = to > from ? from : 0;
                range[c] = to > from ? to - from : 255;
            }
            canvas.table(table((c, value) -> Math.clamp((value - least[c]) * 255L / range[c], 0, 255)));
        }

        /** Makes each channel's values equally frequent, as Pillow does. */
        private static void equalise(Canvas canvas) {
            int[][] counts = canvas.histogram();
            int[][] values = new int[3][256];
            for (int c = 0; c < 3; c++) {
                int last = 255;
                while (counts[c][last] == 0) {
                    last--;
                }
                int step = (canvas.side() * canvas.side() - counts[c][last]) / 255;
                int sum = step / 2;
                for (int value = 0; value < 256; value++) {
                    values[c][value] = step == 0 ? value : Math.min(255, sum / step);
                    sum += counts[c][value];
                }
            }
            canvas.table(table((c, value) -> values[c][value]));
        }
    }

    public RandAugment {
        if (operations < 1 || operations > Operation.ALL.length) {
            throw new IllegalArgumentException(operations + " operations; expected 1 to " + Operation.ALL.length);
        }
        if (!(magnitude >= 0 && magnitude <= MOST)) {
            throw new IllegalArgumentException("magnitude " + magnitude + "; expected 0 to 30");
        }
        if (!(deviation >= 0 && deviation <= MOST)) {
            throw new IllegalArgumentException("the magnitude's deviation is " + deviation + "; expected 0 to 30");
        }
    }

    /** Reads {@code rand-m9-n2-mstd0.5}: magnitude, operations (2 where not said) and deviation (0). */
    public static RandAugment parse(String text) {
        Matcher match = TEXT.matcher(text.toLowerCase(Locale.ROOT));
        if (!match.matches()) {
            throw new IllegalArgumentException(
                    "'" + text + "' is no augmentation; expected rand-m9-n2, the magnitude in "
                            + "0 to 30 and the number of operations, and -mstd0.5 for the magnitude's deviation");
        }
        return new RandAugment(match.group(2) == null ? 2 : Integer.parseInt(match.group(2)),
                Double.parseDouble(match.group(1)), match.group(3) == null ? 0 : Double.parseDouble(match.group(3)));
    }

    void apply(Canvas canvas, RandomGenerator random) {
        for (int i = 0; i < operations; i++) {
            Operation operation = Operation.ALL[random.nextInt(Operation.ALL.length)];
            boolean negative = random.nextBoolean();
            double own = deviation == 0 ? magnitude : Math.clamp(random.nextGaussian(magnitude, deviation), 0, MOST);
            operation.apply(canvas, negative ? -own / MOST : own / MOST);
        }
    }
}

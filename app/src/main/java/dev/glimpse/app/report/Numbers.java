package dev.glimpse.app.report;

import java.math.BigDecimal;
import java.math.MathContext;
import java.util.Locale;

/** Figures as a reader likes them, in text that is HTML too; what is not finite is a dash. */
final class Numbers {
    static final String NONE = "\u2013";
    private static final String NARROW_SPACE = "\u202f";

    private Numbers() {}

    static String count(long number) {
        return String.format(Locale.ROOT, "%,d", number);
    }

    /** A share, 0 to 1, as {@code 97.3 %}. */
    static String percent(double share) {
        return Double.isFinite(share) ? fixed(100 * share, 1) + NARROW_SPACE + "%" : NONE;
    }

    static String fixed(double number, int decimals) {
        return Double.isFinite(number) ? String.format(Locale.ROOT, "%." + decimals + "f", number) : NONE;
    }

    /** Three digits: {@code 11.3 M}. */
    static String large(long number) {
        double rest = number;
        int thousands = 0;
        while (rest >= 999.5 && thousands < 4) {
            rest /= 1000;
            thousands++;
        }
        return thousands == 0 ? count(number)
                : fixed(rest, rest < 9.995 ? 2 : rest < 99.95 ? 1 : 0) + NARROW_SPACE + "kMGT".charAt(thousands - 1);
    }

    /** Images a second and the like. */
    static String rate(double number) {
        return number < 100 ? fixed(number, 1) : Double.isFinite(number) ? count(Math.round(number)) : NONE;
    }

    /** Four digits that count, and no power of ten. */
    static String significant(double number) {
        if (!Double.isFinite(number) || number == 0) {
            return number == 0 ? "0" : NONE;
        }
        return new BigDecimal(number).round(new MathContext(4)).stripTrailingZeros().toPlainString();
    }

    /** All its digits and no power of ten: a setting as one would type it. */
    static String plain(double number) {
        return Double.isFinite(number) ? BigDecimal.valueOf(number).stripTrailingZeros().toPlainString() : NONE;
    }

    /** HTML of three digits and a power of ten: small losses stand below each other and compare. */
    static String scientific(double number) {
        if (!Double.isFinite(number)) {
            return NONE;
        }
        return fixed(number / Math.pow(10, exponent(number)), 2) + powerOfTen(exponent(number));
    }

    /** The exponent of a number that is written with three digits. */
    static int exponent(double number) {
        String written = String.format(Locale.ROOT, "%.2e", number);
        return Integer.parseInt(written.substring(written.indexOf('e') + 1));
    }

    static String powerOfTen(int exponent) {
        return "×10<sup>" + (exponent < 0 ? "\u2212" : "") + Math.abs(exponent) + "</sup>";
    }

    static String superscript(int number) {
        StringBuilder raised = new StringBuilder();
        for (char c : Integer.toString(number).toCharArray()) {
            raised.append(c == '-' ? '⁻' : "⁰¹²³⁴⁵⁶⁷⁸⁹".charAt(c - '0'));
        }
        return raised.toString();
    }
}

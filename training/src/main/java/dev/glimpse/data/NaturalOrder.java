package dev.glimpse.data;

import java.util.Arrays;
import java.util.Comparator;

/** Names as people sort them: 2 before 10, and otherwise letter by letter. */
final class NaturalOrder implements Comparator<String> {
    private static final String BORDER = "(?<=\\d)(?=\\D)|(?<=\\D)(?=\\d)"; // between digits and anything else

    @Override
    public int compare(String a, String b) {
        int difference = Arrays.compare(a.split(BORDER), b.split(BORDER), NaturalOrder::parts);
        return difference != 0 ? difference : a.compareTo(b);
    }

    private static int parts(String a, String b) {
        if (!isNumber(a) || !isNumber(b)) {
            return a.compareTo(b);
        }
        String x = a.replaceFirst("^0+", "");
        String y = b.replaceFirst("^0+", "");
        return x.length() != y.length() ? Integer.compare(x.length(), y.length()) : x.compareTo(y);
    }

    private static boolean isNumber(String part) {
        return !part.isEmpty() && part.charAt(0) >= '0' && part.charAt(0) <= '9';
    }
}

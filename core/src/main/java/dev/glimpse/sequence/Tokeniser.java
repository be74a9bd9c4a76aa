package dev.glimpse.sequence;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Cuts a sentence into words, numbers and single other signs, such that it can be put together again.
 *
 * <p>
 * A token that no space stands before is marked with a leading {@code U+FFED}, as in OpenNMT's tokeniser: {@code "a dog's
 * ball."} becomes {@code a, dog, ￭', ￭s, ball, ￭.}, and {@link #join} gives the sentence back, with one space for any
 * white space and without the marks that it had itself.
 *
 * @param lowerCase whether capitals are made small first
 */
public record Tokeniser(boolean lowerCase) {
    private static final String JOINED = "\uffed";
    private static final Pattern TOKEN =
            Pattern.compile("[\\p{L}\\p{M}]+|\\p{N}+|[^\\s\\p{L}\\p{M}\\p{N}]", Pattern.UNICODE_CHARACTER_CLASS);

    /** The sentence's tokens; none of a blank one. */
    public List<String> tokens(String sentence) {
        String text = sentence.replace(JOINED, "");
        Matcher matcher = TOKEN.matcher(lowerCase ? text.toLowerCase(Locale.ROOT) : text);
        List<String> tokens = new ArrayList<>();
        int end = -1;
        while (matcher.find()) {
            tokens.add(matcher.start() == end ? JOINED + matcher.group() : matcher.group());
            end = matcher.end();
        }
        return tokens;
    }

    /** The sentence of some tokens. */
    public static String join(List<String> tokens) {
        return String.join(" ", tokens).replace(" " + JOINED, "").replace(JOINED, "");
    }
}

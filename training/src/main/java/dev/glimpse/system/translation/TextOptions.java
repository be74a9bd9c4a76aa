package dev.glimpse.system.translation;

import dev.glimpse.attention.Args;
import dev.glimpse.nn.Checks;
import dev.glimpse.sequence.Tokeniser;

/**
 * How sentences become numbers.
 *
 * @param from the source's language, as its files end
 * @param to the target's
 * @param lower whether capitals are made small
 * @param leastCount how often a word stands in the training sentences to be known
 * @param longest words of a sentence, the marks of its beginning and end included
 * @param joint whether both languages have one vocabulary
 */
record TextOptions(String from, String to, boolean lower, long leastCount, int longest, boolean joint) {
    private static final int MARKS = 2;

    TextOptions {
        Checks.positive("min_count", leastCount);
        if (longest <= MARKS) {
            throw new IllegalArgumentException("n_position is " + longest + ", must be at least " + (MARKS + 1)
                    + ": a word and the marks of beginning and end");
        }
        if (from.equals(to)) {
            throw new IllegalArgumentException("from and to are both '" + from + "'");
        }
        for (String language : new String[]{from, to}) {
            if (!language.matches("[A-Za-z0-9_-]+")) {
                throw new IllegalArgumentException("'" + language + "' is no ending of a file, as de and en are");
            }
        }
    }

    static TextOptions read(Args args) {
        return new TextOptions(args.text("from", "de"), args.text("to", "en"), args.flag("lower", true),
                args.integer("min_count", 2),
                Math.toIntExact(Math.min(Integer.MAX_VALUE, args.integer("n_position", 200))),
                args.flag("tie_source", false));
    }

    Tokeniser tokeniser() {
        return new Tokeniser(lower);
    }

    /** How many words a sentence of so many tokens has with its marks. */
    static int marked(int tokens) {
        return tokens + MARKS;
    }
}

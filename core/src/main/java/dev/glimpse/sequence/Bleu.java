package dev.glimpse.sequence;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * BLEU of a corpus: how many of a translation's runs of one to four words stand in a reference.
 *
 * <pre>
 * p_n  = matched runs of n words / runs of n words, each counted no more often than in the reference that has it most
 * BLEU = 100 min(1, e^(1 - r/c)) (p_1 p_2 p_3 p_4)^(1/4)     c words, r those of the references closest in length
 * </pre>
 *
 * Papineni, Roukos, Ward, Zhu: BLEU: a method for automatic evaluation of machine translation. ACL 2002,
 * <a href="https://aclanthology.org/P02-1040">P02-1040</a>. As sacreBLEU's default (Post, WMT 2018): words by mteval's rules
 * ({@code 13a}), on sentences as they are written; where no run of n words matches, p_n is half of what one match would be,
 * a quarter the next time, and so on.
 *
 * @param score 0 to 100
 * @param precisions of runs of one to four words, 0 to 100
 * @param brevity the factor for translations that are too short, 0 to 1
 * @param words of the translations
 * @param referenceWords of the references closest in length
 */
public record Bleu(double score, List<Double> precisions, double brevity, long words, long referenceWords) {
    private static final int LONGEST = 4;
    private static final Pattern SIGN = Pattern.compile("([\\{-~\\[-` -&(-+:-@/])");
    private static final Pattern AFTER_OTHER = Pattern.compile("([^0-9])([.,])");
    private static final Pattern BEFORE_OTHER = Pattern.compile("([.,])([^0-9])");
    private static final Pattern DASH = Pattern.compile("([0-9])(-)");

    /**
     * Compares translations with their references.
     *
     * @param references for each translation at least one
     */
    public static Bleu of(List<String> translations, List<List<String>> references) {
        if (translations.isEmpty() || translations.size() != references.size()) {
            throw new IllegalArgumentException("BLEU: " + translations.size() + " translations and references for "
                    + references.size() + "; expected as many, and at least one");
        }
        long[] matched = new long[LONGEST];
        long[] all = new long[LONGEST];
        long words = 0;
        long referenceWords = 0;
        for (int i = 0; i < translations.size(); i++) {
            List<String> said = words13a(translations.get(i));
            List<List<String>> expected = references.get(i).stream().map(Bleu::words13a).toList();
            words += said.size();
            referenceWords += closest(said.size(), expected);
            for (int n = 1; n <= LONGEST; n++) {
                Map<List<String>, Integer> most = new HashMap<>();
                for (List<String> reference : expected) {
                    runs(reference, n).forEach((run, count) -> most.merge(run, count, Math::max));
                }
                for (Map.Entry<List<String>, Integer> run : runs(said, n).entrySet()) {
                    matched[n - 1] += Math.min(run.getValue(), most.getOrDefault(run.getKey(), 0));
                    all[n - 1] += run.getValue();
                }
            }
        }
        return of(matched, all, words, referenceWords);
    }

    private static Bleu of(long[] matched, long[] all, long words, long referenceWords) {
        double[] precisions = new double[LONGEST];
        double logSum = 0;
        double missing = 1;
        for (int n = 0; n < LONGEST; n++) {
            if (matched[n] == 0) {
                missing *= 2;
            }
            precisions[n] = all[n] == 0 ? 0 : 100 * (matched[n] == 0 ? 1 / missing : matched[n]) / all[n];
            logSum += Math.log(precisions[n]);
        }
        double brevity = words >= referenceWords ? 1 : words == 0 ? 0 : Math.exp(1 - (double) referenceWords / words);
        double score = Arrays.stream(matched).sum() == 0 ? 0 : brevity * Math.exp(logSum / LONGEST);
        return new Bleu(score, Arrays.stream(precisions).boxed().toList(), brevity, words, referenceWords);
    }

    /** Of two that are equally close, the shorter. */
    private static int closest(int length, List<List<String>> references) {
        return references.stream().map(List::size)
                .min((a, b) -> Math.abs(a - length) != Math.abs(b - length)
                        ? Integer.compare(Math.abs(a - length), Math.abs(b - length))
                        : Integer.compare(a, b))
                .orElseThrow(() -> new IllegalArgumentException("BLEU: a translation has no reference"));
    }

    private static Map<List<String>, Integer> runs(List<String> words, int n) {
        Map<List<String>, Integer> runs = new HashMap<>();
        for (int i = 0; i + n <= words.size(); i++) {
            runs.merge(words.subList(i, i + n), 1, Integer::sum);
        }
        return runs;
    }

    /** The words of a written sentence, by the rules of mteval-v13a. */
    static List<String> words13a(String sentence) {
        String text = " " + sentence.replace("<skipped>", "").replace("-\n", "").replace("\n", " ")
                .replace("&quot;", "\"").replace("&amp;", "&").replace("&lt;", "<").replace("&gt;", ">") + " ";
        text = SIGN.matcher(text).replaceAll(" $1 ");
        text = AFTER_OTHER.matcher(text).replaceAll("$1 $2 ");
        text = BEFORE_OTHER.matcher(text).replaceAll(" $1 $2");
        text = DASH.matcher(text).replaceAll("$1 $2 ");
        String stripped = text.strip();
        return stripped.isEmpty() ? List.of() : new ArrayList<>(List.of(stripped.split("\\s+")));
    }
}

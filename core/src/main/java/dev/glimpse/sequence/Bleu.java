package dev.glimpse.sequence;

import java.util.ArrayList;
import java.util.List;
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
        BleuCounts counts = new BleuCounts();
        for (int i = 0; i < translations.size(); i++) {
            counts.add(translations.get(i), references.get(i));
        }
        return counts.bleu();
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

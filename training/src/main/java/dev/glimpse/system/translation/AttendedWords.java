package dev.glimpse.system.translation;

import dev.glimpse.attention.AttentionMaps.AttentionMap;
import dev.glimpse.explain.WordMap;
import dev.glimpse.nn.Tensors;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Module;
import org.bytedeco.pytorch.Tensor;

/**
 * The words that a model's attention maps are of.
 *
 * @param read the source with its marks
 * @param before what the decoder was told, word by word
 * @param next what it said to each
 */
record AttendedWords(List<String> read, List<String> before, List<String> next) {
    /** Attention, encoder and decoder: a block each of the Transformer has its own, its decoder's block two. */
    private static final int PARTS_A_LAYER = 3;

    /** By part, and of each part by head. */
    List<List<WordMap>> maps(List<AttentionMap> shown) {
        Map<Module, List<Tensor>> modules = new LinkedHashMap<>();
        shown.forEach(map -> modules.computeIfAbsent(map.source(), _ -> new ArrayList<>()).add(map.values()));
        List<List<WordMap>> parts = new ArrayList<>();
        for (List<Tensor> steps : modules.values()) {
            Tensor heads = Tensors.cat(2, steps.toArray(Tensor[]::new)).select(0, 0); // (h, rows, columns)
            parts.add(part(parts.size(), modules.size(), heads));
        }
        return parts;
    }

    private List<WordMap> part(int number, int parts, Tensor heads) {
        int layers = parts / PARTS_A_LAYER;
        boolean encoder = number < layers;
        boolean toItself = !encoder && parts > 1 && (number - layers) % 2 == 0;
        String name = parts == 1 ? "attention"
                : encoder ? "encoder " + (number + 1)
                        : "decoder " + ((number - layers) / 2 + 1) + (toItself ? " to itself" : " to source");
        List<WordMap> maps = new ArrayList<>();
        for (long head = 0; head < heads.size(0); head++) {
            String title = heads.size(0) == 1 ? name : name + ", head " + (head + 1);
            maps.add(new WordMap(title, encoder ? read : next, toItself ? before : read,
                    Tensors.toFloats(heads.select(0, head))));
        }
        return maps;
    }
}

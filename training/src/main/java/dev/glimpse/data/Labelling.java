package dev.glimpse.data;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** Labels of images that were read as names or numbers. */
final class Labelling {
    private static final int MOST_CLASSES = 100_000;

    private final List<String> classes;
    private final int[][] labels;
    private final boolean several;

    private Labelling(List<String> classes, int[][] labels, boolean several) {
        this.classes = classes;
        this.labels = labels;
        this.several = several;
    }

    /**
     * Finds the classes.
     *
     * @param names of each image's classes
     * @param several whether an image may have any number of them
     * @param classes what they are to be; numbers may stand for their places; null to take those that occur
     * @param where what messages begin with
     */
    static Labelling of(List<List<String>> names, boolean several, List<String> classes, String where) {
        List<String> known = classes != null ? classes
                : ClassNames.sorted(names.stream().flatMap(List::stream).collect(Collectors.toSet()));
        if (known.size() < 2 && classes == null) {
            throw new IllegalArgumentException(
                    where + ": only " + known.size() + " classes " + known + "; expected at least two");
        }
        if (known.size() > MOST_CLASSES) {
            throw new IllegalArgumentException(where + ": " + known.size() + " classes; at most " + MOST_CLASSES);
        }
        Map<String, Integer> byName = new HashMap<>();
        for (int i = 0; i < known.size(); i++) {
            byName.put(known.get(i), i);
        }
        int[][] labels = new int[names.size()][];
        for (int i = 0; i < labels.length; i++) {
            if (!several && names.get(i).size() != 1) {
                throw new IllegalArgumentException(where + ": image " + i + " has " + names.get(i).size() + " labels");
            }
            labels[i] = names.get(i).stream().mapToInt(name -> label(name, byName, where)).distinct().sorted()
                    .toArray();
        }
        return new Labelling(List.copyOf(known), labels, several);
    }

    private static int label(String name, Map<String, Integer> byName, String where) {
        Integer label = byName.get(name);
        if (label == null && name.matches("\\d{1,9}") && Integer.parseInt(name) < byName.size()) {
            label = Integer.parseInt(name);
        }
        if (label == null) {
            Set<String> known = byName.keySet();
            throw new IllegalArgumentException(where + ": the class '" + name + "' is not one of the classes: "
                    + known.stream().sorted().limit(20).collect(Collectors.joining(", "))
                    + (known.size() > 20 ? ", ..." : ""));
        }
        return label;
    }

    List<String> classes() {
        return classes;
    }

    boolean several() {
        return several;
    }

    int label(int index) {
        return labels[index].length == 0 ? -1 : labels[index][0];
    }

    Target target(int index) {
        if (!several) {
            return new Target.Label(labels[index][0]);
        }
        float[] shares = new float[classes.size()];
        for (int label : labels[index]) {
            shares[label] = 1;
        }
        return new Target.Labels(shares);
    }

    /** The same for some of the images. */
    Labelling only(List<Integer> indices) {
        return new Labelling(classes, indices.stream().map(i -> labels[i]).toArray(int[][]::new), several);
    }

    /** Numbers from 0 to the largest that occurs, where all names are such; else null. */
    static List<String> numbers(List<List<String>> names) {
        if (!names.stream().flatMap(List::stream).allMatch(name -> name.matches("\\d{1,9}"))) {
            return null;
        }
        int largest = names.stream().flatMap(List::stream).mapToInt(Integer::parseInt).max().orElse(-1);
        if (largest >= MOST_CLASSES) {
            throw new IllegalArgumentException("label " + largest + "; expected less than " + MOST_CLASSES);
        }
        List<String> numbers = new ArrayList<>();
        IntStream.rangeClosed(0, largest).forEach(i -> numbers.add(Integer.toString(i)));
        return numbers;
    }
}

package dev.glimpse.system.caption;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.glimpse.data.Image;
import dev.glimpse.explain.HeatMap.Box;
import dev.glimpse.system.caption.Scene.Colour;
import dev.glimpse.system.caption.Scene.Shape;
import dev.glimpse.system.caption.Scene.Thing;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ScenesTest {
    private static final Scenes SCENES = new Scenes(300, 64, 5, 0);
    private static final Thing RED = new Thing(Colour.RED, Shape.CIRCLE, false, new Box(4, 4, 12, 12));
    private static final Thing BLUE = new Thing(Colour.BLUE, Shape.SQUARE, true, new Box(2, 36, 24, 24));
    private static final Thing GREEN = new Thing(Colour.GREEN, Shape.CROSS, false, new Box(44, 10, 14, 14));

    private static List<String> said(Thing... things) {
        return new Scene(64, List.of(things)).captions().stream().map(words -> String.join(" ", words)).toList();
    }

    @Test
    void oneThingHasAPlace() {
        assertThat(said(RED)).containsExactly("a small red circle at the top left");
        assertThat(said(new Thing(Colour.WHITE, Shape.TRIANGLE, true, new Box(20, 20, 24, 24))))
                .containsExactly("a large white triangle in the middle");
        assertThat(said(GREEN)).containsExactly("a small green cross at the top right");
        assertThat(said(new Thing(Colour.BLUE, Shape.SQUARE, true, new Box(20, 40, 22, 22))))
                .containsExactly("a large blue square at the bottom");
    }

    @Test
    void ofSeveralThingsEachMayComeFirst() {
        assertThat(said(RED, BLUE)).containsExactly("a small red circle above a large blue square",
                "a large blue square below a small red circle");
        assertThat(said(RED, BLUE, GREEN)).hasSize(6).contains(
                "a small red circle above a large blue square and left of a small green cross",
                "a small red circle left of a small green cross and above a large blue square",
                "a small green cross right of a small red circle and right of a large blue square");
    }

    /** What is drawn is what is said: at the middle of each thing is its colour, and none of it outside of the boxes. */
    @Test
    void picturesAgreeWithTheirScenes() {
        for (int i = 0; i < 100; i++) {
            Image image = SCENES.image(i);
            Scene scene = SCENES.scene(i);
            int strange = 0;
            assertThat(SCENES.captions(i)).isEqualTo(scene.captions());
            for (int p = 0; p < 64 * 64; p++) {
                int x = p % 64;
                int y = p / 64;
                int[] rgb = IntStream.range(3 * p, 3 * p + 3).map(c -> image.rgb()[c] & 0xff).toArray();
                if (scene.things().stream().noneMatch(thing -> inside(thing.box(), x, y))) {
                    int grey = (rgb[0] + rgb[1] + rgb[2]) / 3;
                    strange += IntStream.of(rgb).allMatch(value -> Math.abs(value - grey) < 26) ? 0 : 1;
                }
                for (Thing thing : scene.things()) {
                    if (x == (int) thing.x() && y == (int) thing.y()) {
                        assertThat(nearest(rgb)).isEqualTo(thing.colour());
                    }
                }
            }
            assertThat(strange).as("coloured ground in scene " + i).isZero();
        }
    }

    private static boolean inside(Box box, int x, int y) {
        return x >= box.x() && x < box.x() + box.width() && y >= box.y() && y < box.y() + box.height();
    }

    private static Colour nearest(int[] rgb) {
        Colour best = Colour.RED;
        for (Colour colour : Colour.values()) {
            best = distance(colour, rgb) < distance(best, rgb) ? colour : best;
        }
        return best;
    }

    private static int distance(Colour colour, int[] rgb) {
        return IntStream.range(0, 3).map(c -> Math.abs(colour.channel(c) - rgb[c])).sum();
    }

    @Test
    void captionsAreOfKnownWordsAndTellThingsApart() {
        Set<String> words = new HashSet<>(Scene.vocabulary());
        assertThat(words).hasSize(Scene.vocabulary().size());
        int[] ofMany = new int[Scene.MOST + 1];
        for (int i = 0; i < SCENES.size(); i++) {
            Scene scene = SCENES.scene(i);
            ofMany[scene.things().size()]++;
            assertThat(scene.captions()).allSatisfy(caption -> {
                assertThat(words).containsAll(caption);
                assertThat(caption.size()).isLessThanOrEqualTo(Scene.LONGEST);
            });
            assertThat(scene.captions()).doesNotHaveDuplicates();
            assertThat(scene.things().stream().map(thing -> thing.colour() + " " + thing.shape())
                    .collect(Collectors.toSet())).hasSize(scene.things().size());
        }
        assertThat(ofMany[1]).isBetween(70, 130);
        assertThat(ofMany[2]).isBetween(70, 130);
        assertThat(ofMany[3]).isBetween(70, 130);
    }

    @Test
    void theSameNumberIsTheSameSceneAndTheHalvesDiffer() {
        assertThat(SCENES.image(7).rgb()).isEqualTo(new Scenes(9, 64, 5, 0).image(7).rgb());
        assertThat(SCENES.scene(7)).isNotEqualTo(SCENES.scene(8)).isNotEqualTo(new Scenes(9, 64, 6, 0).scene(7));
        Set<Scene> learned = IntStream.range(0, 300).mapToObj(SCENES::scene).collect(Collectors.toSet());
        Scenes unseen = new Scenes(300, 64, 5, 1);
        assertThat(IntStream.range(0, 300).mapToObj(unseen::scene)).doesNotContainAnyElementsOf(learned);
    }

    @ParameterizedTest
    @CsvSource({"generated:size=31,generated: size is 31", "generated:train=0,scenes is 0",
        "generated:tset=9,generated has no argument 'tset'", "generated:train=x,train is 'x'"})
    void whatCannotBeMadeIsRefused(String data, String message) {
        assertThatThrownBy(() -> Scenes.parse(data)).isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(message);
    }
}

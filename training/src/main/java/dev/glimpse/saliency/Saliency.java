package dev.glimpse.saliency;

import dev.glimpse.data.Image;
import java.util.List;
import java.util.stream.Stream;
import org.bytedeco.javacpp.PointerScope;

/**
 * How much each place of a picture stands out from its surroundings, by intensity, colour and orientation.
 *
 * <pre>
 * F(c, s) = |P(c) - P(s)|    c = 2, 3, 4; s = c + 3, c + 4; P a nine-level pyramid; reduced to scale 4: (H/16, W/16)
 * I' = sum N(I(c, s))
 * C' = sum N(RG(c, s)) + N(GR(c, s)) + N(BY(c, s)) + N(YB(c, s))     RG = [RG(c) - RG(s)]+, GR = [RG(s) - RG(c)]+
 * O' = sum over four angles of N(sum N(O(c, s, angle)))
 * S  = (N(I') + N(C') + N(O')) / 3
 * </pre>
 *
 * Laurent Itti, Christof Koch, Ernst Niebur: A model of saliency-based visual attention for rapid scene analysis. IEEE
 * TPAMI 20(11), 1998, <a href="https://doi.org/10.1109/34.730558">10.1109/34.730558</a>.
 *
 * <p>
 * With {@link Normalisation#ITERATIVE} each opponent pair is normalised on its own before they are added up, as each angle
 * is.
 *
 * <p>
 * Differs from the paper: it prints {@code RG(c, s) = |(R(c) - G(c)) - (G(s) - R(s))|}, which adds what lies around a
 * thing instead of comparing with it, so that an even red wall would stand out from itself. And it has one map for red
 * among green and green among red, where this has one for each, as the cells that it names: on a grey ground a red thing
 * among green ones differs from its surround hardly more than they do, but the other way. Maps are reduced to scale 4
 * before N, not after it, as in the SaliencyToolbox (Walther and Koch, 2006).
 *
 * @param map S
 * @param intensity N(I')
 * @param colour N(C')
 * @param orientation N(O')
 */
public record Saliency(Plane map, Plane intensity, Plane colour, Plane orientation) {
    /** The shortest side, in pixels, for which the coarsest scale of all is down to a single one. */
    public static final int LEAST_SIDE = 128;

    /**
     * Computes all four maps.
     *
     * @throws IllegalArgumentException where the picture is too small for the pyramid
     */
    public static Saliency of(Image image, Normalisation norm) {
        if (Math.min(image.width(), image.height()) < LEAST_SIDE) {
            throw new IllegalArgumentException("the picture has " + image.width() + "x" + image.height()
                    + " pixels; a pyramid of nine levels takes at least " + LEAST_SIDE + "x" + LEAST_SIDE);
        }
        try (PointerScope _ = new PointerScope()) {
            Channels channels = Channels.of(image);
            Pyramid light = Pyramid.of(channels.intensity());
            List<Pyramid> opponents = List.of(Pyramid.of(channels.redGreen()), Pyramid.of(channels.blueYellow()));
            Plane intensity = norm.of(norm.ofFeatures(light.contrasts()));
            Plane colour = norm.of(norm.ofOpponents(opponents.stream()
                    .map(pair -> Stream.concat(pair.excesses(1).stream(), pair.excesses(-1).stream()).toList())
                    .toList()));
            Plane orientation = norm.of(Plane.sum(Gabor.FOUR.stream()
                    .map(gabor -> norm.of(norm.ofFeatures(light.filtered(gabor::answer).contrasts()))).toList()));
            Plane map = Plane.sum(List.of(intensity, colour, orientation)).times(1 / 3f);
            return new Saliency(map, intensity, colour, orientation);
        }
    }
}

package dev.glimpse.system.ram;

import dev.glimpse.attention.Args;
import dev.glimpse.data.Dataset;
import dev.glimpse.system.digits.Grey;
import dev.glimpse.system.digits.Scene;
import java.io.IOException;
import java.util.random.RandomGenerator;

/**
 * A digit of 28x28 pixels somewhere in a larger image, among pieces of other digits: as in the paper, squares of 8x8 cut
 * anywhere out of others and put anywhere; where things overlap the brighter shows.
 *
 * <p>
 * To be said of an image: its class, then left, top, right and bottom of the digit's ink, in pixels, the last two being the
 * first without.
 *
 * @param side of the image; 28 leaves the digit where it is
 * @param clutter pieces of other digits
 */
record PlacedDigits(int side, int clutter) implements Scene {
    static final int DIGIT = 28;
    static final int PIECE = 8;
    private static final int LARGEST = 512;
    private static final int MOST_PIECES = 100;
    private static final int CLUTTER = 4;
    private static final float INK = 0.1f;

    /** What users call the ways to place digits. */
    enum Variant {
        /** As it is. */
        CENTRED,
        /** Anywhere in a larger image. */
        TRANSLATED,
        /** The same among pieces of others. */
        CLUTTER
    }

    PlacedDigits {
        if (side < DIGIT || side > LARGEST) {
            throw new IllegalArgumentException(
                    "ram: size is " + side + ", must be " + DIGIT + " to " + LARGEST + " for digits of " + DIGIT);
        }
        if (clutter < 0 || clutter > MOST_PIECES) {
            throw new IllegalArgumentException("ram: clutter is " + clutter + ", must be 0 to " + MOST_PIECES);
        }
    }

    static Variant variant(Args args) {
        return Args.constant("ram", "variant", Variant.class, args.text("variant", "centred"));
    }

    static PlacedDigits read(Args args) {
        Variant variant = variant(args);
        long size = args.integer("size", variant == Variant.CENTRED ? DIGIT : 60);
        long clutter = args.integer("clutter", variant == Variant.CLUTTER ? CLUTTER : 0);
        if (variant != Variant.CLUTTER && clutter != 0) {
            throw new IllegalArgumentException("ram: clutter=" + clutter + " needs variant=clutter");
        }
        if (variant == Variant.CENTRED && size != DIGIT) {
            throw new IllegalArgumentException("ram: size=" + size + " needs variant=translated or variant=clutter");
        }
        return new PlacedDigits(Math.clamp(size, 0, Integer.MAX_VALUE),
                Math.clamp(clutter, -1, Integer.MAX_VALUE));
    }

    @Override
    public int facts() {
        return 5;
    }

    @Override
    public long[] draw(Dataset digits, int index, RandomGenerator random, Grey image) throws IOException {
        Grey digit = Grey.of(digits.image(index), DIGIT);
        int left = random.nextInt(side - DIGIT + 1);
        int top = random.nextInt(side - DIGIT + 1);
        paste(digit, 0, 0, DIGIT, image, left, top);
        for (int i = 0; i < clutter; i++) {
            Grey other = Grey.of(digits.image(random.nextInt(digits.size())), DIGIT);
            paste(other, random.nextInt(DIGIT - PIECE + 1), random.nextInt(DIGIT - PIECE + 1), PIECE, image,
                    random.nextInt(side - PIECE + 1), random.nextInt(side - PIECE + 1));
        }
        long[] box = ink(digit);
        return new long[]{digits.label(index), left + box[0], top + box[1], left + box[2], top + box[3]};
    }

    private static void paste(Grey from, int fromX, int fromY, int length, Grey to, int left, int top) {
        for (int y = 0; y < length; y++) {
            for (int x = 0; x < length; x++) {
                int at = (top + y) * to.side() + left + x;
                to.pixels()[at] = Math.max(to.pixels()[at], from.pixels()[(fromY + y) * from.side() + fromX + x]);
            }
        }
    }

    /** Left, top, right and bottom of what is not black; all of an image that is. */
    private static long[] ink(Grey digit) {
        int side = digit.side();
        long[] box = {side, side, 0, 0};
        for (int i = 0; i < digit.pixels().length; i++) {
            if (digit.pixels()[i] > INK) {
                box[0] = Math.min(box[0], i % side);
                box[1] = Math.min(box[1], i / side);
                box[2] = Math.max(box[2], i % side + 1);
                box[3] = Math.max(box[3], i / side + 1);
            }
        }
        return box[2] == 0 ? new long[]{0, 0, side, side} : box;
    }
}

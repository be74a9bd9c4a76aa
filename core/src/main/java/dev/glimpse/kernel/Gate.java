package dev.glimpse.kernel;

import static dev.glimpse.kernel.Vectors.FLOATS;

import jdk.incubator.vector.FloatVector;

/** How a row's number r and a column's number k gate the element x where they cross. */
enum Gate {
    /** {@code x r k} */
    PRODUCT,
    /** {@code x (r + k)} */
    SUM,
    /** {@code x + r + k} */
    SHIFT,
    /** {@code x (1 + sigmoid(r k))} */
    EXCITED_PRODUCT,
    /** {@code x (1 + sigmoid(r + k))} */
    EXCITED_SUM;

    private static final FloatVector ONE = FloatVector.broadcast(FLOATS, 1);

    FloatVector apply(FloatVector x, FloatVector r, FloatVector k) {
        return switch (this) {
            case SHIFT -> x.add(r.add(k));
            case SUM -> x.fma(r, x.mul(k)); // not x (r + k): two infinities must meet as they do composed
            default -> x.mul(factor(r, k));
        };
    }

    /** By what the element is multiplied. */
    FloatVector factor(FloatVector r, FloatVector k) {
        return switch (this) {
            case PRODUCT -> r.mul(k);
            case SUM -> r.add(k);
            case SHIFT -> ONE;
            case EXCITED_PRODUCT -> Vectors.sigmoid(r.mul(k)).add(1);
            case EXCITED_SUM -> Vectors.sigmoid(r.add(k)).add(1);
        };
    }

    /** From the product of gradient and element to the gradient of {@code r k} or {@code r + k}. */
    FloatVector gradient(FloatVector product, FloatVector r, FloatVector k) {
        return switch (this) {
            case PRODUCT, SUM, SHIFT -> product;
            case EXCITED_PRODUCT -> product.mul(slope(r.mul(k)));
            case EXCITED_SUM -> product.mul(slope(r.add(k)));
        };
    }

    private static FloatVector slope(FloatVector z) {
        FloatVector s = Vectors.sigmoid(z);
        return s.mul(ONE.sub(s));
    }

    /** By what the gradient of {@code r k} or {@code r + k} is multiplied on its way to either, given the other. */
    FloatVector beside(FloatVector other) {
        return this == PRODUCT || this == EXCITED_PRODUCT ? other : ONE;
    }
}

package dev.glimpse.data;

import java.util.random.RandomGenerator;

/** Numbers from 0 to 1 of the symmetric Beta distribution. */
final class Beta {
    private Beta() {}

    /** Of Beta(alpha, alpha), as the share of one of two equal Gamma variables. */
    static double symmetric(double alpha, RandomGenerator random) {
        double one = logGamma(alpha, random);
        double other = logGamma(alpha, random);
        return 1 / (1 + Math.exp(other - one));
    }

    /**
     * The logarithm of a Gamma variable, which may itself be too small for a number: Marsaglia and Tsang, <i>A Simple
     * Method for Generating Gamma Variables</i>, ACM Transactions on Mathematical Software 2000,
     * <a href="https://doi.org/10.1145/358407.358414">doi:10.1145/358407.358414</a>.
     */
    private static double logGamma(double shape, RandomGenerator random) {
        if (shape < 1) {
            return logGamma(shape + 1, random) + Math.log(1 - random.nextDouble()) / shape;
        }
        double d = shape - 1 / 3.0;
        while (true) {
            double x = random.nextGaussian();
            double v = Math.pow(1 + x / Math.sqrt(9 * d), 3);
            if (v > 0 && Math.log(1 - random.nextDouble()) < 0.5 * x * x + d - d * v + d * Math.log(v)) {
                return Math.log(d * v);
            }
        }
    }
}

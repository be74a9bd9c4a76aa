package dev.glimpse.train.loss;

/**
 * The losses' formulas in loops.
 *
 * @param z scores by image, class and position
 * @param t share of each class, zero where nobody knows
 * @param known where anybody does
 */
record PlainLosses(double[][][] z, double[][][] t, boolean[][][] known) {
    private int images() {
        return z.length;
    }

    private int classes() {
        return z[0].length;
    }

    private int positions() {
        return z[0][0].length;
    }

    private double softmax(int b, int c, int n) {
        double sum = 0;
        for (int k = 0; k < classes(); k++) {
            sum += Math.exp(z[b][k][n]);
        }
        return Math.exp(z[b][c][n]) / sum;
    }

    private double sigmoid(int b, int c, int n) {
        return 1 / (1 + Math.exp(-z[b][c][n]));
    }

    /** Classes and shares alike; shares are not divided by weights. */
    double crossEntropy(double smoothing, double[] w, boolean shares) {
        double sum = 0;
        double count = 0;
        for (int b = 0; b < images(); b++) {
            for (int n = 0; n < positions(); n++) {
                for (int c = 0; c < classes() && known[b][c][n]; c++) {
                    double q = (1 - smoothing) * t[b][c][n] + smoothing / classes();
                    sum -= w[c] * q * Math.log(softmax(b, c, n));
                    count += shares ? 1.0 / classes() : w[c] * t[b][c][n];
                }
            }
        }
        return sum / count;
    }

    double binaryCrossEntropy(double smoothing, double[] w) {
        double sum = 0;
        int count = 0;
        for (int b = 0; b < images(); b++) {
            for (int c = 0; c < classes(); c++) {
                for (int n = 0; n < positions(); n++) {
                    if (known[b][c][n]) {
                        double q = (1 - smoothing) * t[b][c][n] + smoothing / 2;
                        double p = sigmoid(b, c, n);
                        sum -= w[c] * q * Math.log(p) + (1 - q) * Math.log(1 - p);
                        count++;
                    }
                }
            }
        }
        return sum / count;
    }

    double focalOfClasses(double gamma, double[] w) {
        double sum = 0;
        int count = 0;
        for (int b = 0; b < images(); b++) {
            for (int n = 0; n < positions(); n++) {
                count += known[b][0][n] ? 1 : 0;
                for (int c = 0; c < classes(); c++) {
                    double p = softmax(b, c, n);
                    sum -= w[c] * t[b][c][n] * Math.pow(1 - p, gamma) * Math.log(p);
                }
            }
        }
        return sum / count;
    }

    double focalOfYesOrNo(double gamma, double yes, double no) {
        double sum = 0;
        int count = 0;
        for (int b = 0; b < images(); b++) {
            for (int c = 0; c < classes(); c++) {
                for (int n = 0; n < positions(); n++) {
                    if (known[b][c][n]) {
                        double p = sigmoid(b, c, n);
                        sum -= yes * t[b][c][n] * Math.pow(1 - p, gamma) * Math.log(p)
                                + no * (1 - t[b][c][n]) * Math.pow(p, gamma) * Math.log(1 - p);
                        count++;
                    }
                }
            }
        }
        return sum / count;
    }

    /** Which share of a region is right, from the sums over its positions. */
    interface Share {
        double of(double common, double taken, double truth);
    }

    static Share dice(double smooth) {
        return (common, taken, truth) -> (2 * common + smooth) / (taken + truth + smooth);
    }

    static Share jaccard(double smooth) {
        return (common, taken, truth) -> (common + smooth) / (taken + truth - common + smooth);
    }

    static Share tversky(double alpha, double beta, double smooth) {
        return (common, taken, truth) -> (common + smooth)
                / (common + alpha * (taken - common) + beta * (truth - common) + smooth);
    }

    double overlap(Share share, double gamma, boolean perImage, int firstClass, boolean yesOrNo, double[] w) {
        int groups = perImage ? images() : 1;
        double sum = 0;
        double weight = 0;
        for (int group = 0; group < groups; group++) {
            for (int c = firstClass; c < classes(); c++) {
                double common = 0;
                double taken = 0;
                double truth = 0;
                for (int b = 0; b < images(); b++) {
                    for (int n = 0; n < positions(); n++) {
                        if (known[b][c][n] && (!perImage || b == group)) {
                            double p = yesOrNo ? sigmoid(b, c, n) : softmax(b, c, n);
                            common += p * t[b][c][n];
                            taken += p;
                            truth += t[b][c][n];
                        }
                    }
                }
                sum += w[c] * Math.pow(1 - share.of(common, taken, truth), gamma);
                weight += w[c];
            }
        }
        return sum / weight;
    }
}

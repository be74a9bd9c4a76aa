package dev.glimpse.kernel;

/**
 * What flows back to maxima: a number for each of the lines, to the place where its maximum was.
 *
 * @param heads where lines are the matrix's columns: for each row the first column whose maximum is in it, or -1
 * @param next for each column the next one whose maximum is in the same row, or -1
 */
record Spike(Numbers values, Numbers places, Numbers heads, Numbers next) {
    /** To the positions of each channel's maxima. */
    static Spike toPositions(MapRows x, Numbers values, Numbers places) {
        return x.channelsLast ? inColumns(x, values, places) : new Spike(values, places, null, null);
    }

    /** To the channels of each position's maxima. */
    static Spike toChannels(MapRows x, Numbers values, Numbers places) {
        return x.channelsLast ? new Spike(values, places, null, null) : inColumns(x, values, places);
    }

    /** Columns are looked up by their row, so that a row gets what is its while it is at hand. */
    private static Spike inColumns(MapRows x, Numbers values, Numbers places) {
        Spike spike = new Spike(values, places, Numbers.ints(x.images, x.rows()), Numbers.ints(x.images, x.cols()));
        Team.forEach(x.images, image -> {
            for (int i = 0; i < x.rows(); i++) {
                Vectors.setInt(spike.heads.at(image, i), -1);
            }
            for (int j = x.cols() - 1; j >= 0; j--) {
                long head = spike.heads.at(image, Vectors.getInt(places.at(image, j)));
                Vectors.setInt(spike.next.at(image, j), Vectors.getInt(head));
                Vectors.setInt(head, j);
            }
        });
        return spike;
    }

    /** The same places with other values. */
    Spike with(Numbers others) {
        return new Spike(others, places, heads, next);
    }

    int head(int image, int row) {
        return Vectors.getInt(heads.at(image, row));
    }

    int next(int image, int column) {
        return Vectors.getInt(next.at(image, column));
    }
}

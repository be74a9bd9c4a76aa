package dev.glimpse.data;

/** What an image shows, as a network is to say it. */
public sealed interface Target {
    /** One of the classes. */
    record Label(int index) implements Target {
        public Label {
            if (index < 0) {
                throw new IllegalArgumentException("label " + index + "; expected at least 0");
            }
        }
    }

    /**
     * Any number of the classes.
     *
     * @param shares of each class, in 0 to 1: mostly 1 where the image shows it and 0 where it does not
     */
    record Labels(float[] shares) implements Target {
        public Labels {
            for (float share : shares) {
                if (!(share >= 0 && share <= 1)) {
                    throw new IllegalArgumentException("a class's share is " + share + ", must be in 0 to 1");
                }
            }
        }
    }
}

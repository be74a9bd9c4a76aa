package dev.glimpse.data;

/** Dead leaves, each from a seed of its own. */
final class GeneratedBackgrounds implements Backgrounds {
    @Override
    public String title() {
        return "generated dead leaves";
    }

    @Override
    public Split split(long seed, int train, int test) {
        return new Split(source(seed, 0), source(seed, 1));
    }

    private static Source source(long seed, int part) {
        return index -> DeadLeaves.image(Seeds.random(seed, part, index).nextLong(), WhitePatch.SIZE, WhitePatch.SIZE);
    }
}

package dev.glimpse.data;

import java.util.SplittableRandom;
import java.util.random.RandomGenerator;

/** Randomness that depends on what it is for, and on nothing that happened before. */
final class Seeds {
    private Seeds() {}

    /** A generator for a place named by numbers: a seed, an epoch, an index. */
    static RandomGenerator random(long... place) {
        long seed = 0;
        for (long part : place) {
            seed = mix(seed + 0x9e3779b97f4a7c15L ^ mix(part));
        }
        return new SplittableRandom(seed);
    }

    /** The numbers from 0, shuffled. */
    static int[] permutation(int count, RandomGenerator random) {
        int[] order = new int[count];
        for (int i = 0; i < count; i++) {
            int other = random.nextInt(i + 1);
            order[i] = order[other];
            order[other] = i;
        }
        return order;
    }

    /** The finaliser of splitmix64 (Steele, Lea and Flood 2014). */
    private static long mix(long value) {
        long z = (value ^ value >>> 30) * 0xbf58476d1ce4e5b9L;
        z = (z ^ z >>> 27) * 0x94d049bb133111ebL;
        return z ^ z >>> 31;
    }
}

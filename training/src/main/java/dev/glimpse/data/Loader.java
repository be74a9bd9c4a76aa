package dev.glimpse.data;

import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.IntStream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads a data set in batches, ahead of who uses them.
 *
 * <p>
 * Threads decode and augment into a few batches' memory, which is used again and again. What comes in which order, and
 * how it is augmented, follows from the seed, the epoch and the image alone; the number of threads changes nothing.
 * Images that cannot be read are left out of their batch and remembered.
 *
 * <pre>
 * try (Loader.Epoch batches = loader.epoch(0)) {
 *     while (batches.hasNext()) {
 *         try (PointerScope scope = new PointerScope(); Batch batch = batches.next()) { ... }
 *     }
 * }
 * </pre>
 */
public final class Loader implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Loader.class);

    private final Dataset data;
    private final Transform transform;
    private final Options options;
    private final Map<String, String> skipped = new ConcurrentHashMap<>();

    /** Guards all that follows, and the state of epochs. */
    private final Object lock = new Object();
    private final Deque<Slot> free = new ArrayDeque<>();
    private List<Slot> slots = List.of();
    private int open;
    private long waitedNanos;
    private Epoch current;
    private boolean closed;

    /**
     * How to read.
     *
     * @param batch images a batch
     * @param dropLast whether to leave out the last batch of an epoch where it is not full
     * @param workers threads
     */
    public record Options(int batch, boolean shuffle, boolean dropLast, int workers, long seed) {
        public Options {
            if (batch < 1 || workers < 1) {
                throw new IllegalArgumentException(
                        "batch " + batch + ", workers " + workers + "; expected at least 1 of each");
            }
        }
    }

    public Loader(Dataset data, Transform transform, Options options) {
        if (data.size() == 0 || options.dropLast && data.size() < options.batch) {
            throw new IllegalArgumentException(data.size() + " images do not fill a batch of " + options.batch);
        }
        this.data = data;
        this.transform = transform;
        this.options = options;
    }

    /** How many batches an epoch has where every image can be read. */
    public int batches() {
        long rounding = options.dropLast ? 0 : options.batch - 1;
        return (int) ((data.size() + rounding) / options.batch);
    }

    /** Starts an epoch, and ends the one before it. */
    public Epoch epoch(int epoch) {
        if (current != null) {
            current.close();
        }
        synchronized (lock) {
            if (closed) {
                throw new IllegalStateException("the loader is closed");
            }
            if (slots.isEmpty()) {
                slots = Slot.allocate(options.workers + 2, options.batch, transform.size());
                free.addAll(slots);
            }
        }
        current = new Epoch(epoch);
        return current;
    }

    /** The images that could not be read, by name, and why. */
    public Map<String, String> skipped() {
        return new TreeMap<>(skipped);
    }

    /** How long the consumer has waited for batches, in seconds, since the loader was made. */
    public double waitSeconds() {
        synchronized (lock) {
            return waitedNanos / 1e9;
        }
    }

    /** Ends the epoch under way and frees the memory; batches that are still open keep theirs. */
    @Override
    public void close() {
        if (current != null) {
            current.close();
        }
        synchronized (lock) {
            closed = true;
            slots.forEach(Slot::free);
            slots = List.of();
            free.clear();
        }
    }

    private void giveBack(Slot slot) {
        synchronized (lock) {
            free.add(slot);
            lock.notifyAll();
        }
    }

    private record Task(int batch, Slot slot) {}

    private record Filled(Slot slot, int[] indices) {}

    /** The batches of one pass over the data, in order. Batches in which no image can be read do not appear. */
    public final class Epoch implements Iterator<Batch>, AutoCloseable {
        private final int number;
        private final int[] order;
        private final List<Thread> threads;
        private final Map<Integer, Filled> ready = new HashMap<>();
        private int claimed;
        private int taken;
        private Filled next;
        private Throwable failure;
        private boolean ended;

        private Epoch(int number) {
            this.number = number;
            order = options.shuffle
                    ? Seeds.permutation(data.size(), Seeds.random(options.seed, number))
                    : IntStream.range(0, data.size()).toArray();
            threads = IntStream.range(0, options.workers)
                    .mapToObj(i -> Thread.ofPlatform().daemon().name("glimpse-loader-" + i).unstarted(this::work))
                    .toList();
            threads.forEach(Thread::start);
        }

        /**
         * Waits until the next batch is ready, or the epoch over.
         *
         * @throws IllegalStateException where reading failed for another reason than a bad image, which is its cause
         */
        @Override
        public boolean hasNext() {
            synchronized (lock) {
                while (next == null && taken < batches() && !ended) {
                    Filled filled = ready.remove(taken);
                    if (filled == null) {
                        await();
                        continue;
                    }
                    taken++;
                    if (filled.indices.length > 0) {
                        next = filled;
                    } else {
                        giveBack(filled.slot);
                    }
                }
                return next != null;
            }
        }

        private void await() {
            if (failure != null) {
                throw new IllegalStateException("reading images failed: " + failure, failure);
            }
            if (open == slots.size()) {
                throw new IllegalStateException(
                        "all " + open + " batches are in use: close each before asking for the next");
            }
            long start = System.nanoTime();
            try {
                lock.wait();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IllegalStateException("interrupted while waiting for images", e);
            } finally {
                waitedNanos += System.nanoTime() - start;
            }
        }

        @Override
        public Batch next() {
            synchronized (lock) {
                if (!hasNext()) {
                    throw new NoSuchElementException("the epoch is over");
                }
                Filled filled = next;
                next = null;
                open++;
                return filled.slot.batch(filled.indices, () -> {
                    synchronized (lock) {
                        open--;
                        giveBack(filled.slot);
                    }
                });
            }
        }

        private void work() {
            try {
                for (Task task = claim(); task != null; task = claim()) {
                    Filled filled = new Filled(task.slot, fill(task));
                    synchronized (lock) {
                        ready.put(task.batch, filled);
                        lock.notifyAll();
                    }
                }
            } catch (Throwable e) {
                synchronized (lock) {
                    failure = e;
                    lock.notifyAll();
                }
            }
        }

        /** The next batch to fill, taken only with memory for it: the earliest batch never waits for a later one's. */
        private Task claim() throws InterruptedException {
            synchronized (lock) {
                while (!over() && free.isEmpty()) {
                    lock.wait();
                }
                return over() ? null : new Task(claimed++, free.remove());
            }
        }

        private boolean over() {
            return ended || failure != null || claimed == batches();
        }

        private int[] fill(Task task) {
            boolean done = false;
            try {
                int from = task.batch * options.batch;
                int to = Math.min(from + options.batch, order.length);
                int[] indices = new int[to - from];
                int count = 0;
                for (int i = from; i < to && !ended(); i++) {
                    if (write(order[i], task.slot, count)) {
                        indices[count++] = order[i];
                    }
                }
                done = true;
                return Arrays.copyOf(indices, count);
            } finally {
                if (!done) {
                    giveBack(task.slot);
                }
            }
        }

        private boolean write(int index, Slot slot, int place) {
            try {
                Image image = data.image(index);
                long bytes = 4L * transform.elements();
                transform.write(image, Seeds.random(options.seed, number, index),
                        slot.imageMemory().asSlice(place * bytes, bytes));
                slot.labelMemory().setAtIndex(ValueLayout.JAVA_LONG, place, data.label(index));
                return true;
            } catch (IOException e) {
                return skip(index, String.valueOf(e.getMessage()));
            } catch (OutOfMemoryError e) {
                return skip(index, data.name(index) + ": too large for the Java heap");
            }
        }

        private boolean skip(int index, String reason) {
            if (skipped.put(data.name(index), reason) == null) {
                LOG.debug("skipped {}", reason);
            }
            return false;
        }

        private boolean ended() {
            synchronized (lock) {
                return ended;
            }
        }

        /** Ends the epoch, at its end or before; its threads are gone when this returns. */
        @Override
        public void close() {
            synchronized (lock) {
                ended = true;
                lock.notifyAll();
            }
            boolean interrupted = false;
            for (Thread thread : threads) {
                while (thread.isAlive()) {
                    try {
                        thread.join();
                    } catch (InterruptedException _) {
                        interrupted = true;
                    }
                }
            }
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
            synchronized (lock) {
                ready.values().forEach(filled -> giveBack(filled.slot));
                ready.clear();
                if (next != null) {
                    giveBack(next.slot);
                    next = null;
                }
            }
        }
    }
}

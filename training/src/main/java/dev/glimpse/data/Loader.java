package dev.glimpse.data;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.stream.IntStream;

/**
 * Reads a data set in batches, ahead of who uses them.
 *
 * <p>
 * Threads decode and augment, all of them the earliest batch that is not full, into a few batches' memory that is used
 * again and again. What comes in which order, and how it is augmented, follows from the seed, the epoch and the image
 * alone; the number of threads changes nothing. Images that cannot be read are left out of their batch and remembered,
 * until they are too many.
 *
 * <pre>
 * try (Loader.Epoch batches = loader.epoch(0)) {
 *     while (batches.hasNext()) {
 *         try (PointerScope scope = new PointerScope(); Batch batch = batches.next()) { ... }
 *     }
 * }
 * </pre>
 */
public final class Loader implements Batches {
    private static final int MOST_SLOTS = 4;

    private final Examples data;
    private final Options options;
    private final SkippedImages skipped;

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
     * @param balanced whether to draw the images, with replacement, such that all classes come equally often
     * @param maxSkippedShare of the images that may be unreadable before reading stops; up to five may be unless it is 0
     */
    public record Options(int batch, boolean shuffle, boolean dropLast, int workers, long seed, boolean balanced,
            double maxSkippedShare) {
        /** The share of unreadable images that is put up with unless said otherwise. */
        public static final double MAX_SKIPPED_SHARE = 0.05;

        public Options {
            if (batch < 1 || workers < 1) {
                throw new IllegalArgumentException(
                        "batch " + batch + ", workers " + workers + "; expected at least 1 of each");
            }
            if (balanced && !shuffle) {
                throw new IllegalArgumentException("balanced classes come in a random order; shuffle them");
            }
            if (!(maxSkippedShare >= 0 && maxSkippedShare <= 1)) {
                throw new IllegalArgumentException(
                        "the share of images to skip is " + maxSkippedShare + ", must be in 0 to 1");
            }
        }

        public Options(int batch, boolean shuffle, boolean dropLast, int workers, long seed) {
            this(batch, shuffle, dropLast, workers, seed, false, MAX_SKIPPED_SHARE);
        }
    }

    public Loader(Dataset data, Transform transform, Options options) {
        this(new LabelledExamples(data, transform), options);
    }

    /** Loads images with a class for each pixel. */
    public Loader(SegmentationFolder data, SegmentationTransform transform, Options options) {
        this(new SegmentationExamples(data, transform), options);
    }

    /** Loads whatever comes as an image and what is to be said of it. */
    public Loader(Examples data, Options options) {
        if (data.size() == 0 || options.dropLast && data.size() < options.batch) {
            throw new IllegalArgumentException(data.size() + " images do not fill a batch of " + options.batch);
        }
        this.data = data;
        this.options = options;
        this.skipped = new SkippedImages(data.size(), options.maxSkippedShare);
    }

    /** How many batches an epoch has where every image can be read. */
    @Override
    public int batches() {
        long rounding = options.dropLast ? 0 : options.batch - 1;
        return (int) ((data.size() + rounding) / options.batch);
    }

    /** Starts an epoch, and ends the one before it. */
    public Epoch epoch(int epoch) {
        return epoch(epoch, 0);
    }

    /**
     * Starts an epoch at a later batch than its first, and ends the one before it: what comes is what would have come.
     *
     * @param firstBatch how many batches to leave out, counted as where every image can be read
     */
    @Override
    public Epoch epoch(int epoch, int firstBatch) {
        if (firstBatch < 0 || firstBatch > batches()) {
            throw new IllegalArgumentException("batch " + firstBatch + "; expected 0 to " + batches());
        }
        if (current != null) {
            current.close();
        }
        synchronized (lock) {
            if (closed) {
                throw new IllegalStateException("the loader is closed");
            }
            if (slots.isEmpty()) {
                slots = Slot.allocate(Math.min(options.workers + 2, MOST_SLOTS), options.batch, data.shape());
                free.addAll(slots);
            }
        }
        current = new Epoch(epoch, firstBatch);
        return current;
    }

    /** The images that could not be read, by name, and why. */
    @Override
    public Map<String, String> skipped() {
        return skipped.reasons();
    }

    /** How long the consumer has waited for batches, in seconds, since the loader was made. */
    @Override
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

    /** A batch under way; guarded by the lock, but for the memory and {@code read}, where each place has one writer. */
    private static final class Filling {
        private final Slot slot;
        private final int from;
        private final boolean[] read;
        private int claimed;
        private int done;
        private int[] indices; // once it is full

        Filling(Slot slot, int from, int size) {
            this.slot = slot;
            this.from = from;
            read = new boolean[size];
        }
    }

    private record Task(Filling filling, int place) {}

    /** The batches of one pass over the data, in order. Batches in which no image can be read do not appear. */
    public final class Epoch implements Pass {
        private final int number;
        private final Order order;
        private final List<Thread> threads;
        /** In order; the last may still have images that nobody has claimed. */
        private final Deque<Filling> fillings = new ArrayDeque<>();
        private int started;
        private int taken;
        private Filling next;
        private Throwable failure;
        private boolean ended;

        private Epoch(int number, int firstBatch) {
            this.number = number;
            started = firstBatch;
            taken = firstBatch;
            order = data.order(options, number);
            threads = IntStream.range(0, options.workers)
                    .mapToObj(i -> Thread.ofPlatform().daemon().name("glimpse-loader-" + i).unstarted(this::work))
                    .toList();
            threads.forEach(Thread::start);
        }

        /**
         * Waits until the next batch is ready, or the epoch over.
         *
         * @throws UncheckedIOException of one line where too many images cannot be read
         * @throws IllegalStateException where reading failed for another reason than a bad image, which is its cause
         */
        @Override
        public boolean hasNext() {
            synchronized (lock) {
                while (next == null && taken < batches() && !ended) {
                    if (fillings.isEmpty() || fillings.getFirst().indices == null) {
                        await();
                        continue;
                    }
                    Filling full = fillings.removeFirst();
                    taken++;
                    if (full.indices.length > 0) {
                        next = full;
                    } else {
                        giveBack(full.slot);
                    }
                }
                return next != null;
            }
        }

        private void await() {
            switch (failure) {
                case null -> {
                }
                case UncheckedIOException e -> throw e;
                default -> throw new IllegalStateException("reading images failed: " + failure, failure);
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
                Filling full = next;
                next = null;
                open++;
                return full.slot.batch(full.indices, () -> {
                    synchronized (lock) {
                        open--;
                        giveBack(full.slot);
                    }
                });
            }
        }

        /** Which batch comes next, those counted in which no image could be read: where {@link Loader#epoch} goes on. */
        @Override
        public int position() {
            synchronized (lock) {
                return next == null ? taken : taken - 1;
            }
        }

        private void work() {
            try (Examples.Writer writer = data.writer()) {
                for (Task task = claim(); task != null; task = claim()) {
                    task.filling.read[task.place] = write(writer, task.filling.slot, task.place,
                            task.filling.from + task.place);
                    done(task.filling);
                }
            } catch (Throwable e) {
                synchronized (lock) {
                    failure = failure == null ? e : failure;
                    lock.notifyAll();
                }
            }
        }

        /** The next image of the earliest batch that wants one; a new batch is begun only with memory for it. */
        private Task claim() throws InterruptedException {
            synchronized (lock) {
                while (!ended && failure == null) {
                    Filling last = fillings.peekLast();
                    if (last != null && last.claimed < last.read.length) {
                        return new Task(last, last.claimed++);
                    }
                    if (started == batches()) {
                        return null;
                    }
                    if (free.isEmpty()) {
                        lock.wait();
                    } else {
                        int from = started++ * options.batch;
                        int size = Math.min(options.batch, order.images().length - from);
                        fillings.add(new Filling(free.remove(), from, size));
                        lock.notifyAll(); // threads that waited for memory
                    }
                }
                return null;
            }
        }

        private void done(Filling filling) {
            synchronized (lock) {
                if (++filling.done < filling.read.length) {
                    return;
                }
            }
            int[] indices = new int[filling.read.length];
            int count = 0;
            for (int i = 0; i < indices.length; i++) {
                if (filling.read[i]) {
                    if (count < i) {
                        filling.slot.move(i, count);
                    }
                    indices[count++] = order.images()[filling.from + i];
                }
            }
            synchronized (lock) {
                filling.indices = Arrays.copyOf(indices, count);
                lock.notifyAll();
            }
        }

        private boolean write(Examples.Writer writer, Slot slot, int place, int position) {
            int index = order.images()[position];
            try {
                writer.write(index, order.random(position, options.seed, number), slot.image(place), slot.label(place));
                return true;
            } catch (IOException e) {
                skipped.add(data.name(index), String.valueOf(e.getMessage()));
            } catch (OutOfMemoryError e) {
                skipped.add(data.name(index), data.name(index) + ": too large for the Java heap");
            }
            return false;
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
                fillings.forEach(filling -> giveBack(filling.slot));
                fillings.clear();
                if (next != null) {
                    giveBack(next.slot);
                    next = null;
                }
            }
        }
    }
}

package dev.glimpse.data;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** The memory of one batch: tensors, and the same memory as Java writes it. */
record Slot(Tensor images, Tensor labels, MemorySegment imageMemory, MemorySegment labelMemory) {
    /** Allocates on a thread of its own, so that no {@code PointerScope} of the caller's frees the tensors. */
    static List<Slot> allocate(int count, int batch, Transform transform, int classes) {
        return CompletableFuture.supplyAsync(
                () -> IntStream.range(0, count).mapToObj(_ -> allocate(batch, transform, classes)).toList(),
                task -> Thread.ofPlatform().daemon().name("glimpse-loader-memory").start(task)).join();
    }

    /** @param classes how many floats an image's labels are, or 0 for one whole number */
    private static Slot allocate(int batch, Transform transform, int classes) {
        Tensor images = torch.zeros(batch, transform.channels(), transform.size(), transform.size());
        Tensor labels = classes == 0 ? torch.zeros(batch).to(ScalarType.Long) : torch.zeros(batch, classes);
        return new Slot(images, labels, memory(images), memory(labels));
    }

    @SuppressWarnings("restricted") // MemorySegment.reinterpret
    static MemorySegment memory(Tensor tensor) {
        return MemorySegment.ofAddress(tensor.data_ptr().address()).reinterpret(tensor.nbytes());
    }

    /** Where an image of a batch is written. */
    MemorySegment image(int place) {
        return part(imageMemory, images, place);
    }

    void write(int place, Target target) {
        MemorySegment to = part(labelMemory, labels, place);
        switch (target) {
            case Target.Label(int index) -> to.set(ValueLayout.JAVA_LONG, 0, index);
            case Target.Labels(float[] shares) -> {
                if (4L * shares.length != to.byteSize()) {
                    throw new IllegalArgumentException(
                            shares.length + " classes of an image, and " + to.byteSize() / 4 + " of the data set");
                }
                MemorySegment.copy(shares, 0, to, ValueLayout.JAVA_FLOAT, 0, shares.length);
            }
        }
    }

    /** Closes the gap of an image that could not be read. */
    void move(int from, int to) {
        image(to).copyFrom(image(from));
        part(labelMemory, labels, to).copyFrom(part(labelMemory, labels, from));
    }

    private static MemorySegment part(MemorySegment memory, Tensor tensor, int place) {
        long bytes = memory.byteSize() / tensor.size(0);
        return memory.asSlice(place * bytes, bytes);
    }

    /** The first images and their labels; they live until closed, whatever scope is open. */
    Batch batch(int[] indices, Runnable giveBack) {
        return new Batch(first(images, indices.length), first(labels, indices.length), indices, giveBack);
    }

    private static Tensor first(Tensor tensor, int count) {
        Tensor view = tensor.narrow(0, 0, count);
        view.retainReference();
        return view;
    }

    void free() {
        images.close();
        labels.close();
    }
}

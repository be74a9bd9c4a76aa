package dev.glimpse.data;

import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** The memory of one batch: tensors, and the same memory as Java writes it. */
record Slot(Tensor images, Tensor labels, MemorySegment imageMemory, MemorySegment labelMemory) {
    /** Allocates on a thread of its own, so that no {@code PointerScope} of the caller's frees the tensors. */
    static List<Slot> allocate(int count, int batch, Examples.Shape shape) {
        return CompletableFuture.supplyAsync(
                () -> IntStream.range(0, count).mapToObj(_ -> allocate(batch, shape)).toList(),
                task -> Thread.ofPlatform().daemon().name("glimpse-loader-memory").start(task)).join();
    }

    private static Slot allocate(int batch, Examples.Shape shape) {
        Tensor images = torch.zeros(batched(batch, shape.image()), new TensorOptions(ScalarType.Float));
        Tensor labels = torch.zeros(batched(batch, shape.target()), new TensorOptions(shape.type()));
        return new Slot(images, labels, memory(images), memory(labels));
    }

    private static long[] batched(long batch, long... shape) {
        return LongStream.concat(LongStream.of(batch), LongStream.of(shape)).toArray();
    }

    @SuppressWarnings("restricted") // MemorySegment.reinterpret
    static MemorySegment memory(Tensor tensor) {
        return MemorySegment.ofAddress(tensor.data_ptr().address()).reinterpret(tensor.nbytes());
    }

    /** Where an image of a batch is written. */
    MemorySegment image(int place) {
        return part(imageMemory, images, place);
    }

    /** Where what is to be said of it is written. */
    MemorySegment label(int place) {
        return part(labelMemory, labels, place);
    }

    /** Closes the gap of an image that could not be read. */
    void move(int from, int to) {
        image(to).copyFrom(image(from));
        label(to).copyFrom(label(from));
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

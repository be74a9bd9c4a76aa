package dev.glimpse.data;

import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** The memory of one batch: tensors, and the same memory as Java writes it. */
record Slot(Tensor images, Tensor labels, MemorySegment imageMemory, MemorySegment labelMemory) {
    /** Allocates on a thread of its own, so that no {@code PointerScope} of the caller's frees the tensors. */
    static List<Slot> allocate(int count, int batch, int size) {
        return CompletableFuture.supplyAsync(
                () -> IntStream.range(0, count).mapToObj(_ -> allocate(batch, size)).toList(),
                task -> Thread.ofPlatform().daemon().name("glimpse-loader-memory").start(task)).join();
    }

    private static Slot allocate(int batch, int size) {
        Tensor images = torch.zeros(batch, 3, size, size);
        Tensor labels = torch.zeros(batch).to(ScalarType.Long);
        return new Slot(images, labels, memory(images), memory(labels));
    }

    @SuppressWarnings("restricted") // MemorySegment.reinterpret
    static MemorySegment memory(Tensor tensor) {
        return MemorySegment.ofAddress(tensor.data_ptr().address()).reinterpret(tensor.nbytes());
    }

    /** The first {@code count} images and their labels; they live until closed, whatever scope is open. */
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

package dev.glimpse.nn;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import java.lang.foreign.Arena;
import java.lang.foreign.StructLayout;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.Optional;
import java.util.OptionalLong;

/** The memory of libtorch's tensors: what the C library's allocator has given out, and what it holds in reserve. */
public final class NativeHeap {
    /** glibc's {@code struct mallinfo2}: ten sizes. */
    private static final StructLayout INFO = MemoryLayout
            .structLayout(MemoryLayout.sequenceLayout(10, ValueLayout.JAVA_LONG).withName("sizes"));
    private static final int BYTES_IN_MAPPED_CHUNKS = 4;
    private static final int BYTES_IN_USE = 7;
    private static final Optional<MethodHandle> MALLINFO = mallinfo();
    private static final Optional<MethodHandle> TRIM = mallocTrim();

    private NativeHeap() {}

    /** The bytes in use now; empty where the C library cannot tell. */
    public static OptionalLong bytesInUse() {
        if (MALLINFO.isEmpty()) {
            return OptionalLong.empty();
        }
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment info = (MemorySegment) MALLINFO.get().invokeExact((SegmentAllocator) arena);
            return OptionalLong.of(info.getAtIndex(ValueLayout.JAVA_LONG, BYTES_IN_USE)
                    + info.getAtIndex(ValueLayout.JAVA_LONG, BYTES_IN_MAPPED_CHUNKS));
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }

    /**
     * Gives the system what the allocator holds in reserve: the last step's tensors, which the next one will use again, but
     * which the system counts as taken. Nothing where the C library has no such call.
     */
    public static void giveBack() {
        TRIM.ifPresent(trim -> {
            try {
                int _ = (int) trim.invokeExact(0L);
            } catch (Throwable e) {
                throw new IllegalStateException(e);
            }
        });
    }

    @SuppressWarnings("restricted") // malloc_trim(size_t) reads and writes no memory of ours
    private static Optional<MethodHandle> mallocTrim() {
        Linker linker = Linker.nativeLinker();
        return linker.defaultLookup().find("malloc_trim").map(address -> linker.downcallHandle(address,
                FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_LONG)));
    }

    @SuppressWarnings("restricted") // mallinfo2() takes nothing and returns a struct by value
    private static Optional<MethodHandle> mallinfo() {
        Linker linker = Linker.nativeLinker();
        return linker.defaultLookup().find("mallinfo2")
                .map(address -> linker.downcallHandle(address, FunctionDescriptor.of(INFO)));
    }
}

package dev.glimpse.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MemoryTest {
    private static final long GIB = 1L << 30;
    private static final String UNLIMITED_V1 = "9223372036854771712";

    @TempDir
    private Path root;

    @Test
    void whatFitsIsGranted() {
        assertThatCode(() -> Memory.require("nonlocal", 3 * GIB, "shrink it", () -> 4 * GIB))
                .doesNotThrowAnyException();
    }

    @Test
    void whatDoesNotFitIsRefusedInOneLine() {
        assertThatThrownBy(() -> Memory.require("nonlocal", 5 * GIB, "use sub_sample=true", () -> 4 * GIB))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("nonlocal: this input needs 5.0 GiB of memory, 4.0 GiB are available; use sub_sample=true");
    }

    /** All else that a step makes needs some too. */
    @Test
    void nothingIsGrantedToTheLastByte() {
        assertThatThrownBy(() -> Memory.require("pam", 4 * GIB, "shrink it", () -> 4 * GIB))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void smallRequestsAreNotEvenLookedInto() {
        assertThatCode(() -> Memory.require("nonlocal", 256L << 20, "shrink it", () -> {
            throw new AssertionError("asked");
        })).doesNotThrowAnyException();
    }

    /** The last step's memory, which the allocator keeps for the next, looks taken until it is given back. */
    @Test
    void theReserveIsGivenBackBeforeAnInputIsRefused() {
        Deque<Long> available = new ArrayDeque<>(List.of(GIB, 8 * GIB));
        assertThatCode(() -> Memory.require("nonlocal", 5 * GIB, "shrink it", available::remove))
                .doesNotThrowAnyException();
        assertThat(available).isEmpty();
    }

    @Test
    void bytesDoNotOverflow() {
        assertThat(Memory.bytes(Tensors.zeros(ScalarType.Float), 2, 3, 5)).isEqualTo(120);
        assertThat(Memory.bytes(Tensors.zeros(ScalarType.Double), 7)).isEqualTo(56);
        assertThat(Memory.bytes(Tensors.zeros(ScalarType.Float), 1L << 40, 1L << 40)).isEqualTo(Long.MAX_VALUE);
        assertThat(Memory.bytes(Tensors.zeros(ScalarType.Float), 1L << 61)).isEqualTo(Long.MAX_VALUE);
        assertThatThrownBy(() -> Memory.require("cam", Long.MAX_VALUE, "shrink it"))
                .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("needs 8589934592.0 GiB");
    }

    @Test
    void thisMachineHasSome() {
        assertThat(Memory.available()).isBetween(1L << 20, 1L << 50);
    }

    @Test
    void withoutTheSystemsFilesTheJvmIsAsked() {
        assertThat(Memory.available(root)).isBetween(1L << 20, 1L << 50);
    }

    @Test
    void theSystemsFigureHolds() throws IOException {
        system(6 * GIB);
        assertThat(Memory.available(root)).isEqualTo(6 * GIB);
    }

    @Test
    void aContainersLimitIsCloser() throws IOException {
        system(6 * GIB);
        write("proc/self/cgroup", "0::/app/worker\n");
        write("sys/fs/cgroup/app/worker/memory.max", "max\n");
        write("sys/fs/cgroup/app/worker/memory.current", GIB + "\n");
        write("sys/fs/cgroup/app/memory.max", 4 * GIB + "\n");
        write("sys/fs/cgroup/app/memory.current", 3 * GIB + "\n");
        write("sys/fs/cgroup/app/memory.stat", "anon 5\ninactive_file " + GIB / 2 + "\nactive_file 7\n");
        assertThat(Memory.available(root)).isEqualTo(GIB + GIB / 2);
    }

    @Test
    void insideAContainerItsGroupIsTheTop() throws IOException {
        system(6 * GIB);
        write("sys/fs/cgroup/memory.max", 5 * GIB + "\n");
        write("sys/fs/cgroup/memory.current", 3 * GIB + "\n");
        for (String path : List.of("/", "/docker/abc", "/../../elsewhere")) {
            write("proc/self/cgroup", "0::" + path + "\n");
            assertThat(Memory.available(root)).as(path).isEqualTo(2 * GIB);
        }
        write("sys/fs/cgroup/memory.max", 2 * GIB + "\n");
        assertThat(Memory.available(root)).as("over its limit").isZero();
    }

    @Test
    void theFirstVersionOfControlGroupsCountsAlike() throws IOException {
        system(6 * GIB);
        write("proc/self/cgroup", "4:cpu,memory:/docker/abc\n3:pids:/docker/abc\n0::/\n");
        write("sys/fs/cgroup/memory/memory.limit_in_bytes", 3 * GIB + "\n");
        write("sys/fs/cgroup/memory/memory.usage_in_bytes", 2 * GIB + "\n");
        write("sys/fs/cgroup/memory/memory.stat", "inactive_file 1\ntotal_inactive_file " + GIB + "\n");
        assertThat(Memory.available(root)).isEqualTo(2 * GIB);
        write("sys/fs/cgroup/memory/memory.limit_in_bytes", UNLIMITED_V1 + "\n");
        assertThat(Memory.available(root)).isEqualTo(6 * GIB);
    }

    /** What a system refuses outright comes from libtorch, and the JVM lives on. */
    @Test
    void libtorchsOwnRefusalIsAnException() {
        assertThatThrownBy(() -> Tensors.empty(ScalarType.Byte, 1L << 50)).isInstanceOf(RuntimeException.class)
                .message().satisfies(message -> assertThat(message.lines().findFirst().orElseThrow())
                        .contains("allocate memory", Long.toString(1L << 50)));
        assertThat(Tensors.zeros(ScalarType.Float, 3).numel()).isEqualTo(3);
    }

    private void system(long available) throws IOException {
        write("proc/meminfo", "MemTotal: 99999999 kB\nMemAvailable:    " + available / 1024 + " kB\n");
    }

    private void write(String file, String text) throws IOException {
        Path path = root.resolve(file);
        Files.createDirectories(path.getParent());
        Files.writeString(path, text);
    }
}

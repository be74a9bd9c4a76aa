package dev.glimpse.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AtomicFilesTest {
    @TempDir
    private Path folder;

    @Test
    void replacesAFileAndMakesItsFolder() throws IOException {
        Path file = folder.resolve("a/b/some.txt");
        AtomicFiles.write(file, "old, and longer");
        AtomicFiles.write(file, "größe");
        assertThat(file).hasContent("größe");
        assertThat(beside(file)).containsExactly("some.txt");
    }

    @Test
    void writesIntoTheWorkingFolder() throws IOException {
        Path file = Path.of("some-" + ProcessHandle.current().pid() + ".txt");
        try {
            AtomicFiles.write(file, "text");
            assertThat(file).hasContent("text");
        } finally {
            Files.deleteIfExists(file);
        }
    }

    @Test
    void aWriteThatFailsHalfWayLeavesTheOldFile() throws IOException {
        assertKeepsTheOldFile(new IOException("No space left on device"));
    }

    @Test
    void aWriteThatThrowsHalfWayLeavesTheOldFile() throws IOException {
        assertKeepsTheOldFile(new IllegalStateException("libtorch says no"));
        assertKeepsTheOldFile(new OutOfMemoryError("heap"));
    }

    private void assertKeepsTheOldFile(Throwable fault) throws IOException {
        Path file = folder.resolve("some.txt");
        AtomicFiles.write(file, "old");
        assertThatThrownBy(() -> AtomicFiles.write(file, channel -> {
            AtomicFiles.writeFully(channel, ByteBuffer.wrap(new byte[1000]));
            switch (fault) {
                case IOException e -> throw e;
                case RuntimeException e -> throw e;
                default -> throw (Error) fault;
            }
        })).isInstanceOf(fault.getClass()).hasMessageContaining(fault.getMessage());
        assertThat(file).hasContent("old");
        assertThat(beside(file)).containsExactly("some.txt");
    }

    @Test
    void saysThatTheParentIsAFile() throws IOException {
        Path parent = Files.writeString(folder.resolve("parent"), "a file");
        Path file = parent.resolve("some.txt");
        assertThatThrownBy(() -> AtomicFiles.write(file, "text")).isInstanceOf(IOException.class)
                .hasMessageContainingAll(file.toString(), "is a file, not a folder");
        assertThat(parent).hasContent("a file");
        assertThat(beside(parent)).containsExactly("parent");
    }

    @Test
    void saysThatTheTargetIsAFolder() throws IOException {
        Path target = Files.createDirectory(folder.resolve("target"));
        assertThatThrownBy(() -> AtomicFiles.write(target, "text")).isInstanceOf(IOException.class)
                .hasMessageContainingAll("cannot write", target.toString(), "directory");
        assertThat(target).isEmptyDirectory();
        assertThat(beside(target)).containsExactly("target");
    }

    @Test
    void saysThatTheNameIsTooLong() {
        Path file = folder.resolve("x".repeat(300));
        assertThatThrownBy(() -> AtomicFiles.write(file, "text")).isInstanceOf(IOException.class)
                .hasMessageContainingAll("cannot write", "name too long");
    }

    @Test
    void saysThatTheRootIsNoFile() {
        assertThatThrownBy(() -> AtomicFiles.write(Path.of("/"), "text")).isInstanceOf(IOException.class)
                .hasMessageContainingAll("cannot write /");
    }

    private static List<String> beside(Path file) throws IOException {
        try (Stream<Path> found = Files.list(file.getParent())) {
            return found.map(path -> path.getFileName().toString()).toList();
        }
    }
}

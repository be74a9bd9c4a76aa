package dev.glimpse.io;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.FileSystemLoopException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Writes a file beside its place and renames it into it: a killed run leaves the old file or the new one. */
public final class AtomicFiles {
    private AtomicFiles() {}

    /** Puts the contents into an open, empty file. */
    @FunctionalInterface
    public interface Content {
        void writeTo(FileChannel channel) throws IOException;
    }

    /**
     * Replaces a file, creating its folder where there is none.
     *
     * <p>
     * Whatever is thrown, the old file is then untouched and nothing is left beside it.
     *
     * @throws IOException in one line naming the file and the reason (no space, no permission)
     */
    public static void write(Path file, Content content) throws IOException {
        Path target = file.toAbsolutePath();
        if (target.getFileName() == null) {
            throw new IOException("cannot write " + file + ": it is a folder");
        }
        Path partial = target
                .resolveSibling("." + target.getFileName() + "." + ProcessHandle.current().pid() + ".partial");
        try {
            Files.createDirectories(target.getParent());
            try (FileChannel channel = FileChannel.open(partial, StandardOpenOption.CREATE, StandardOpenOption.WRITE,
                    StandardOpenOption.TRUNCATE_EXISTING)) {
                content.writeTo(channel);
                channel.force(true);
            }
            move(partial, target);
        } catch (IOException e) {
            remove(partial, e);
            throw new IOException("cannot write " + file + ": " + reason(e), e);
        } catch (RuntimeException | Error e) {
            remove(partial, e);
            throw e;
        }
    }

    private static void remove(Path partial, Throwable fault) {
        try {
            Files.deleteIfExists(partial);
        } catch (IOException deletion) {
            fault.addSuppressed(deletion);
        }
    }

    /**
     * Makes sure that files can be written into a folder, whether it is there yet or not: so that long work does not end in
     * vain.
     *
     * @throws IOException in one line naming the folder and the reason
     */
    public static void requireWritable(Path folder) throws IOException {
        List<Path> missing = new ArrayList<>();
        for (Path at = folder.toAbsolutePath(); at != null && Files.notExists(at); at = at.getParent()) {
            missing.add(at);
        }
        Path probe = folder.resolve(".glimpse-" + ProcessHandle.current().pid());
        write(probe, new byte[0]);
        Files.delete(probe);
        for (Path made : missing) {
            deleteIfEmpty(made);
        }
    }

    /** Deletes a folder, unless there is something in it. */
    public static void deleteIfEmpty(Path folder) throws IOException {
        try {
            Files.deleteIfExists(folder);
        } catch (DirectoryNotEmptyException _) { // what somebody else has written stays
        }
    }

    /** Replaces a text file, in UTF-8. */
    public static void write(Path file, String text) throws IOException {
        write(file, text.getBytes(StandardCharsets.UTF_8));
    }

    /** Replaces a file. */
    public static void write(Path file, byte[] bytes) throws IOException {
        write(file, channel -> writeFully(channel, ByteBuffer.wrap(bytes)));
    }

    /** Writes until the buffer is empty. */
    public static void writeFully(FileChannel channel, ByteBuffer buffer) throws IOException {
        while (buffer.hasRemaining()) {
            channel.write(buffer);
        }
    }

    private static void move(Path from, Path to) throws IOException {
        try {
            Files.move(from, to, StandardCopyOption.ATOMIC_MOVE);
        } catch (AtomicMoveNotSupportedException e) {
            Files.move(from, to, StandardCopyOption.REPLACE_EXISTING);
        }
    }

    /** The reason of an I/O error in words: Java's own message is often a bare path. */
    public static String reason(IOException e) {
        if (e instanceof AccessDeniedException) {
            return "permission denied";
        }
        if (e instanceof FileSystemLoopException) {
            return "it leads back to a folder that it lies in";
        }
        if (e instanceof FileAlreadyExistsException) {
            return e.getMessage() + " is a file, not a folder";
        }
        if (e instanceof FileSystemException fault && fault.getReason() != null) {
            return fault.getReason().toLowerCase(Locale.ROOT);
        }
        return e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
    }
}

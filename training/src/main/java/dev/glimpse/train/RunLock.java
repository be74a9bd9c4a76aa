package dev.glimpse.train;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;

/** Holds a run's folder for one process: as long as that lives, nobody else trains into it. */
final class RunLock implements AutoCloseable {
    private static final String NAME = ".lock";

    private final Path file;
    private final FileChannel channel;
    private final Object identity;

    private RunLock(Path file, FileChannel channel, Object identity) {
        this.file = file;
        this.channel = channel;
        this.identity = identity;
    }

    /** @throws IllegalArgumentException when another process holds it */
    static RunLock of(Path folder) throws IOException {
        Path file = folder.resolve(NAME);
        while (true) {
            FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
            try {
                FileLock lock = lock(channel);
                if (lock == null) {
                    channel.close();
                    throw new IllegalArgumentException(
                            folder + " is being trained into by another process; choose another folder, or wait");
                }
                Object identity = identity(file);
                if (identity != null) {
                    return new RunLock(file, channel, identity);
                }
                channel.close(); // who held it has just removed it: the lock is one on nothing
            } catch (IOException e) {
                channel.close();
                throw e;
            }
        }
    }

    private static FileLock lock(FileChannel channel) throws IOException {
        try {
            return channel.tryLock();
        } catch (OverlappingFileLockException _) { // by this process
            return null;
        }
    }

    private static Object identity(Path file) throws IOException {
        try {
            Object key = Files.readAttributes(file, BasicFileAttributes.class).fileKey();
            return key == null ? file : key;
        } catch (NoSuchFileException _) {
            return null;
        }
    }

    /** @throws IOException when the folder is there no more, or is another */
    void requireHeld() throws IOException {
        if (!identity.equals(identity(file))) {
            throw new IOException(file.getParent()
                    + " was removed or replaced during the training, which stops; nothing more was written into it");
        }
    }

    @Override
    public void close() throws IOException {
        try (channel) {
            if (identity.equals(identity(file))) {
                Files.deleteIfExists(file);
            }
        }
    }
}

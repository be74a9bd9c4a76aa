package dev.glimpse.data;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;

/**
 * Records of one length in a file, read by place. The file is opened for each: it may go, shrink or change while others
 * are read, and that is an error of one line, not of the process, as it would be with mapped memory.
 *
 * @param start where the first record begins
 * @param length bytes a record
 */
record RawImages(Path file, long start, int length, int count) {
    byte[] read(int index) throws IOException {
        return read(file, start + (long) index * length, length, start + (long) count * length);
    }

    /** Reads a part of a file, whose size says whether it is still the same. */
    static byte[] read(Path file, long from, int length, long size) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(length);
        try (FileChannel channel = FileChannel.open(file)) {
            if (channel.size() != size) {
                throw new EOFException();
            }
            while (bytes.hasRemaining()) {
                if (channel.read(bytes, from + bytes.position()) < 0) {
                    throw new EOFException();
                }
            }
        } catch (EOFException _) {
            throw new IOException(file + ": has changed since it was opened");
        } catch (IOException e) {
            throw new IOException(file + ": cannot be read (" + e.getClass().getSimpleName() + ")");
        }
        return bytes.array();
    }

    /** RGB of planes of red, green and blue. */
    static Image planes(byte[] bytes, int offset, int width, int height) {
        byte[] rgb = new byte[3 * width * height];
        for (int c = 0, from = offset; c < 3; c++) {
            for (int to = c; to < rgb.length; to += 3) {
                rgb[to] = bytes[from++];
            }
        }
        return new Image(width, height, rgb);
    }
}

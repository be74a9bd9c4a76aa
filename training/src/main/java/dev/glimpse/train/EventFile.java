package dev.glimpse.train;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.CRC32C;

/**
 * A run's metrics as TensorBoard reads them: an event an epoch, with all of its values.
 *
 * <pre>
 * file    = record*            record = length (8 bytes), its checksum (4), event (length), its checksum (4)
 * event   = 1: wall time (64-bit float)  2: step (varint)  3: version of the format (text)  5: summary
 * summary = 1: value*          value  = 1: tag (text)  2: number (32-bit float)
 * </pre>
 *
 * Numbers are little-endian, a checksum is a CRC-32C turned by 15 bits with a constant added. The records are TensorFlow's
 * TFRecord, the events Protocol Buffers of its event.proto and summary.proto.
 *
 * <p>
 * Unlike a run's other files this one is appended to, since TensorBoard follows it so. What a killed process left half
 * written, and epochs that are to be trained again, are cut off before anything is appended.
 */
final class EventFile {
    private static final String VERSION = "brain.Event:2";
    private static final int FRAME = 16;
    private static final int HEADER = 12;
    private static final int MASK = 0xa282ead8;
    private static final int VARINT = 0;
    private static final int FIXED64 = 1;
    private static final int BYTES = 2;
    private static final int FIXED32 = 5;

    private EventFile() {}

    /** Brings a file up to these epochs, creating it where there is none. */
    static void write(Path file, List<EpochMetrics> epochs) throws IOException {
        ByteBuffer there = ByteBuffer.wrap(Files.exists(file) ? Files.readAllBytes(file) : new byte[0])
                .order(ByteOrder.LITTLE_ENDIAN);
        double now = System.currentTimeMillis() / 1e3;
        int whole = wholeRecords(there, epochs.size() + 1);
        ByteArrayOutputStream rest = new ByteArrayOutputStream();
        for (int i = whole; i <= epochs.size(); i++) {
            rest.writeBytes(record(i == 0 ? head(now) : event(now, epochs.get(i - 1))));
        }
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
            channel.truncate(there.position());
            channel.position(there.position());
            ByteBuffer bytes = ByteBuffer.wrap(rest.toByteArray());
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
        }
    }

    /** Counts undamaged records, up to so many, and leaves the buffer behind them. */
    private static int wholeRecords(ByteBuffer file, int most) {
        int records = 0;
        while (records < most && file.remaining() >= FRAME) {
            int start = file.position();
            long length = file.getLong(start);
            if (length < 0 || length > file.remaining() - FRAME
                    || file.getInt(start + Long.BYTES) != checksum(file.array(), start, Long.BYTES)
                    || file.getInt(start + HEADER + (int) length) != checksum(file.array(), start + HEADER,
                            (int) length)) {
                break;
            }
            file.position(start + FRAME + (int) length);
            records++;
        }
        return records;
    }

    private static byte[] record(byte[] event) {
        ByteBuffer record = ByteBuffer.allocate(FRAME + event.length).order(ByteOrder.LITTLE_ENDIAN);
        record.putLong(event.length).putInt(checksum(record.array(), 0, Long.BYTES));
        return record.put(event).putInt(checksum(event, 0, event.length)).array();
    }

    private static int checksum(byte[] bytes, int offset, int length) {
        CRC32C crc = new CRC32C();
        crc.update(bytes, offset, length);
        return Integer.rotateRight((int) crc.getValue(), 15) + MASK;
    }

    private static byte[] head(double now) {
        return new Message().number(1, now).bytes(3, VERSION.getBytes(StandardCharsets.UTF_8)).encoded();
    }

    private static byte[] event(double now, EpochMetrics epoch) {
        Message summary = new Message();
        scalars(epoch).forEach((tag, value) -> summary.bytes(1, new Message()
                .bytes(1, tag.getBytes(StandardCharsets.UTF_8)).number(2, value.floatValue()).encoded()));
        return new Message().number(1, now).integer(2, epoch.epoch()).bytes(5, summary.encoded()).encoded();
    }

    /** By tag; those alike before the slash stand together. */
    private static Map<String, Double> scalars(EpochMetrics epoch) {
        Map<String, Double> scalars = new LinkedHashMap<>();
        epoch.train().forEach((name, value) -> scalars.put(name + "/train", value));
        epoch.test().forEach((name, value) -> scalars.put(name + "/test", value));
        scalars.put("learning_rate", epoch.learningRate());
        scalars.put("speed/images_per_second", epoch.imagesPerSecond());
        scalars.put("speed/epoch_seconds", epoch.seconds());
        scalars.put("speed/stall_share", epoch.stallShare());
        scalars.put("speed/step_ms", epoch.stepMilliseconds());
        scalars.put("speed/step_p99_ms", epoch.stepP99Milliseconds());
        return scalars;
    }

    /** A Protocol Buffers message under way. */
    private static final class Message {
        private final ByteArrayOutputStream fields = new ByteArrayOutputStream();

        Message number(int field, double value) {
            varint(field << 3 | FIXED64);
            fields.writeBytes(
                    ByteBuffer.allocate(Double.BYTES).order(ByteOrder.LITTLE_ENDIAN).putDouble(value).array());
            return this;
        }

        Message number(int field, float value) {
            varint(field << 3 | FIXED32);
            fields.writeBytes(ByteBuffer.allocate(Float.BYTES).order(ByteOrder.LITTLE_ENDIAN).putFloat(value).array());
            return this;
        }

        Message integer(int field, long value) {
            varint(field << 3 | VARINT);
            varint(value);
            return this;
        }

        Message bytes(int field, byte[] value) {
            varint(field << 3 | BYTES);
            varint(value.length);
            fields.writeBytes(value);
            return this;
        }

        private void varint(long value) {
            long rest = value;
            while ((rest & ~0x7fL) != 0) {
                fields.write((int) (rest & 0x7f | 0x80));
                rest >>>= 7;
            }
            fields.write((int) rest);
        }

        byte[] encoded() {
            return fields.toByteArray();
        }
    }
}

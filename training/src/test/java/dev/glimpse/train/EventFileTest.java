package dev.glimpse.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class EventFileTest {
    @TempDir
    Path folder;

    private Path file;

    @BeforeEach
    void place() {
        file = folder.resolve("events.out.tfevents.glimpse");
    }

    /** What TensorBoard would read. */
    private record Event(double wallTime, long step, String version, Map<String, Float> scalars) {}

    private static List<EpochMetrics> epochs(int count) {
        return IntStream.rangeClosed(1, count).mapToObj(i -> new EpochMetrics(i, Map.of("loss", 1.0 / i),
                Map.of("loss", 2.0 / i, "accuracy", 0.25), 1e-3 / i, 7, 100 + i, 0.5, 0.01, 12, 15)).toList();
    }

    @Test
    void anEpochIsAnEventOfAllItsValues() throws IOException {
        EventFile.write(file, epochs(300));
        List<Event> events = read();
        assertThat(events).hasSize(301);
        assertThat(events.getFirst().version()).isEqualTo("brain.Event:2");
        assertThat(events.getFirst().wallTime()).isBetween(1.6e9, System.currentTimeMillis() / 1e3);
        assertThat(events.get(300).step()).isEqualTo(300);
        assertThat(events.get(4).scalars()).containsOnlyKeys("loss/train", "loss/test", "accuracy/test",
                "learning_rate", "speed/images_per_second", "speed/epoch_seconds", "speed/stall_share", "speed/step_ms",
                "speed/step_p99_ms").containsEntry("loss/train", 0.25f).containsEntry("loss/test", 0.5f)
                .containsEntry("learning_rate", 2.5e-4f).containsEntry("speed/images_per_second", 104f);
    }

    @Test
    void whatIsThereStaysAsItIs() throws IOException {
        EventFile.write(file, epochs(2));
        byte[] before = Files.readAllBytes(file);
        EventFile.write(file, epochs(2));
        assertThat(file).hasBinaryContent(before);
        EventFile.write(file, epochs(5));
        assertThat(Arrays.copyOf(Files.readAllBytes(file), before.length)).isEqualTo(before);
        assertThat(steps()).containsExactly(0L, 1L, 2L, 3L, 4L, 5L);
    }

    /** Killed after so many bytes of the last record, or of the file's first. */
    @ParameterizedTest
    @ValueSource(ints = {1, 7, 12, 30, 100, 280, 1000, 1150})
    void whatAKilledProcessLeftIsCutOff(int missing) throws IOException {
        EventFile.write(file, epochs(3));
        byte[] whole = Files.readAllBytes(file);
        Files.write(file, Arrays.copyOf(whole, Math.max(0, whole.length - missing)));
        EventFile.write(file, epochs(4));
        assertThat(steps()).containsExactly(0L, 1L, 2L, 3L, 4L);
    }

    @Test
    void epochsThatAreTrainedAgainStandThereOnce() throws IOException {
        EventFile.write(file, epochs(5));
        EventFile.write(file, epochs(2));
        assertThat(steps()).containsExactly(0L, 1L, 2L);
        EventFile.write(file, epochs(3));
        assertThat(steps()).containsExactly(0L, 1L, 2L, 3L);
    }

    @Test
    void damageIsCutOff() throws IOException {
        EventFile.write(file, epochs(3));
        byte[] bytes = Files.readAllBytes(file);
        bytes[bytes.length / 2] ^= 1;
        Files.write(file, bytes);
        assertThatThrownBy(this::read).isInstanceOf(AssertionError.class);
        EventFile.write(file, epochs(3));
        assertThat(steps()).containsExactly(0L, 1L, 2L, 3L);
        Files.writeString(file, "nothing of the kind", StandardOpenOption.TRUNCATE_EXISTING);
        EventFile.write(file, epochs(1));
        assertThat(steps()).containsExactly(0L, 1L);
    }

    private List<Long> steps() throws IOException {
        return read().stream().map(Event::step).toList();
    }

    private List<Event> read() throws IOException {
        ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
        List<Event> events = new ArrayList<>();
        while (bytes.hasRemaining()) {
            byte[] length = new byte[8];
            bytes.get(bytes.position(), length);
            int size = Math.toIntExact(bytes.getLong());
            assertThat(bytes.getInt()).as("checksum of the length").isEqualTo(masked(length));
            byte[] event = new byte[size];
            bytes.get(event);
            assertThat(bytes.getInt()).as("checksum of the event").isEqualTo(masked(event));
            events.add(event(event));
        }
        return events;
    }

    /** CRC-32C bit by bit, so that nothing is shared with what wrote it. */
    private static int masked(byte[] bytes) {
        int crc = -1;
        for (byte b : bytes) {
            crc ^= b & 0xff;
            for (int bit = 0; bit < 8; bit++) {
                crc = (crc & 1) == 1 ? crc >>> 1 ^ 0x82f63b78 : crc >>> 1;
            }
        }
        crc = ~crc;
        return (crc >>> 15 | crc << 17) + 0xa282ead8;
    }

    private static Event event(byte[] message) {
        Map<Integer, List<Object>> fields = fields(message);
        Map<String, Float> scalars = new LinkedHashMap<>();
        for (Object summary : fields.getOrDefault(5, List.of())) {
            for (Object value : fields((byte[]) summary).get(1)) {
                Map<Integer, List<Object>> scalar = fields((byte[]) value);
                scalars.put(text(scalar.get(1).getFirst()), (Float) scalar.get(2).getFirst());
            }
        }
        return new Event((Double) fields.get(1).getFirst(), (Long) fields.getOrDefault(2, List.of(0L)).getFirst(),
                fields.containsKey(3) ? text(fields.get(3).getFirst()) : null, scalars);
    }

    private static String text(Object bytes) {
        return new String((byte[]) bytes, StandardCharsets.UTF_8);
    }

    private static Map<Integer, List<Object>> fields(byte[] message) {
        ByteBuffer bytes = ByteBuffer.wrap(message).order(ByteOrder.LITTLE_ENDIAN);
        Map<Integer, List<Object>> fields = new LinkedHashMap<>();
        while (bytes.hasRemaining()) {
            int key = (int) varint(bytes);
            fields.computeIfAbsent(key >> 3, _ -> new ArrayList<>()).add(switch (key & 7) {
                case 0 -> varint(bytes);
                case 1 -> bytes.getDouble();
                case 2 -> {
                    byte[] content = new byte[(int) varint(bytes)];
                    bytes.get(content);
                    yield content;
                }
                case 5 -> bytes.getFloat();
                default -> throw new AssertionError("wire type " + (key & 7));
            });
        }
        return fields;
    }

    private static long varint(ByteBuffer bytes) {
        long value = 0;
        for (int shift = 0;; shift += 7) {
            byte b = bytes.get();
            value |= (long) (b & 0x7f) << shift;
            if (b >= 0) {
                return value;
            }
        }
    }
}

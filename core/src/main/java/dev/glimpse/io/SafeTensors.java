package dev.glimpse.io;

import dev.glimpse.nn.Tensors;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Collection;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * A file of named tensors in the safetensors format, mapped into memory.
 *
 * <pre>
 * 8 bytes   length n of the header, little endian
 * n bytes   JSON: name -> {dtype, shape, data_offsets: [begin, end)}, and __metadata__: text -> text
 * the rest  the tensors' elements, little endian, row by row, without gaps
 * </pre>
 *
 * The header is not believed: its size, every type, shape and offset are checked before a tensor is read.
 *
 * @see <a href="https://huggingface.co/docs/safetensors">the format</a>
 */
public final class SafeTensors implements AutoCloseable {
    private static final long MAX_HEADER = 100_000_000;
    private static final String METADATA = "__metadata__";
    private static final JsonMapper JSON = JsonMapper.builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .build();

    /** Where a tensor lies: offsets are in bytes from the start of the data. */
    public record Entry(DType type, long[] shape, long begin, long end) {}

    private final Path file;
    private final Arena arena;
    private final MemorySegment data;
    private final Map<String, Entry> entries;
    private final Map<String, String> metadata;

    private SafeTensors(Path file, Arena arena, MemorySegment data, Map<String, Entry> entries,
            Map<String, String> metadata) {
        this.file = file;
        this.arena = arena;
        this.data = data;
        this.entries = Collections.unmodifiableMap(entries);
        this.metadata = Collections.unmodifiableMap(metadata);
    }

    /**
     * Maps a file and checks its header.
     *
     * @throws IOException in one line naming the file, for one that is missing, truncated or lies about itself
     */
    public static SafeTensors open(Path file) throws IOException {
        if (!Files.isRegularFile(file)) {
            throw new IOException(file + (Files.exists(file) ? ": not a file" : ": no such file"));
        }
        Arena arena = Arena.ofShared();
        try {
            return parse(file, arena, map(file, arena));
        } catch (JacksonException e) {
            arena.close();
            throw new IOException(
                    file + ": not a safetensors file: its header is no JSON (" + e.getOriginalMessage() + ")", e);
        } catch (IOException | RuntimeException e) {
            arena.close();
            throw e;
        }
    }

    private static MemorySegment map(Path file, Arena arena) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            return channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena);
        } catch (IOException e) {
            throw new IOException(file + ": cannot be read: " + AtomicFiles.reason(e), e);
        }
    }

    private static SafeTensors parse(Path file, Arena arena, MemorySegment all) throws IOException {
        if (all.byteSize() < Long.BYTES) {
            throw new IOException(file + ": not a safetensors file: " + all.byteSize() + " bytes long");
        }
        long length = all.get(ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN), 0);
        if (length < 2 || length > MAX_HEADER) {
            throw new IOException(file + ": not a safetensors file: it announces a header of "
                    + Long.toUnsignedString(length) + " bytes");
        }
        if (length > all.byteSize() - Long.BYTES) {
            throw new IOException(file + ": truncated: its header of " + length + " bytes is not all there");
        }
        byte[] header = all.asSlice(Long.BYTES, length).toArray(ValueLayout.JAVA_BYTE);
        JsonNode tree = JSON.readTree(header);
        if (!(tree instanceof ObjectNode root)) {
            throw new IOException(file + ": not a safetensors file: its header is not a JSON object");
        }
        Map<String, Entry> entries = new LinkedHashMap<>();
        Map<String, String> metadata = new LinkedHashMap<>();
        for (Map.Entry<String, JsonNode> property : root.properties()) {
            if (property.getKey().equals(METADATA)) {
                if (!property.getValue().isObject()) {
                    throw new IOException(file + ": its metadata is not a JSON object");
                }
                for (Map.Entry<String, JsonNode> fact : property.getValue().properties()) {
                    if (!fact.getValue().isString()) {
                        throw new IOException(file + ": its metadata " + quoted(fact.getKey()) + " is not text");
                    }
                    metadata.put(fact.getKey(), fact.getValue().asString());
                }
            } else {
                entries.put(property.getKey(), entry(file, property.getKey(), property.getValue()));
            }
        }
        MemorySegment data = all.asSlice(Long.BYTES + length);
        requireNoGaps(file, entries, data.byteSize());
        return new SafeTensors(file, arena, data, entries, metadata);
    }

    private static Entry entry(Path file, String name, JsonNode node) throws IOException {
        String where = file + ": tensor " + quoted(name) + " ";
        DType type;
        try {
            type = DType.valueOf(node.path("dtype").asString(""));
        } catch (IllegalArgumentException e) {
            throw new IOException(where + "has an unknown type: " + node.path("dtype"), e);
        }
        JsonNode sizes = node.path("shape");
        JsonNode offsets = node.path("data_offsets");
        if (!sizes.isArray() || !offsets.isArray() || offsets.size() != 2) {
            throw new IOException(where + "lacks a shape or its two data_offsets");
        }
        long[] shape = numbers(sizes, where);
        long[] range = numbers(offsets, where);
        if (range[1] < range[0] || bytes(where, type, shape) != range[1] - range[0]) {
            throw new IOException(where + "is " + type + " " + Tensors.shapeText(shape) + ", but has the bytes "
                    + range[0] + " to " + range[1]);
        }
        return new Entry(type, shape, range[0], range[1]);
    }

    private static long[] numbers(JsonNode array, String where) throws IOException {
        long[] numbers = new long[array.size()];
        for (int i = 0; i < numbers.length; i++) {
            JsonNode number = array.get(i);
            if (!number.isIntegralNumber() || !number.canConvertToLong() || number.asLong() < 0) {
                throw new IOException(where + "has a size or an offset that is no natural number: " + number);
            }
            numbers[i] = number.asLong();
        }
        return numbers;
    }

    private static long bytes(String where, DType type, long[] shape) throws IOException {
        try {
            long bits = type.bits();
            long extent = type.bits(); // as if no size were 0: libtorch refuses what is too large even when empty
            for (long size : shape) {
                bits = Math.multiplyExact(bits, size);
                extent = Math.multiplyExact(extent, Math.max(size, 1));
            }
            if (bits % Byte.SIZE != 0) {
                throw new IOException(where + "does not fill whole bytes");
            }
            return bits / Byte.SIZE;
        } catch (ArithmeticException e) {
            throw new IOException(where + "is too large: " + Tensors.shapeText(shape), e);
        }
    }

    private static void requireNoGaps(Path file, Map<String, Entry> entries, long size) throws IOException {
        List<Map.Entry<String, Entry>> inOrder = entries.entrySet().stream()
                .sorted(Comparator.comparingLong((Map.Entry<String, Entry> e) -> e.getValue().begin())
                        .thenComparingLong(e -> e.getValue().end()))
                .toList();
        long expected = 0;
        for (Map.Entry<String, Entry> entry : inOrder) {
            if (entry.getValue().begin() != expected) {
                throw new IOException(file + ": tensor " + quoted(entry.getKey()) + " begins at byte "
                        + entry.getValue().begin() + (entry.getValue().begin() < expected
                                ? ", inside another tensor"
                                : ", after a gap"));
            }
            expected = entry.getValue().end();
        }
        if (expected > size) {
            throw new IOException(file + ": truncated: its tensors take " + expected + " bytes, it has " + size);
        }
        if (expected < size) {
            throw new IOException(file + ": " + (size - expected) + " bytes after its last tensor belong to none");
        }
    }

    /** A name as it may stand in a message of one line. */
    private static String quoted(String name) {
        return "'" + name.replaceAll("\\p{Cntrl}", "?") + "'";
    }

    /** The tensors' places by name, in the header's order. */
    public Map<String, Entry> entries() {
        return entries;
    }

    /** The free text facts of the header. */
    public Map<String, String> metadata() {
        return metadata;
    }

    /** The shapes by name. */
    public Map<String, long[]> shapes() {
        Map<String, long[]> shapes = new LinkedHashMap<>();
        entries.forEach((name, entry) -> shapes.put(name, entry.shape()));
        return shapes;
    }

    /** A tensor's bytes as they lie in the file, without a copy; valid until this is closed. */
    public MemorySegment bytes(String name) {
        Entry entry = entries.get(name);
        if (entry == null) {
            throw new IllegalArgumentException(file + " has no tensor " + quoted(name));
        }
        return data.asSlice(entry.begin(), entry.end() - entry.begin());
    }

    /**
     * A copy of a tensor, in the file's own type.
     *
     * @throws IllegalArgumentException when there is none of this name, or libtorch lacks its type
     */
    public Tensor tensor(String name) {
        MemorySegment bytes = bytes(name);
        Entry entry = entries.get(name);
        Tensor tensor = Tensors.empty(entry.type().torchType().orElseThrow(() -> new IllegalArgumentException(
                file + ": tensor " + quoted(name) + " is " + entry.type() + ", which libtorch lacks")), entry.shape());
        Tensors.memory(tensor).copyFrom(bytes);
        return tensor;
    }

    /** Copies of all tensors by name. */
    public Map<String, Tensor> tensors() {
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        entries.keySet().forEach(name -> tensors.put(name, tensor(name)));
        return tensors;
    }

    /** Unmaps the file. Tensors that were read stay. */
    @Override
    public void close() {
        arena.close();
    }

    /**
     * Writes tensors in the map's order, replacing the file as a whole or not at all.
     *
     * @throws IOException when the file cannot be written, in one line
     * @throws IllegalArgumentException for an element type that the format lacks, or a name that it keeps for itself
     */
    public static void write(Path file, Map<String, Tensor> tensors, Map<String, String> metadata) throws IOException {
        if (tensors.containsKey(METADATA)) {
            throw new IllegalArgumentException(file + ": no tensor can be called '" + METADATA + "'");
        }
        byte[] header;
        try (PointerScope _ = new PointerScope()) {
            header = header(tensors, metadata);
        }
        AtomicFiles.write(file, channel -> {
            ByteBuffer length = ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN).putLong(header.length)
                    .flip();
            AtomicFiles.writeFully(channel, length);
            AtomicFiles.writeFully(channel, ByteBuffer.wrap(header));
            try (PointerScope _ = new PointerScope()) {
                Tensor room = Tensors.empty(ScalarType.Byte, largestThatLiesOtherwise(tensors.values()));
                for (Tensor tensor : tensors.values()) {
                    write(channel, tensor, room);
                }
            }
        });
    }

    /** Bytes of the largest tensor whose elements do not lie row by row. */
    private static long largestThatLiesOtherwise(Collection<Tensor> tensors) {
        return tensors.stream().filter(tensor -> !tensor.is_contiguous())
                .mapToLong(tensor -> tensor.numel() * tensor.element_size()).max().orElse(0);
    }

    /**
     * Writes the elements row by row. Tensors that lie otherwise are laid out in the same room, one after another: copies of
     * all would take the whole file's size, and freed in between they leave gaps that the allocator does not fill again.
     */
    private static void write(FileChannel channel, Tensor tensor, Tensor room) throws IOException {
        try (PointerScope _ = new PointerScope()) {
            Tensor plain = tensor.detach().resolve_conj().resolve_neg();
            long size = plain.numel() * plain.element_size();
            if (!plain.is_contiguous()) {
                plain = room.narrow(0, 0, size).view(plain.scalar_type()).view(Tensors.shape(plain)).copy_(plain);
            }
            MemorySegment bytes = Tensors.memory(plain);
            for (long at = 0; at < size; at += Integer.MAX_VALUE) {
                long count = Math.min(Integer.MAX_VALUE, size - at);
                AtomicFiles.writeFully(channel, bytes.asSlice(at, count).asByteBuffer());
            }
        }
    }

    private static byte[] header(Map<String, Tensor> tensors, Map<String, String> metadata) {
        ObjectNode root = JSON.createObjectNode();
        if (!metadata.isEmpty()) {
            ObjectNode facts = root.putObject(METADATA);
            new TreeMap<>(metadata).forEach(facts::put); // sorted: equal contents make equal files
        }
        long offset = 0;
        for (Map.Entry<String, Tensor> entry : tensors.entrySet()) {
            Tensor tensor = entry.getValue();
            ObjectNode node = root.putObject(entry.getKey());
            node.put("dtype", DType.of(tensor.scalar_type()).name());
            var sizes = node.putArray("shape");
            for (long size : Tensors.shape(tensor)) {
                sizes.add(size);
            }
            long end = offset + tensor.numel() * tensor.element_size();
            node.putArray("data_offsets").add(offset).add(end);
            offset = end;
        }
        // Padded with blanks so that the data begins at a multiple of eight bytes.
        String json = root.toString();
        int padding = Math.floorMod(-json.getBytes(StandardCharsets.UTF_8).length, Long.BYTES);
        return (json + " ".repeat(padding)).getBytes(StandardCharsets.UTF_8);
    }
}

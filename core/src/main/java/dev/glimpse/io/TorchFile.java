package dev.glimpse.io;

import dev.glimpse.nn.Tensors;
import java.io.Closeable;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.MemorySegment;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.zip.ZipEntry;
import java.util.zip.ZipException;
import java.util.zip.ZipFile;
import org.bytedeco.pytorch.LongOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * Reads what Python's {@code torch.save} wrote: the zip format since PyTorch 1.6, and the chain of pickles before it.
 *
 * <p>
 * Nothing in the file is run: its pickle may name tensors, containers and a few harmless values (see {@link Pickle}).
 * Nothing in it is believed either: every storage must be there in full, and every tensor lie inside its storage.
 */
public final class TorchFile implements Closeable {
    private static final int MAX_PICKLE = 64 << 20;
    /** Tensors may share a storage or repeat its elements, and become copies: in all, as often as this. */
    private static final long REPETITIONS = 4;
    /** In a small file, more often. */
    private static final long SMALL = 64 << 20;
    private static final byte[] LEGACY_MAGIC = {(byte) 0x80, 2, (byte) 0x8a, 10, 0x6c, (byte) 0xfc, (byte) 0x9c, 0x46,
        (byte) 0xf9, 0x20, 0x6a, (byte) 0xa8, 0x50, 0x19};
    private static final Map<String, DType> STORAGES = Map.ofEntries(Map.entry("torch FloatStorage", DType.F32),
            Map.entry("torch DoubleStorage", DType.F64), Map.entry("torch HalfStorage", DType.F16),
            Map.entry("torch BFloat16Storage", DType.BF16), Map.entry("torch LongStorage", DType.I64),
            Map.entry("torch IntStorage", DType.I32), Map.entry("torch ShortStorage", DType.I16),
            Map.entry("torch CharStorage", DType.I8), Map.entry("torch ByteStorage", DType.U8),
            Map.entry("torch BoolStorage", DType.BOOL), Map.entry("torch ComplexFloatStorage", DType.C64));
    private static final Set<String> TENSORS =
            Set.of("torch._utils _rebuild_tensor_v2", "torch._utils _rebuild_tensor");
    private static final Set<String> PARAMETERS = Set.of("torch._utils _rebuild_parameter",
            "torch._utils _rebuild_parameter_with_state");
    private static final Set<String> MAPS = Set.of("collections OrderedDict", "builtins dict", "__builtin__ dict",
            "collections defaultdict");
    private static final Set<String> LISTS = Set.of("torch Size", "builtins set", "__builtin__ set", "builtins list",
            "builtins frozenset", "__builtin__ frozenset");
    /** Values that training checkpoints carry beside the weights; they are not needed, and stay unread. */
    private static final Set<String> HARMLESS = Set.of("numpy.core.multiarray scalar", "numpy._core.multiarray scalar",
            "numpy.core.multiarray _reconstruct", "numpy._core.multiarray _reconstruct", "numpy dtype", "numpy ndarray",
            "_codecs encode", "argparse Namespace", "torch device", "collections Counter", "pathlib PosixPath",
            "copyreg _reconstructor", "builtins object", "__builtin__ object", "datetime datetime");

    /** A tensor's bytes. */
    private record Storage(String key, DType type, long elements, long viewOffset) {}

    /** A tensor as the pickle describes it. */
    private record Described(Storage storage, long offset, long[] shape, long[] strides) {}

    /** A value that is not needed. */
    private record Unread(String name) {}

    /** Where the storages' bytes lie. */
    private interface Bytes extends Closeable {
        /** Reads a storage from a byte on, as many bytes as the target takes. */
        void read(Storage storage, long from, MemorySegment target) throws IOException;

        /** How many elements the storage really has. */
        long elements(Storage storage) throws IOException;
    }

    private final Path file;
    private final Object root;
    private final Bytes bytes;
    /** How many bytes of tensors may still be made. */
    private long left;

    private TorchFile(Path file, Object root, Bytes bytes) {
        this.file = file;
        this.root = root;
        this.bytes = bytes;
    }

    /** Whether the first bytes are those of a file of PyTorch's, in either format. */
    static boolean isOne(byte[] start) {
        return start.length >= 4 && (start[0] == 'P' && start[1] == 'K' || start[0] == (byte) 0x80);
    }

    /**
     * Reads the pickle; tensors are read when they are asked for.
     *
     * @throws IOException in one line naming the file, for one that is broken or asks for more than tensors
     */
    public static TorchFile open(Path file) throws IOException {
        if (!Files.isRegularFile(file)) {
            throw new IOException(file + (Files.exists(file) ? ": not a file" : ": no such file"));
        }
        byte[] start = new byte[LEGACY_MAGIC.length];
        int count;
        try (InputStream in = Files.newInputStream(file)) {
            count = in.readNBytes(start, 0, start.length);
        }
        if (count >= 2 && start[0] == 'P' && start[1] == 'K') {
            return zip(file);
        }
        if (Arrays.equals(start, LEGACY_MAGIC)) {
            return legacy(file);
        }
        throw new IOException(file + ": not a file of torch.save: " + (count == 0 ? "it is empty"
                : "it begins like neither its zip nor its older format"));
    }

    /**
     * The weights by name: the dictionary itself, or the one that a training checkpoint keeps under {@code state_dict},
     * {@code model_state_dict}, {@code model}, {@code net} or {@code weights}. Values that are no tensors are left out.
     *
     * @throws IOException when there are none, or a tensor reaches outside of its storage
     */
    public Map<String, Tensor> tensors() throws IOException {
        left = REPETITIONS * Files.size(file) + SMALL;
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        for (Map.Entry<?, ?> entry : stateDict().entrySet()) {
            if (entry.getValue() instanceof Described described) {
                tensors.put(entry.getKey().toString(), tensor(entry.getKey().toString(), described));
            }
        }
        return tensors;
    }

    private Map<?, ?> stateDict() throws IOException {
        if (root instanceof Map<?, ?> checkpoint) { // which may hold a tensor of its own as well, such as its best accuracy
            for (String key : List.of("state_dict", "model_state_dict", "model", "net", "weights", "state_dict_ema")) {
                if (holdsTensors(checkpoint.get(key))) {
                    return (Map<?, ?>) checkpoint.get(key);
                }
            }
        }
        if (!holdsTensors(root)) {
            throw new IOException(
                    file + ": holds no dictionary of tensors, neither itself nor under state_dict or model; "
                            + "save model.state_dict()");
        }
        return (Map<?, ?>) root;
    }

    private static boolean holdsTensors(Object value) {
        return value instanceof Map<?, ?> map && map.values().stream().anyMatch(Described.class::isInstance);
    }

    private Tensor tensor(String name, Described described) throws IOException {
        String where = file + ": tensor '" + name.replaceAll("\\p{Cntrl}", "?") + "' ";
        Storage storage = described.storage();
        long held = bytes.elements(storage);
        if (held < storage.elements()) {
            throw new IOException(where + "has a storage of " + storage.elements() + " elements, of which " + held
                    + " are there");
        }
        long count = 1;
        long last = described.offset();
        boolean plain = true;
        try {
            for (int i = described.shape().length - 1; i >= 0; i--) {
                long size = described.shape()[i];
                plain &= size == 1 || described.strides()[i] == count;
                count = Math.multiplyExact(count, size);
                last = Math.addExact(last, Math.multiplyExact(size - 1, described.strides()[i]));
            }
        } catch (ArithmeticException e) {
            throw new IOException(where + "is too large: " + Tensors.shapeText(described.shape()), e);
        }
        if (count > 0 && last >= storage.elements() || described.offset() < 0) {
            throw new IOException(where + "reaches outside of its storage: " + Tensors.shapeText(described.shape())
                    + " from element " + described.offset() + " of " + storage.elements());
        }
        long size = storage.type().bits() / Byte.SIZE;
        if (count > left / size) {
            throw new IOException(where + "is too large: " + Tensors.shapeText(described.shape())
                    + " of a storage of " + storage.elements()
                    + " elements; in all, the tensors repeat what is in the file "
                    + "more than " + REPETITIONS + " times");
        }
        left -= count * size;
        long from = (storage.viewOffset() + described.offset()) * size;
        ScalarType type = storage.type().torchType().orElseThrow();
        if (plain || count == 0) {
            Tensor tensor = Tensors.empty(type, described.shape());
            bytes.read(storage, from, Tensors.memory(tensor));
            return tensor;
        }
        try (Tensor span = Tensors.empty(type, last - described.offset() + 1)) {
            bytes.read(storage, from, Tensors.memory(span));
            return span.as_strided(described.shape(), described.strides(), new LongOptional(0)).contiguous();
        }
    }

    /** Closes the file. Tensors that were read stay. */
    @Override
    public void close() throws IOException {
        bytes.close();
    }

    /**
     * Writes a dictionary of tensors as {@code torch.save} does, in the zip format, replacing the file as a whole or not at
     * all. {@code torch.load(file, weights_only=True)} reads it.
     *
     * @throws IllegalArgumentException for an element type that PyTorch's storages lack
     */
    public static void write(Path file, Map<String, Tensor> tensors) throws IOException {
        TorchFileWriter.write(file, tensors);
    }

    /** The name of PyTorch's storage class for an element type. */
    static Optional<String> storageClass(DType type) {
        return STORAGES.entrySet().stream().filter(entry -> entry.getValue() == type)
                .map(entry -> entry.getKey().substring("torch ".length())).findFirst();
    }

    private static TorchFile zip(Path file) throws IOException {
        ZipFile zip;
        try {
            zip = new ZipFile(file.toFile());
        } catch (ZipException e) {
            throw new IOException(file + ": a broken or truncated zip archive: " + e.getMessage(), e);
        }
        try {
            List<String> names = zip.stream().map(ZipEntry::getName).toList();
            if (Set.copyOf(names).size() < names.size()) {
                throw new IOException(file + ": a broken zip archive: an entry stands in it twice");
            }
            List<String> pickles = names.stream().filter(name -> name.matches("([^/]+/)?data\\.pkl")).toList();
            if (pickles.size() != 1) {
                throw new IOException(file + ": a zip archive, but not of torch.save: " + (pickles.isEmpty()
                        ? "no data.pkl in it"
                        : "more than one data.pkl in it"));
            }
            ZipEntry pickle = zip.getEntry(pickles.getFirst());
            String folder = pickle.getName().substring(0, pickle.getName().length() - "data.pkl".length());
            if (zip.getEntry(folder + "constants.pkl") != null) {
                throw new IOException(file + ": a TorchScript program, not weights; save its state_dict()");
            }
            ZipEntry order = zip.getEntry(folder + "byteorder");
            if (order != null
                    && new String(start(file, zip, order, 16), StandardCharsets.UTF_8).strip().equals("big")) {
                throw new IOException(file + ": was written on a big-endian machine, which is not read");
            }
            if (pickle.getSize() > MAX_PICKLE) {
                throw new IOException(file + ": its pickle takes " + pickle.getSize() + " bytes, at most " + MAX_PICKLE
                        + " are read");
            }
            Object root = Pickle.read(file.toString(), ByteBuffer.wrap(start(file, zip, pickle, MAX_PICKLE)),
                    new Names(file));
            return new TorchFile(file, root, new Zipped(file, zip, folder));
        } catch (IOException | RuntimeException e) {
            zip.close();
            throw e;
        }
    }

    private static byte[] start(Path file, ZipFile zip, ZipEntry entry, int atMost) throws IOException {
        try (InputStream in = zip.getInputStream(entry)) {
            return in.readNBytes(atMost);
        } catch (ZipException | EOFException e) {
            throw new IOException(file + ": a broken zip archive: '" + entry.getName() + "' cannot be read", e);
        }
    }

    private record Zipped(Path file, ZipFile zip, String folder) implements Bytes {
        @Override
        public long elements(Storage storage) throws IOException {
            return entry(storage).getSize() * Byte.SIZE / storage.type().bits() - storage.viewOffset();
        }

        @Override
        public void read(Storage storage, long from, MemorySegment target) throws IOException {
            ZipEntry entry = entry(storage);
            byte[] buffer = new byte[1 << 16];
            long at = 0;
            try (InputStream in = zip.getInputStream(entry)) {
                in.skipNBytes(from);
                while (at < target.byteSize()) {
                    int wanted = (int) Math.min(buffer.length, target.byteSize() - at);
                    int count = in.readNBytes(buffer, 0, wanted);
                    if (count < wanted) {
                        throw new IOException(file + ": truncated: '" + entry.getName() + "' is not all there");
                    }
                    MemorySegment.copy(MemorySegment.ofArray(buffer), 0, target, at, count);
                    at += count;
                }
            } catch (ZipException | EOFException e) {
                throw new IOException(file + ": a broken zip archive: '" + entry.getName() + "' cannot be read", e);
            }
        }

        private ZipEntry entry(Storage storage) throws IOException {
            ZipEntry entry = zip.getEntry(folder + "data/" + storage.key());
            if (entry == null) {
                throw new IOException(file + ": truncated: its storage '" + storage.key() + "' is not there");
            }
            if (entry.getMethod() != ZipEntry.STORED || entry.getSize() > Files.size(file)) {
                throw new IOException(file + ": its storage '" + storage.key()
                        + "' is compressed, as torch.save never does; save it again with PyTorch");
            }
            return entry;
        }

        @Override
        public void close() throws IOException {
            zip.close();
        }
    }

    /** Magic number, protocol and system facts, the object, the storages' keys, then each storage with its length. */
    private static TorchFile legacy(Path file) throws IOException {
        FileChannel channel = FileChannel.open(file, StandardOpenOption.READ);
        try {
            long size = channel.size();
            ByteBuffer head = channel.map(FileChannel.MapMode.READ_ONLY, 0, Math.min(size, MAX_PICKLE))
                    .order(ByteOrder.LITTLE_ENDIAN);
            Names names = new Names(file);
            Object magic = Pickle.read(file.toString(), head, names);
            Object protocol = Pickle.read(file.toString(), head, names);
            Object system = Pickle.read(file.toString(), head, names);
            if (!(magic instanceof BigInteger) || !Long.valueOf(1001).equals(protocol)) {
                throw new IOException(file + ": written by an unknown version of torch.save");
            }
            if (system instanceof Map<?, ?> facts && Boolean.FALSE.equals(facts.get("little_endian"))) {
                throw new IOException(file + ": was written on a big-endian machine, which is not read");
            }
            Object root = Pickle.read(file.toString(), head, names);
            if (!(Pickle.read(file.toString(), head, names) instanceof List<?> keys)) {
                throw new IOException(file + ": its list of storages is broken");
            }
            Map<String, Long> begins = new HashMap<>();
            Map<String, Long> elements = new HashMap<>();
            long at = head.position();
            for (Object key : keys) {
                Storage storage = key instanceof String name ? names.storages.get(name) : null;
                if (storage == null) {
                    throw new IOException(file + ": lists a storage that no tensor has");
                }
                long count = at + Long.BYTES > size ? -1 : length(channel, at);
                long bytes = count < 0 || count > size ? Long.MAX_VALUE : count * storage.type().bits() / Byte.SIZE;
                if (bytes > size - at - Long.BYTES) {
                    throw new IOException(file + ": truncated: its storage '" + key + "' is not all there");
                }
                begins.put(storage.key(), at + Long.BYTES);
                elements.put(storage.key(), count);
                at += Long.BYTES + bytes;
            }
            return new TorchFile(file, root, new Chained(file, channel, begins, elements));
        } catch (IOException | RuntimeException e) {
            channel.close();
            throw e;
        }
    }

    private static long length(FileChannel channel, long at) throws IOException {
        ByteBuffer length = ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        while (length.hasRemaining() && channel.read(length, at + length.position()) >= 0) {
            continue;
        }
        return length.getLong(0);
    }

    private record Chained(Path file, FileChannel channel, Map<String, Long> begins, Map<String, Long> elements)
            implements
                Bytes {
        @Override
        public long elements(Storage storage) throws IOException {
            Long count = elements.get(storage.key());
            if (count == null) {
                throw new IOException(file + ": truncated: its storage '" + storage.key() + "' is not there");
            }
            return count - storage.viewOffset();
        }

        @Override
        public void read(Storage storage, long from, MemorySegment target) throws IOException {
            long begin = begins.get(storage.key()) + from;
            for (long at = 0; at < target.byteSize();) {
                ByteBuffer part = target.asSlice(at, Math.min(1 << 20, target.byteSize() - at)).asByteBuffer();
                int count = channel.read(part, begin + at);
                if (count < 0) {
                    throw new IOException(file + ": truncated: its storage '" + storage.key() + "' is not all there");
                }
                at += count;
            }
        }

        @Override
        public void close() throws IOException {
            channel.close();
        }
    }

    /** What PyTorch's pickles name. */
    private static final class Names implements Pickle.Meaning {
        private final Path file;
        private final Map<String, Storage> storages = new HashMap<>();

        Names(Path file) {
            this.file = file;
        }

        @Override
        public boolean knows(String name) {
            return name.matches("torch \\w+Storage") || TENSORS.contains(name) || PARAMETERS.contains(name)
                    || MAPS.contains(name) || LISTS.contains(name) || HARMLESS.contains(name)
                    || name.matches("torch (u?int|float|bfloat|complex)\\d+|torch bool");
        }

        @Override
        public Object call(String name, List<Object> arguments) throws IOException {
            if (TENSORS.contains(name)) {
                return described(arguments);
            }
            if (PARAMETERS.contains(name)) {
                return arguments.getFirst();
            }
            if (MAPS.contains(name)) {
                return map(arguments);
            }
            return LISTS.contains(name) ? new ArrayList<>() : new Unread(name);
        }

        /** An ordered dictionary's pairs stand in its arguments in old pickles, and follow in newer ones. */
        private static Map<Object, Object> map(List<Object> arguments) {
            Map<Object, Object> map = new LinkedHashMap<>();
            if (!arguments.isEmpty() && arguments.getFirst() instanceof List<?> pairs) {
                for (Object pair : pairs) {
                    List<?> two = pair instanceof Pickle.Tuple tuple ? tuple.items() : (List<?>) pair;
                    if (two.getFirst() instanceof String || two.getFirst() instanceof Number) {
                        map.put(two.getFirst(), two.get(1));
                    }
                }
            }
            return map;
        }

        private static Described described(List<Object> arguments) {
            return new Described((Storage) arguments.get(0), (Long) arguments.get(1), sizes(arguments.get(2)),
                    sizes(arguments.get(3)));
        }

        private static long[] sizes(Object tuple) {
            long[] sizes = ((Pickle.Tuple) tuple).items().stream().mapToLong(size -> (Long) size).toArray();
            for (long size : sizes) {
                if (size < 0) {
                    throw new NumberFormatException("a negative size or stride");
                }
            }
            return sizes;
        }

        @Override
        public Object persistent(Object id) throws IOException {
            List<Object> facts = ((Pickle.Tuple) id).items();
            String type = ((Pickle.Global) facts.get(1)).name();
            if (!facts.getFirst().equals("storage") || !STORAGES.containsKey(type)) {
                throw new IOException(file + ": has a tensor of a type that is not read: " + type.replace(' ', '.'));
            }
            String key = (String) facts.get(2);
            long elements = (Long) facts.get(4);
            long view = 0;
            if (facts.size() > 5 && facts.get(5) instanceof Pickle.Tuple part) { // a piece of another storage
                view = (Long) part.get(1);
                elements = (Long) part.get(2);
            }
            if (elements < 0 || view < 0) {
                throw new IOException(file + ": its storage '" + key + "' has a negative size");
            }
            Storage storage = new Storage(key, STORAGES.get(type), elements, view);
            storages.putIfAbsent(key, storage);
            return storage;
        }
    }
}

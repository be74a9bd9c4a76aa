package dev.glimpse.io;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Files of weights of every kind: safetensors, in one file or in shards by their index, and PyTorch's own.
 *
 * <pre>
 * Map&lt;String, Tensor&gt; weights = Weights.read(Path.of("model.pth"));
 * Weights.write(Path.of("model.safetensors"), weights);
 * </pre>
 */
public final class Weights {
    private static final long MAX_INDEX = 100_000_000;
    private static final JsonMapper JSON = JsonMapper.builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .build();

    private Weights() {}

    /**
     * Reads all tensors by name, in the types that they have in the file. What the file is shows in its first bytes, its name
     * does not matter; an index of shards ({@code model.safetensors.index.json}) reads them all.
     *
     * @throws IOException in one line naming the file, for one that is missing, broken or of no known kind
     */
    public static Map<String, Tensor> read(Path file) throws IOException {
        if (!Files.isRegularFile(file)) {
            throw new IOException(file + (Files.exists(file) ? ": not a file" : ": no such file"));
        }
        byte[] start = new byte[16];
        int count;
        try (InputStream in = Files.newInputStream(file)) {
            count = in.readNBytes(start, 0, start.length);
        } catch (IOException e) {
            throw new IOException(file + ": cannot be read: " + AtomicFiles.reason(e), e);
        }
        if (count == 0) {
            throw new IOException(file + ": it is empty");
        }
        if (TorchFile.isOne(start)) {
            try (TorchFile torch = TorchFile.open(file)) {
                return torch.tensors();
            }
        }
        if (file.getFileName().toString().endsWith(".json")) {
            return shards(file);
        }
        if (count == Long.BYTES * 2 && start[Long.BYTES] != '{') { // often a web page, or a pointer in place of the file
            throw new IOException(file + ": not a file of weights: it begins like neither safetensors nor torch.save");
        }
        try (SafeTensors safe = SafeTensors.open(file)) {
            return safe.tensors();
        } catch (IllegalArgumentException e) { // a type that libtorch lacks
            throw new IOException(e.getMessage(), e);
        }
    }

    /**
     * Writes tensors by name: as safetensors, or as PyTorch's own format where the name ends in {@code .pt}, {@code .pth},
     * {@code .bin}, {@code .ckpt} or {@code .tar}.
     */
    public static void write(Path file, Map<String, Tensor> tensors) throws IOException {
        requireKnownFormat(file);
        if (name(file).endsWith(".safetensors")) {
            SafeTensors.write(file, tensors, Map.of("format", "pt"));
        } else {
            TorchFile.write(file, tensors);
        }
    }

    /** @throws IllegalArgumentException for a file that {@link #write} would not write, because of its name */
    public static void requireKnownFormat(Path file) {
        if (!name(file).matches(".*\\.(safetensors|pt|pth|bin|ckpt|tar)")) {
            throw new IllegalArgumentException(
                    file + ": the name must end in .safetensors, or in .pt, .pth, .bin, .ckpt or .tar for PyTorch");
        }
    }

    private static String name(Path file) {
        return file.getFileName() == null ? "" : file.getFileName().toString().toLowerCase(Locale.ROOT);
    }

    /** Every tensor from the shard that the index names for it; the shards lie beside the index. */
    private static Map<String, Tensor> shards(Path index) throws IOException {
        if (Files.size(index) > MAX_INDEX) {
            throw new IOException(index + ": too large for an index of shards");
        }
        JsonNode map;
        try {
            map = JSON.readTree(Files.readAllBytes(index)).path("weight_map");
        } catch (JacksonException e) {
            throw new IOException(index + ": not an index of shards: no JSON (" + e.getOriginalMessage() + ")", e);
        }
        if (!map.isObject() || map.isEmpty()) {
            throw new IOException(index + ": not an index of shards: it has no weight_map");
        }
        Map<String, SafeTensors> open = new LinkedHashMap<>();
        try {
            Map<String, Tensor> tensors = new LinkedHashMap<>();
            for (Map.Entry<String, JsonNode> entry : map.properties()) {
                String shard = entry.getValue().asString("");
                if (!shard.matches("[^./\\\\\\p{Cntrl}][^/\\\\\\p{Cntrl}]*")) {
                    throw new IOException(index + ": names a shard that is no file beside it: '"
                            + shard.replaceAll("\\p{Cntrl}", "?") + "'");
                }
                SafeTensors safe = open.get(shard);
                if (safe == null) {
                    safe = SafeTensors.open(index.resolveSibling(shard));
                    open.put(shard, safe);
                }
                if (!safe.entries().containsKey(entry.getKey())) {
                    throw new IOException(index + ": says that '" + entry.getKey().replaceAll("\\p{Cntrl}", "?")
                            + "' is in " + shard + ", where it is not");
                }
                tensors.put(entry.getKey(), safe.tensor(entry.getKey()));
            }
            return tensors;
        } catch (IllegalArgumentException e) {
            throw new IOException(e.getMessage(), e);
        } finally {
            open.values().forEach(SafeTensors::close);
        }
    }
}

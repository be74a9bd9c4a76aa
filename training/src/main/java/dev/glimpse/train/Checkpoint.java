package dev.glimpse.train;

import dev.glimpse.Layer;
import dev.glimpse.io.SafeTensors;
import dev.glimpse.io.StateDict;
import dev.glimpse.nn.Scopes;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Generator;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/**
 * All that a training's next step depends on, in one safetensors file.
 *
 * <pre>
 * network.*      weights and buffers
 * optimizer.*    what the update rule remembers
 * average.*      the moving average of the weights, where there is one
 * random         the state of libtorch's random numbers
 * </pre>
 *
 * The {@link Position} stands in the file's metadata, as JSON.
 */
final class Checkpoint {
    private static final int VERSION = 1;
    private static final JsonMapper JSON = new JsonMapper();

    private final Layer network;
    private final Optimizer optimizer;
    private final MovingAverage average;

    /** @param average null for none */
    Checkpoint(Layer network, Optimizer optimizer, MovingAverage average) {
        this.network = network;
        this.optimizer = optimizer;
        this.average = average;
    }

    void write(Path file, Position position) throws IOException {
        try (PointerScope _ = new PointerScope()) {
            SafeTensors.write(file, tensors(), Map.of("version", Integer.toString(VERSION), "position",
                    JSON.writeValueAsString(position)));
        }
    }

    private Map<String, Tensor> tensors() {
        Map<String, Tensor> all = new LinkedHashMap<>();
        StateDict.of(network).forEach((key, tensor) -> all.put("network." + key, tensor));
        optimizer.state().forEach((key, tensor) -> all.put("optimizer." + key, tensor));
        if (average != null) {
            average.state().forEach((key, tensor) -> all.put("average." + key, tensor));
        }
        Generator generator = torch.getDefaultCPUGenerator();
        all.put("random", generator.get_state());
        return all;
    }

    /**
     * Sets everything back to what it was when the checkpoint was written.
     *
     * @throws IOException in one line, when the file is damaged, another network's, or of a newer version
     */
    Position read(Path file) throws IOException {
        try (PointerScope _ = new PointerScope(); SafeTensors saved = SafeTensors.open(file)) {
            requireKnown(file, saved.metadata().get("version"));
            StateDict.requireFit(StateDict.shapes(tensors()), saved.shapes());
            Map<String, Tensor> tensors = saved.tensors();
            Scopes.noGrad(() -> {
                StateDict.of(network).forEach((key, tensor) -> tensor.copy_(tensors.get("network." + key)));
                if (average != null) {
                    average.state().forEach((key, tensor) -> tensor.copy_(tensors.get("average." + key)));
                }
                return null;
            });
            Map<String, Tensor> memories = new LinkedHashMap<>();
            optimizer.state().keySet().forEach(key -> memories.put(key, tensors.get("optimizer." + key)));
            optimizer.load(memories);
            torch.getDefaultCPUGenerator().set_state(tensors.get("random"));
            return JSON.readValue(saved.metadata().get("position"), Position.class);
        } catch (JacksonException | IllegalArgumentException e) {
            throw new IOException(file + ": " + e.getMessage(), e);
        }
    }

    private static void requireKnown(Path file, String version) throws IOException {
        if (version == null || !version.matches("\\d{1,9}")) {
            throw new IOException(file + ": no checkpoint of glimpse train");
        }
        if (Integer.parseInt(version) > VERSION) {
            throw new IOException(
                    file + ": a checkpoint of version " + version + ", written by a newer glimpse; this one"
                            + " reads up to version " + VERSION + ": resume with the newer");
        }
    }
}

package dev.glimpse.golden;

import dev.glimpse.Layer;
import dev.glimpse.attention.Args;
import dev.glimpse.attention.Attentions;
import dev.glimpse.io.SafeTensors;
import dev.glimpse.io.StateDict;
import dev.glimpse.model.Networks;
import dev.glimpse.nn.Tensors;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Module;
import org.bytedeco.pytorch.SharedModuleVector;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import tools.jackson.core.JacksonException;
import tools.jackson.core.type.TypeReference;
import tools.jackson.databind.json.JsonMapper;

/**
 * A golden file: what the authors' code computed, forward and backward, against which ours is checked.
 *
 * <p>
 * In double precision a tensor holds when {@code max|ours - golden| <= 1e-6 max|golden| + 1e-9 G}, where G is the largest
 * magnitude among the file's tensors of the same kind (outputs, gradients, statistics): it judges gradients that are
 * truly zero. In float32 the file names the bound of each tensor.
 */
public final class Golden {
    private static final double RELATIVE = 1e-6;
    private static final double ABSOLUTE = 1e-9;
    private static final JsonMapper JSON = new JsonMapper();

    private final SafeTensors file;
    private final boolean float32;
    private final Map<String, Tensor> computed = new LinkedHashMap<>();

    private Golden(SafeTensors file, boolean float32) {
        this.file = file;
        this.float32 = float32;
    }

    /**
     * Checks one file. Whatever is wrong with it is in the verdict, not thrown.
     *
     * @param float32 whether to compute in float32, against the file's own bounds, rather than in double precision
     */
    public static Verdict check(Path path, boolean float32) {
        String subject = "";
        try (PointerScope _ = new PointerScope(); SafeTensors file = SafeTensors.open(path)) {
            Map<String, String> facts = file.metadata();
            String format = facts.getOrDefault("format", "");
            subject = facts.getOrDefault("module", facts.getOrDefault("model", ""));
            Golden golden = new Golden(file, float32);
            switch (format) {
                case "glimpse-golden/1" -> golden.runModule(subject);
                case "glimpse-network-golden/1" -> golden.runNetwork(subject);
                default -> {
                    return Verdict.fault(path, subject, "not a golden file: its format is '" + format + "'");
                }
            }
            return golden.judge(path, subject);
        } catch (IOException | IllegalArgumentException e) {
            return Verdict.fault(path, subject, firstLine(e));
        } catch (RuntimeException e) { // what libtorch throws
            return Verdict.fault(path, subject, "could not be run: " + firstLine(e));
        }
    }

    private void runModule(String name) {
        Map<String, Object> args = fact("args", new TypeReference<>() {});
        SystemParts.Part part = part(name);
        Module module = part.create(new Args(name, args));
        Map<String, Tensor> state = tensors("state.");
        StateDict.load(module, state);
        module.to(type(), false);
        module.train(switch (fact("mode")) {
            case "train" -> true;
            case "eval" -> false;
            default -> throw new IllegalArgumentException("its mode is '" + fact("mode") + "'; known: train, eval");
        });
        switchOffDropout(module);
        List<Tensor> inputs = numbered("input.");
        List<Tensor> outputs = part.call().apply(module, inputs);
        backward(outputs, numbered("cotangent."));
        for (int i = 0; i < inputs.size(); i++) {
            computed.put("grad.input." + i, inputs.get(i).grad());
        }
        for (int i = 0; i < outputs.size(); i++) {
            computed.put("output." + i, outputs.get(i));
        }
        StateDict.parameters(module).forEach((key, parameter) -> computed.put("grad." + key, parameter.grad()));
        StateDict.buffers(module).forEach((key, buffer) -> computed.put("after." + key, buffer));
    }

    private static SystemParts.Part part(String name) {
        SystemParts.Part part = SystemParts.table().get(name);
        if (part != null) {
            return part;
        }
        Attentions.Entry entry = Attentions.entry(name);
        return new SystemParts.Part(entry.factory(), entry.call());
    }

    private void runNetwork(String name) {
        Map<String, Object> args = fact("args", new TypeReference<>() {});
        Map<String, long[]> shapes = fact("state", new TypeReference<>() {});
        long[] inputShape = fact("input", new TypeReference<>() {});
        long parameters = fact("parameters", new TypeReference<Long>() {});
        Layer network = Networks.create(name, args);
        long count = StateDict.parameterCount(network);
        if (count != parameters) {
            throw new IllegalArgumentException(
                    "it has " + count + " parameters, the golden file says " + parameters);
        }
        Map<String, Tensor> state = new LinkedHashMap<>();
        shapes.forEach((key, shape) -> state.put(key, HashedTensors.state(key, shape)));
        StateDict.load(network, state);
        network.to(type(), false);
        network.eval();
        Tensor output = network.forward(HashedTensors.signal("input.0", inputShape).to(type()));
        computed.put("output.0", output);
        backward(List.of(output), List.of(HashedTensors.signal("cotangent.0", Tensors.shape(output)).to(type())));
        StateDict.parameters(network).forEach((key, parameter) -> computed.put("grad." + key, parameter.grad()));
    }

    /** The files were made without. */
    private static void switchOffDropout(Module module) {
        SharedModuleVector parts = module.modules();
        for (long i = 0; i < parts.size(); i++) {
            Module part = parts.get(i);
            if (part.asDropout() != null || part.asDropout2d() != null) {
                part.eval();
            }
        }
    }

    private static void backward(List<Tensor> outputs, List<Tensor> cotangents) {
        if (outputs.size() != cotangents.size()) {
            throw new IllegalArgumentException(
                    "it gives " + outputs.size() + " outputs, the golden file has " + cotangents.size());
        }
        Tensor sum = null;
        for (int i = 0; i < outputs.size(); i++) {
            requireShape("output." + i, Tensors.shape(cotangents.get(i)), outputs.get(i));
            Tensor term = outputs.get(i).mul(cotangents.get(i)).sum();
            sum = sum == null ? term : sum.add(term);
        }
        sum.backward();
    }

    private Verdict judge(Path path, String subject) {
        Map<String, Double> bounds32 = float32 ? fact("tolerance32", new TypeReference<>() {}) : Map.of();
        requireAllOutputs();
        Map<String, Double> largest = new LinkedHashMap<>();
        for (String name : expected()) {
            double magnitude = magnitude(file.tensor(name));
            if (!Double.isFinite(magnitude)) {
                throw new IllegalArgumentException("the golden file's " + name + " holds " + magnitude);
            }
            largest.merge(kind(name), magnitude, Math::max);
        }
        double worst = -1;
        String where = "";
        for (String name : expected()) {
            Tensor golden = file.tensor(name).to(ScalarType.Double);
            Tensor ours = computed.get(name);
            if (ours == null || !ours.defined()) {
                throw new IllegalArgumentException("it computes no " + name);
            }
            requireShape(name, Tensors.shape(golden), ours);
            double error = magnitude(ours.detach().to(ScalarType.Double).sub(golden));
            double bound = float32 ? bound32(bounds32, name)
                    : RELATIVE * magnitude(golden) + ABSOLUTE * largest.get(kind(name));
            double relative = error == 0 ? 0 : error / bound;
            if (!(relative <= worst)) { // a NaN is the worst there is
                worst = relative;
                where = name;
                if (Double.isNaN(relative)) {
                    break;
                }
            }
        }
        return new Verdict(path, subject, worst, where, "");
    }

    private static double bound32(Map<String, Double> bounds, String name) {
        Double bound = bounds.get(name);
        if (bound == null) {
            throw new IllegalArgumentException("the golden file's 'tolerance32' has no bound for " + name);
        }
        return bound;
    }

    /** A file that lost an output must not hold for what is left. */
    private void requireAllOutputs() {
        for (String name : computed.keySet()) {
            if (kind(name).equals("output") && !file.entries().containsKey(name)) {
                throw new IllegalArgumentException("the golden file lacks " + name);
            }
        }
    }

    private List<String> expected() {
        return file.entries().keySet().stream()
                .filter(name -> name.startsWith("output.") || name.startsWith("grad.") || name.startsWith("after."))
                .toList();
    }

    private Map<String, Tensor> tensors(String prefix) {
        Map<String, Tensor> found = new LinkedHashMap<>();
        for (String name : file.entries().keySet()) {
            if (name.startsWith(prefix)) {
                found.put(name.substring(prefix.length()), file.tensor(name));
            }
        }
        return found;
    }

    private List<Tensor> numbered(String prefix) {
        List<Tensor> found = new ArrayList<>();
        while (file.entries().containsKey(prefix + found.size())) {
            Tensor tensor = file.tensor(prefix + found.size());
            found.add(tensor.is_floating_point() ? tensor.to(type()).set_requires_grad(true) : tensor);
        }
        return found;
    }

    private ScalarType type() {
        return float32 ? ScalarType.Float : ScalarType.Double;
    }

    private String fact(String name) {
        String fact = file.metadata().get(name);
        if (fact == null) {
            throw new IllegalArgumentException("the golden file does not say its '" + name + "'");
        }
        return fact;
    }

    private <T> T fact(String name, TypeReference<T> type) {
        try {
            T value = JSON.readValue(fact(name), type);
            if (value != null) {
                return value;
            }
        } catch (JacksonException e) {
            throw new IllegalArgumentException(
                    "the golden file's '" + name + "' cannot be read: " + e.getOriginalMessage(), e);
        }
        throw new IllegalArgumentException("the golden file's '" + name + "' is null");
    }

    private static String kind(String name) {
        return name.substring(0, name.indexOf('.'));
    }

    private static double magnitude(Tensor tensor) {
        return tensor.numel() == 0 ? 0 : tensor.abs().max().item().toDouble();
    }

    private static void requireShape(String name, long[] expected, Tensor ours) {
        if (!Arrays.equals(expected, Tensors.shape(ours))) {
            throw new IllegalArgumentException(name + " is " + Tensors.shapeText(Tensors.shape(ours)) + ", not "
                    + Tensors.shapeText(expected));
        }
    }

    private static String firstLine(Exception e) {
        return String.valueOf(e.getMessage()).lines().findFirst().orElse(e.getClass().getSimpleName());
    }
}

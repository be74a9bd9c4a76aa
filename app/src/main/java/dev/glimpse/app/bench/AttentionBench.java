package dev.glimpse.app.bench;

import dev.glimpse.Layer;
import dev.glimpse.app.bench.Rounds.Contender;
import dev.glimpse.attention.Attentions;
import dev.glimpse.io.StateDict;
import dev.glimpse.kernel.Kernels;
import dev.glimpse.kernel.Kernels.Choice;
import dev.glimpse.nn.Scopes;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.BoolOptional;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorArrayRefOptional;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** Measures a module through its public forward: fused, composed, and beside copying its input. */
public final class AttentionBench {
    private static final String COPY = "copy";
    private static final String FUSED = "fused";
    private static final String RESULT = "result";
    private static final String INPUT = "input";
    /** What is below this part of the largest gradient in float64 should be zero. */
    private static final double ROUNDING = 1e-12;

    private final AttentionCase task;
    private final Layer layer;
    private final Tensor x;
    private final Tensor dy;

    private AttentionBench(AttentionCase task, Layer layer) {
        this.task = task;
        this.layer = layer;
        x = random().set_requires_grad(task.pass() == Pass.TRAIN);
        dy = random();
    }

    /** Makes a module and its input, and times them. */
    public static AttentionTimes run(AttentionCase task, double seconds) {
        Layer layer = layer(task);
        try (PointerScope _ = new PointerScope()) {
            return new AttentionBench(task, layer).measured(seconds);
        }
    }

    /** Runs it a few times, one way. */
    static void run(AttentionCase task, Choice choice, int times) {
        Layer layer = layer(task);
        try (PointerScope _ = new PointerScope()) {
            AttentionBench bench = new AttentionBench(task, layer);
            for (int i = 0; i < times; i++) {
                bench.reset();
                try (PointerScope _ = new PointerScope()) {
                    Kernels.with(choice, bench::pass);
                }
            }
        }
    }

    private static Layer layer(AttentionCase task) {
        task.shape().requireMemory(task.name());
        torch.manual_seed(0);
        Layer layer = Attentions.slot(task.name()).create(task.shape().channels());
        awaken(layer);
        layer.to(task.dtype().type(), false);
        task.layout().turn(layer);
        layer.train(task.pass() == Pass.TRAIN);
        return layer;
    }

    /** What starts at zero, so that a module begins as the identity, would hide errors. */
    private static void awaken(Layer layer) {
        StateDict.parameters(layer).values().forEach(parameter -> {
            if (parameter.count_nonzero().item_long() == 0) {
                Tensor some = torch.randn(parameter.sizes()).mul(new Scalar(0.1));
                Scopes.noGrad(() -> parameter.copy_(some));
            }
        });
    }

    private Tensor random() {
        return task.layout().of(torch.randn(task.shape().sizes()).to(task.dtype().type()));
    }

    private AttentionTimes measured(double seconds) {
        long before = Kernels.fusedRuns();
        Errors errors = errors();
        long fusedRuns = Kernels.fusedRuns() - before;
        List<Contender> contenders = new ArrayList<>();
        contenders.add(new Contender(COPY, () -> {}, () -> x.detach().clone()));
        for (Composition composition : Composition.values()) {
            contenders.add(new Contender(composition.title, this::reset, () -> composition.run(this::pass)));
        }
        contenders.add(new Contender(FUSED, this::reset, () -> Kernels.with(Choice.FUSED, this::pass)));
        Rounds rounds = Rounds.of(contenders, seconds);
        Composition fastest = Composition.INDEXED;
        for (Composition composition : Composition.values()) {
            if (rounds.milliseconds(composition.title) < rounds.milliseconds(fastest.title)) {
                fastest = composition;
            }
        }
        return new AttentionTimes(task, rounds.milliseconds(fastest.title), rounds.milliseconds(FUSED),
                rounds.milliseconds(COPY), rounds.ratio(fastest.title, FUSED), rounds.ratio(FUSED, COPY),
                errors.largest, errors.of, fastest, fusedRuns, unforced(), List.copyOf(errors.unjudged),
                rounds.count());
    }

    private String unforced() {
        long before = Kernels.fusedRuns();
        try (PointerScope _ = new PointerScope()) {
            Kernels.with(Choice.AUTO, this::pass);
        }
        reset();
        return Kernels.fusedRuns() > before ? FUSED : "composed";
    }

    private void reset() {
        if (task.pass() == Pass.TRAIN) {
            layer.zero_grad(true);
            x.mutable_grad().reset();
        }
    }

    /** A forward, with its backward in training. */
    private void pass() {
        if (task.pass() == Pass.TRAIN) {
            layer.forward(x).backward(dy, new BoolOptional(), false, new TensorArrayRefOptional());
        } else {
            Scopes.noGrad(() -> layer.forward(x));
        }
    }

    private record Errors(double largest, String of, Set<String> unjudged) {}

    /**
     * The largest difference of the result and of each gradient, by the largest number of the composed one. A parameter of
     * one number is judged by the largest of all parameters' gradients: the sum that its gradient is may cancel, and what
     * is left says nothing of how exactly it was added up.
     */
    private Errors errors() {
        Set<String> unjudged = task.pass() == Pass.TRAIN ? withoutEffect() : Set.of();
        double largest = 0;
        String of = "";
        try (PointerScope _ = new PointerScope()) {
            Map<String, Tensor> actual = outcome(Choice.FUSED);
            Map<String, Tensor> expected = outcome(Choice.COMPOSED);
            double steepest = expected.entrySet().stream().filter(entry -> isOfParameter(entry.getKey()))
                    .mapToDouble(entry -> largest(entry.getValue())).reduce(0, Math::max);
            for (Map.Entry<String, Tensor> entry : expected.entrySet()) {
                double difference = largest(actual.get(entry.getKey()).sub(entry.getValue()));
                double scale = isOfParameter(entry.getKey()) && entry.getValue().numel() == 1 ? steepest
                        : largest(entry.getValue());
                double error = difference == 0 ? 0 : difference / scale;
                if (!unjudged.contains(entry.getKey()) && !(error <= largest)) { // one that is no number is the largest
                    largest = error;
                    of = entry.getKey();
                }
            }
        }
        return new Errors(largest, of, unjudged);
    }

    /** Parameters whose gradient is nothing but roundings, as that of a bias under a softmax: what it is in float64. */
    private Set<String> withoutEffect() {
        Layer twin = Attentions.slot(task.name()).create(task.shape().channels());
        awaken(twin);
        twin.to(ScalarType.Double, false);
        try (PointerScope _ = new PointerScope()) {
            Tensor small = torch.randn(2, task.shape().channels(), 6, 5).to(ScalarType.Double);
            Tensor y = twin.forward(small);
            y.backward(torch.randn_like(y), new BoolOptional(), false, new TensorArrayRefOptional());
            Map<String, Double> gradients = new TreeMap<>();
            StateDict.parameters(twin).forEach((name, parameter) -> {
                if (parameter.grad().defined()) {
                    gradients.put(name, largest(parameter.grad()));
                }
            });
            double steepest = gradients.values().stream().reduce(0.0, Math::max);
            gradients.values().removeIf(gradient -> gradient == 0 || gradient > ROUNDING * steepest);
            return gradients.keySet();
        } catch (IllegalArgumentException _) { // built for one size
            return Set.of();
        }
    }

    private static boolean isOfParameter(String name) {
        return !name.equals(RESULT) && !name.equals(INPUT);
    }

    private static double largest(Tensor tensor) {
        return tensor.abs().max().item_double();
    }

    /** The result, the input's gradient, and those of the parameters under their names. */
    private Map<String, Tensor> outcome(Choice choice) {
        reset();
        Map<String, Tensor> outcome = new LinkedHashMap<>();
        Kernels.with(choice, () -> {
            if (task.pass() == Pass.FORWARD) {
                outcome.put(RESULT, plain(Scopes.noGrad(() -> layer.forward(x))));
                return;
            }
            Tensor y = layer.forward(x);
            outcome.put(RESULT, plain(y));
            y.backward(dy, new BoolOptional(), false, new TensorArrayRefOptional());
            outcome.put(INPUT, plain(x.grad()));
            StateDict.parameters(layer).forEach((name, parameter) -> {
                if (parameter.grad().defined()) {
                    outcome.put(name, plain(parameter.grad()));
                }
            });
        });
        reset();
        return outcome;
    }

    private static Tensor plain(Tensor tensor) {
        return tensor.detach().to(ScalarType.Float).clone();
    }
}

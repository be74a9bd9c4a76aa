package dev.glimpse.app.bench;

import dev.glimpse.Layer;
import dev.glimpse.app.bench.Rounds.Contender;
import dev.glimpse.attention.Args;
import dev.glimpse.attention.Attentions;
import dev.glimpse.model.Networks;
import dev.glimpse.nn.Scopes;
import dev.glimpse.nn.Tensors;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.SGD;
import org.bytedeco.pytorch.SGDOptions;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.DeviceType;

/** How much longer a network takes with attention than without. */
public final class NetworkBench {
    private static final String WITH = "with";
    private static final String WITHOUT = "without";
    /** No attention. */
    private static final String NONE = "none";
    /** So small that the same images over and over do no harm. */
    private static final double LEARNING_RATE = 1e-4;

    /**
     * @param model with arguments, as in {@code resnet18:stem=cifar}
     * @param attention with arguments, as in {@code cbam:reduction=8}
     */
    public record Task(String model, String attention, MapShape images, Dtype dtype, Layout layout, Pass pass) {
        /** Refuses names that nothing has, and training what gives no scores. */
        public Task {
            if (!attention.equals(NONE)) {
                Attentions.slot(attention);
            }
            Networks.Entry entry = Networks.entry(Args.parse(model).owner());
            if (pass == Pass.TRAIN && !entry.classifier()) {
                throw new IllegalArgumentException(
                        "'" + entry.name() + "' is no classifier: it can be measured with --pass forward alone");
            }
        }

        private Layer network(String within) {
            Args args = Args.parse(model);
            if (images.channels() != 3) {
                args = args.with(Networks.entry(args.owner()).classifier() ? "input_channels" : "in_channels",
                        images.channels());
            }
            return Networks.create(args.with("attention", within));
        }
    }

    /** Medians in milliseconds, and the median of the rounds' ratios. */
    public record Times(Task task, double with, double without, double withOverWithout, int rounds) {
        /** For machines. */
        public Map<String, Object> asMap() {
            Map<String, Object> map = new LinkedHashMap<>();
            map.put("model", task.model);
            map.put("attention", task.attention);
            map.put("images", task.images.toString());
            map.put("dtype", task.dtype.word());
            map.put("layout", task.layout.word());
            map.put("pass", task.pass.word());
            map.put("with_ms", with);
            map.put("without_ms", without);
            map.put("with_over_without", withOverWithout);
            map.put("rounds", rounds);
            map.putAll(Machine.facts());
            return map;
        }

        @Override
        public String toString() {
            return String.format(Locale.ROOT,
                    "%s %s %s %s %s: with %s %.2f ms, without %.2f ms; with/without %.3f, %d rounds", task.model,
                    task.images, task.dtype.word(), task.layout.word(), task.pass.word(), task.attention, with, without,
                    withOverWithout, rounds);
        }
    }

    /** A network and what it is fed. */
    private static final class Step {
        private final Task task;
        private final Layer network;
        private final SGD rule;
        private final Tensor images;
        private final Tensor classes;

        Step(Task task, String attention, Tensor images) {
            this.task = task;
            torch.manual_seed(0);
            network = task.network(attention);
            boolean inference = task.pass == Pass.FORWARD;
            if (inference) {
                network.to(task.dtype.type(), false);
            }
            task.layout.turn(network);
            network.train(!inference);
            TensorVector parameters = network.parameters();
            rule = new SGD(parameters, new SGDOptions(LEARNING_RATE));
            this.images = task.layout.of(inference ? images.to(task.dtype.type()) : images);
            classes = inference ? null : randomClasses();
        }

        private Tensor randomClasses() {
            try (PointerScope _ = new PointerScope()) {
                long count = Tensors.shape(Scopes.noGrad(() -> network.forward(images)))[1];
                return torch.randint(0, count, new long[]{task.images.batch()}).retainReference();
            }
        }

        Contender contender(String name) {
            return new Contender(name, () -> {}, this::run);
        }

        private void run() {
            if (task.pass == Pass.FORWARD) {
                Scopes.noGrad(() -> network.forward(images));
                return;
            }
            rule.zero_grad(true);
            loss().backward();
            rule.step();
        }

        /** In bfloat16 by mixed precision: the parameters stay float32. */
        private Tensor loss() {
            boolean mixed = task.dtype == Dtype.BF16;
            torch.set_autocast_enabled(DeviceType.CPU, mixed);
            try {
                return torch.cross_entropy_loss(network.forward(images), classes);
            } finally {
                torch.set_autocast_enabled(DeviceType.CPU, false);
                torch.clear_cache(); // else the next forward takes this one's weights
            }
        }
    }

    private NetworkBench() {}

    /** A network that is trained on the same images over and over. */
    static Contender training(String model, String attention, Tensor input, MapShape images, Dtype dtype,
            Layout layout, String name) {
        return new Step(new Task(model, attention, images, dtype, layout, Pass.TRAIN), attention, input)
                .contender(name);
    }

    /** Makes both networks and times them. */
    public static Times run(Task task, double seconds) {
        Attentions.slot(task.attention); // none is not to be compared with none
        task.images.requireMemory(task.model);
        Tensor images = torch.randn(task.images.sizes());
        Step with = new Step(task, task.attention, images);
        Step without = new Step(task, NONE, images);
        Rounds rounds = Rounds.of(List.of(without.contender(WITHOUT), with.contender(WITH)), seconds);
        return new Times(task, rounds.milliseconds(WITH), rounds.milliseconds(WITHOUT), rounds.ratio(WITH, WITHOUT),
                rounds.count());
    }
}

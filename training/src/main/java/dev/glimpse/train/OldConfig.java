package dev.glimpse.train;

import dev.glimpse.train.OptimizerSettings.Rule;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** Reads what {@code config.json} looked like before it had a format number: its recipe was flat. */
final class OldConfig {
    private OldConfig() {}

    /** The same in today's format. */
    static void upgrade(ObjectNode config, JsonMapper json) {
        JsonNode old = config.path("recipe");
        double rate = old.path("learningRate").asDouble(0.001);
        double decay = old.path("weightDecay").asDouble(0);
        Rule rule = Rule.valueOf(old.path("optimizer").asString("ADAMW"));
        OptimizerSettings optimizer = rule == Rule.SGD
                ? new OptimizerSettings(rule, rate, decay, old.path("momentum").asDouble(0.9), false, 0, 0, 0)
                : OptimizerSettings.of(rule, rate, decay);
        Schedule schedule = Schedule.of(Schedule.Kind.valueOf(old.path("schedule").asString("COSINE")),
                old.path("warmup").asDouble(0));
        Recipe recipe = Recipe.plain(old.path("epochs").asInt(1), old.path("batch").asInt(1), optimizer, schedule,
                old.path("seed").asLong(0), old.path("workers").asInt(1));
        config.set("recipe", json.valueToTree(recipe));
        config.put("format", RunConfig.FORMAT);
    }
}

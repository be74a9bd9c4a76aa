package dev.glimpse.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import dev.glimpse.attention.Args;
import dev.glimpse.attention.AttentionMaps;
import dev.glimpse.attention.Attentions;
import dev.glimpse.attention.Attentions.Entry;
import dev.glimpse.attention.Attentions.Size;
import dev.glimpse.io.StateDict;
import dev.glimpse.model.Networks;
import dev.glimpse.nn.Cost;
import dev.glimpse.nn.Libtorch;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigDecimal;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Module;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import picocli.CommandLine;

/** What the documentation says of modules, files, code and commands holds. */
class DocsTest {
    private static final Path ROOT = Path.of("..");
    private static final Path README = ROOT.resolve("README.md");
    private static final Path ATTENTION = ROOT.resolve("docs/attention");
    private static final Path INDEX = ATTENTION.resolve("README.md");
    private static final Path KERNELS = ROOT.resolve("docs/kernels");
    private static final Path SYSTEMS = ROOT.resolve("docs/systems");
    private static final List<Path> GUIDES =
            List.of(ROOT.resolve("docs/networks/README.md"), ROOT.resolve("docs/weights.md"));
    /** A module or a network with arguments, as {@code cbam:reduction=8}. */
    private static final Pattern SPECIFICATION = Pattern.compile("([a-z0-9_-]+):[a-z_0-9]+=\\S+");

    /** A row of costs: a name, then a number. */
    private static final Pattern MODULE_ROW = Pattern.compile("^\\| `([a-z0-9_-]+)` \\| [0-9]");

    @BeforeAll
    static void load() {
        Libtorch.load();
    }

    static Stream<Entry> modules() {
        return Attentions.table().values().stream();
    }

    static Stream<Path> pages() throws IOException {
        return markdown(ATTENTION).stream();
    }

    /** All that teaches by example. */
    static Stream<Path> guides() throws IOException {
        return Stream.concat(pages(), GUIDES.stream());
    }

    static Stream<MarkdownPage.Block> javaBlocks() throws IOException {
        return guides().flatMap(page -> read(page).blocks().stream())
                .filter(block -> block.language().equals("java") && !isImports(block));
    }

    private static boolean isImports(MarkdownPage.Block block) {
        return block.code().stream().allMatch(line -> line.startsWith("import "));
    }

    @ParameterizedTest
    @MethodSource("modules")
    void itsPageGivesAModulesCostsAndArguments(Entry module) throws IOException {
        Path page = ATTENTION.resolve(module.family().page() + ".md");
        assertThat(page).as("the page of " + module.name()).exists();
        MarkdownPage.Line row = row(page, "| `" + module.name() + "` |");
        assertThat(row.text()).as(row + ": what " + module.name() + " costs, by ./glimpse list attention and profile")
                .contains(costs(module));
        assertThat(row(INDEX, "| [" + title(page) + "](").code()).as(INDEX + " names " + module.name())
                .contains(module.name());
        List<String> said = row.code().stream().filter(code -> code.contains("=")).toList();
        assertThat(said).as(row + ": " + module.name() + "'s arguments with their defaults")
                .containsExactlyInAnyOrderElementsOf(argumentsWithDefaults(module, said));
    }

    @ParameterizedTest
    @MethodSource("modules")
    void theIndexSaysWhatAModuleShows(Entry module) throws IOException {
        Set<String> shown = new TreeSet<>();
        try (PointerScope _ = new PointerScope()) {
            Size size = new Size(2, 64, 16, 16);
            Module built = module.create(new Args(module.name(), module.exampleArgs().apply(size)));
            AttentionMaps.during(() -> module.call().apply(built, module.inputs(size)))
                    .forEach(map -> shown.add("`" + map.kind() + "`"));
        }
        Set<String> said = new TreeSet<>();
        for (String kind : Stream
                .concat(Stream.of("nothing"), Stream.of(AttentionMaps.Kind.values()).map(kind -> "`" + kind + "`"))
                .toList()) {
            if (row(INDEX, "| " + kind + " |").code().contains(module.name())) {
                said.add(kind);
            }
        }
        assertThat(said).as(INDEX + ": what " + module.name() + " shows")
                .isEqualTo(shown.isEmpty() ? Set.of("nothing") : shown);
    }

    @Test
    void everyPageIsReached() throws IOException {
        assertThat(targets(README)).as(README + " links the index and the guides").contains("docs/attention/README.md",
                "docs/networks/README.md", "docs/weights.md", "docs/kernels/README.md", "docs/systems/README.md");
        List<String> others = pages().filter(page -> !page.equals(INDEX)).map(page -> page.getFileName().toString())
                .toList();
        assertThat(others).isNotEmpty();
        assertThat(targets(INDEX)).as(INDEX + " links every page").containsAll(others);
        Path kernels = KERNELS.resolve("README.md");
        List<String> primitives = markdown(KERNELS).stream().filter(page -> !page.equals(kernels))
                .map(page -> page.getFileName().toString()).toList();
        assertThat(primitives).isNotEmpty();
        assertThat(targets(kernels)).as(kernels + " links every page").containsAll(primitives);
        assertThat(targets(ROOT.resolve("docs/architecture.md"))).contains("kernels/README.md");
    }

    @Test
    void linksAndImagesPointToWhatIsThere() throws IOException {
        List<Path> all = new ArrayList<>(markdown(ROOT.resolve("docs")));
        Stream.of("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "bench/README.md").map(ROOT::resolve)
                .forEach(all::add);
        List<String> broken = new ArrayList<>();
        for (Path file : all) {
            for (MarkdownPage.Line line : read(file).prose()) {
                line.targets().stream().filter(target -> !leadsSomewhere(file, target))
                        .forEach(target -> broken.add(line + ": nothing at " + target));
            }
        }
        assertThat(broken).isEmpty();
    }

    @Test
    void everyRowIsAModules() throws IOException {
        List<String> strange = new ArrayList<>();
        for (Path page : pages().toList()) {
            for (MarkdownPage.Line line : read(page).prose()) {
                Matcher row = MODULE_ROW.matcher(line.text());
                if (row.find() && !Attentions.table().containsKey(row.group(1))) {
                    strange.add(line + ": there is no module " + row.group(1));
                }
            }
        }
        assertThat(strange).isEmpty();
    }

    @ParameterizedTest
    @MethodSource("javaBlocks")
    void javaCompilesAndRuns(MarkdownPage.Block block) throws ReflectiveOperationException {
        String imports = Stream.of(block.file(), INDEX).flatMap(page -> read(page).blocks().stream())
                .filter(DocsTest::isImports).findFirst().map(found -> String.join(" ", found.code())).orElseThrow();
        try (PointerScope _ = new PointerScope()) {
            Snippet.run(block, imports);
        }
    }

    @Test
    void commandsAreUnderstood() throws IOException {
        List<String> wrong = new ArrayList<>();
        for (Path page : Stream.of(guides(), markdown(KERNELS).stream(), markdown(SYSTEMS).stream(),
                Stream.of(README, ROOT.resolve("docs/training.md"), ROOT.resolve("docs/segmentation.md"),
                        ROOT.resolve("bench/README.md")))
                .flatMap(pages -> pages).toList()) {
            for (MarkdownPage.Block block : read(page).blocks()) {
                for (int i = 0; i < block.code().size(); i++) {
                    String line = block.code().get(i);
                    if (line.startsWith("./glimpse ")) {
                        String place = page + ":" + (block.number() + i);
                        complaint(line).ifPresent(said -> wrong.add(place + ": " + said));
                    }
                }
            }
        }
        assertThat(wrong).isEmpty();
    }

    @ParameterizedTest
    @MethodSource("guides")
    void formsThatArePromisedCanBeBuilt(Path page) {
        MarkdownPage read = read(page);
        Map<String, String> places = new HashMap<>();
        read.prose().forEach(line -> line.code().forEach(code -> places.put(code, line.toString())));
        read.blocks().forEach(block -> block.code().forEach(
                line -> Stream.of(line.split("[\\s\"]+")).forEach(word -> places.put(word, block.toString()))));
        places.forEach((text, place) -> {
            if (SPECIFICATION.matcher(text).matches()) {
                try (PointerScope _ = new PointerScope()) {
                    build(text);
                } catch (IllegalArgumentException e) {
                    fail(place + ": `" + text + "`: " + e.getMessage());
                }
            }
        });
    }

    private static void build(String text) {
        Args args = Args.parse(text);
        if (Networks.table().containsKey(args.owner())) {
            Networks.create(args);
            return;
        }
        Entry entry = Attentions.entry(args.owner());
        for (Map.Entry<String, Object> fact : entry.exampleArgs().apply(new Size(2, 64, 16, 16)).entrySet()) {
            args = args.has(fact.getKey()) ? args : args.with(fact.getKey(), fact.getValue());
        }
        entry.create(args);
    }

    /** Both ways: no option goes unsaid, and none is promised that is not there. */
    @Test
    void trainingsOptionsAreSaid() {
        CommandLine train = new CommandLine(new Main()).getSubcommands().get("train");
        Set<String> there = new TreeSet<>();
        train.getCommandSpec().options().stream().filter(option -> !option.inherited() && !option.usageHelp()
                && !option.versionHelp()).forEach(option -> there.add(option.longestName()));
        Path page = ROOT.resolve("docs/training.md");
        Set<String> said = read(page).prose().stream().filter(line -> line.text().startsWith("| `--"))
                .flatMap(line -> options(line.text().split("(?<!\\\\)\\|")[1]).stream())
                .collect(Collectors.toCollection(TreeSet::new));
        assertThat(said).as(page + ": the table of options").isEqualTo(there);
    }

    private static Set<String> options(String text) {
        return Pattern.compile("--[a-z][a-z-]*").matcher(text).results().map(MatchResult::group)
                .collect(Collectors.toCollection(TreeSet::new));
    }

    private static Optional<String> complaint(String command) {
        CommandLine line = new CommandLine(new Main()).setCaseInsensitiveEnumValuesAllowed(true);
        String[] words = command.replaceFirst("\\s[#>|].*", "").strip().split("\\s+");
        try {
            line.parseArgs(List.of(words).subList(1, words.length).toArray(String[]::new));
            return Optional.empty();
        } catch (CommandLine.ParameterException e) {
            return Optional.of(e.getMessage().lines().findFirst().orElseThrow());
        }
    }

    /** Parameters, multiply-adds, and how many maps a forward reads and writes. */
    private static String costs(Entry module) {
        Size size = AttentionTable.SIZE;
        Cost cost = module.cost(size);
        double map = 4.0 * size.channels() * size.height() * size.width();
        try (PointerScope _ = new PointerScope()) {
            long parameters = StateDict
                    .parameterCount(module.create(new Args(module.name(), module.exampleArgs().apply(size))));
            return String.format(Locale.ROOT, "| %,d | %s | %s | %s |", parameters,
                    AttentionTable.products(cost.multiplyAdds()), maps(cost.bytesRead() / map),
                    maps(cost.bytesWritten() / map));
        }
    }

    private static String maps(double count) {
        return String.format(Locale.ROOT, count < 10 ? "%.1f" : "%.0f", count);
    }

    /**
     * {@code reduction=16}, ...; where a default depends on the channels, whatever the page says it is. What a module must
     * be given may go unsaid.
     */
    private static List<String> argumentsWithDefaults(Entry module, List<String> said) {
        Size size = new Size(1, 64, 16, 16);
        Set<String> given = module.exampleArgs().apply(size).keySet();
        Map<String, Object> more = defaults(module, new Size(1, 128, 16, 16));
        List<String> all = new ArrayList<>();
        defaults(module, size).forEach((name, value) -> {
            Optional<String> written = said.stream().filter(s -> s.startsWith(name + "=")).findFirst();
            if (written.isPresent() || !given.contains(name)) {
                boolean fixed = value.equals(more.get(name));
                all.add(fixed ? name + "=" + text(value) : written.orElse(name + "=..."));
            }
        });
        return all;
    }

    private static Map<String, Object> defaults(Entry module, Size size) {
        try (PointerScope _ = new PointerScope()) {
            Map<String, Object> given = module.exampleArgs().apply(size);
            Args args = new Args(module.name(), given);
            module.create(args);
            return args.known();
        }
    }

    private static String text(Object value) {
        return switch (value) {
            case Double number -> BigDecimal.valueOf(number).stripTrailingZeros().toPlainString();
            case Collection<?> words -> words.stream().map(Object::toString).collect(Collectors.joining("+"));
            default -> value.toString();
        };
    }

    private static MarkdownPage.Line row(Path page, String start) throws IOException {
        return MarkdownPage.read(page).prose().stream().filter(line -> line.text().startsWith(start)).findFirst()
                .orElseThrow(() -> new AssertionError(page + " has no row that starts with " + start));
    }

    private static String title(Path page) {
        return read(page).prose().stream().filter(MarkdownPage.Line::isHeading).findFirst().orElseThrow().text()
                .substring("# ".length());
    }

    private static List<String> targets(Path page) {
        return read(page).prose().stream().flatMap(line -> line.targets().stream()).toList();
    }

    private static boolean leadsSomewhere(Path file, String target) {
        if (URI.create(target).isAbsolute()) {
            return true;
        }
        String[] parts = target.split("#", 2);
        Path there = parts[0].isEmpty() ? file : file.resolveSibling(parts[0]);
        return Files.exists(there) && (parts.length == 1 || read(there).anchors().contains(parts[1]));
    }

    private static List<Path> markdown(Path folder) throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            return files.filter(file -> file.toString().endsWith(".md")).sorted().toList();
        }
    }

    private static MarkdownPage read(Path file) {
        try {
            return MarkdownPage.read(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
